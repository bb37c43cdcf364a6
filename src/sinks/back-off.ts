/** Waits between tries: full jitter over a doubling span (AWS Architecture Blog, "Exponential Backoff And Jitter"). */
export interface BackOffOptions {
  /** Span of the first wait. */
  baseMs?: number
  /** Longest span. */
  maxMs?: number
  /** Numbers in [0, 1). */
  random?: () => number
}

/** What a receiver asks for is granted within these bounds. */
export const RETRY_AFTER_MIN_MS = 1000
export const RETRY_AFTER_MAX_MS = 3_600_000

const DEFAULT_BASE_MS = 500
const DEFAULT_MAX_MS = 60_000

/** Milliseconds to wait after so many failures in a row. */
export function waitMs(failures: number, retryAfterMs: number | undefined, options: BackOffOptions = {}): number {
  const { baseMs = DEFAULT_BASE_MS, maxMs = DEFAULT_MAX_MS, random = Math.random } = options
  const jitterMs = random() * Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30))
  if (retryAfterMs === undefined) return jitterMs
  return Math.max(jitterMs, Math.min(Math.max(retryAfterMs, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS))
}

/** Milliseconds of a `Retry-After`: seconds or a date (RFC 9110, 10.2.3); undefined when it is neither. */
export function retryAfterMsOf(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const atMs = Date.parse(header)
  return Number.isNaN(atMs) ? undefined : atMs - nowMs
}
