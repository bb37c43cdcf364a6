import { formatBytes, formatDuration } from './quantity.js'

/** Where progress is drawn: stderr, or a stand-in for tests. */
export interface ProgressTerminal {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

const QUIET_MS = 1000
const REDRAW_MS = 100
const BAR_CELLS = 20

/**
 * A progress line on stderr: drawn only on a terminal, only once the work has lasted a second, cleared by {@link end}.
 *
 * @example
 * const progress = new Progress('reading walk.csv', 'B')
 * progress.update(bytesRead, bytesTotal)
 * progress.end()
 */
export class Progress {
  readonly #label: string
  readonly #unit: 'B' | 'frames' | 'rows'
  readonly #terminal: ProgressTerminal
  readonly #nowMs: () => number
  readonly #startedMs: number
  #drawnMs = Number.NEGATIVE_INFINITY
  #isDrawn = false

  constructor(
    label: string,
    unit: 'B' | 'frames' | 'rows',
    terminal: ProgressTerminal = process.stderr,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#label = label
    this.#unit = unit
    this.#terminal = terminal
    this.#nowMs = nowMs
    this.#startedMs = nowMs()
  }

  /** Says how far the work is; cheap, may be called for every batch. `total` 0 is unknown. */
  update(done: number, total: number): void {
    if (!this.#terminal.isTTY) return
    const nowMs = this.#nowMs()
    const elapsedMs = nowMs - this.#startedMs
    if (elapsedMs < QUIET_MS || nowMs - this.#drawnMs < REDRAW_MS) return
    this.#drawnMs = nowMs
    this.#isDrawn = true
    const line = this.#line(done, total, elapsedMs)
    this.#terminal.write(`\r\x1b[2K${line.slice(0, Math.max(20, (this.#terminal.columns ?? 80) - 1))}`)
  }

  /** Takes the line away; call it on failure too. */
  end(): void {
    if (this.#isDrawn) this.#terminal.write('\r\x1b[2K')
    this.#isDrawn = false
  }

  #line(done: number, total: number, elapsedMs: number): string {
    const perSecond = done / (elapsedMs / 1000)
    const rate = `${this.#amount(perSecond)}/s`
    if (!(total > 0)) return `${this.#label}  ${this.#amount(done)}  ${rate}`
    const share = Math.min(1, done / total)
    const filled = Math.round(share * BAR_CELLS)
    const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR_CELLS - filled)}]`
    const eta = share < 1 && done > 0 ? `  ${formatDuration((elapsedMs * (1 - share)) / share)} left` : ''
    return `${this.#label} ${bar} ${Math.floor(share * 100)}%  ${this.#amount(done)} of ${this.#amount(total)}  ${rate}${eta}`
  }

  #amount(value: number): string {
    return this.#unit === 'B' ? formatBytes(value) : `${Math.round(value).toLocaleString('en-US')} ${this.#unit}`
  }
}
