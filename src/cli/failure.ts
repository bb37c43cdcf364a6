import { printable } from './format/table.js'

/** The caller's words are off: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Exit code of a failure: 2 for wrong usage, 1 for everything else. */
export function exitCodeOf(error: unknown): 1 | 2 {
  if (error instanceof UsageError || error instanceof RangeError) return 2
  const code = (error as { code?: unknown } | null | undefined)?.code
  if (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS')) return 2
  return error instanceof TypeError && code === undefined ? 2 : 1
}

/** One line that says what is wrong. */
export function messageOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error))
}
