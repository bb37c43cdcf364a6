import {
  RESAMPLER_GAP_LIMIT_OUTPUTS,
  RESAMPLER_NOMINAL_INTERVALS,
  RESAMPLER_RESET_FRAMES,
  RESAMPLER_SORTED_FRAMES,
} from '../../../assembly/layout'
import { gapOfNominal } from '../resampler-plan.js'

/** A frame whose place in time is settled. */
export interface FrameNode {
  timestampNs: bigint
  /** True for the first frame ever and the first after a clock reset. */
  starts: boolean
  values: Float64Array
}

/**
 * What a frame's timestamp makes of it, before any interpolation: a frame in its place, a repeat, a late frame, or part
 * of a clock reset. The newest eight wait to be sorted; those before leave through `queue`, once the nominal period and
 * the gap threshold are known.
 */
export class FrameOrder {
  readonly queue: FrameNode[] = []
  nominalNs = 0n
  gapNs = 0n
  /** The nominal period last known, after a restart too. */
  knownNominalNs = 0n
  repeatedFrames = 0
  sortedFrames = 0
  lateFrames = 0
  readonly #given: { nominalNs: bigint; gapNs: bigint; gapLimitNs: bigint }
  #waiting: FrameNode[] = []
  #lateRun: FrameNode[] = []
  #intervalsNs: bigint[] = []
  /** Timestamp of the last frame that left; undefined at the start of a clock. */
  #lastNs: bigint | undefined

  constructor(given: { nominalNs: bigint; gapNs: bigint; gapLimitNs: bigint }) {
    this.#given = given
    this.restart()
  }

  /** Back to the state before the first frame; the counts stay. */
  restart(): void {
    const { nominalNs, gapNs, gapLimitNs } = this.#given
    this.nominalNs = nominalNs
    if (nominalNs > 0n) this.knownNominalNs = nominalNs
    this.gapNs = gapNs === 0n && nominalNs > 0n ? gapOfNominal(nominalNs, gapLimitNs) : gapNs
    this.queue.length = 0
    this.#waiting = []
    this.#lateRun = []
    this.#intervalsNs = []
    this.#lastNs = undefined
  }

  take(timestampNs: bigint, values: Float64Array): void {
    const waiting = this.#waiting
    let at = waiting.length
    while (at > 0 && waiting[at - 1]!.timestampNs > timestampNs) at--
    const isRepeat = at > 0 && waiting[at - 1]!.timestampNs === timestampNs
    if (at === 0 && this.#lastNs !== undefined && timestampNs <= this.#lastNs) {
      this.#takeLate(timestampNs, values)
      return
    }
    this.#settleLateRun()
    if (isRepeat) {
      waiting[at - 1]!.values = values
      this.repeatedFrames++
      return
    }
    if (at < waiting.length) this.sortedFrames++
    const starts = at === 0 && this.#lastNs === undefined
    if (starts && waiting.length > 0) waiting[0]!.starts = false
    waiting.splice(at, 0, { timestampNs, starts, values })
    if (waiting.length > RESAMPLER_SORTED_FRAMES) this.#release()
  }

  /** Nothing follows: all frames leave, late ones are late, the nominal period is that of what was seen so far. */
  finish(): void {
    this.#settleLateRun()
    while (this.#waiting.length > 0) this.#release()
    if (this.nominalNs === 0n) this.#freeze()
  }

  #takeLate(timestampNs: bigint, values: Float64Array): void {
    const last = this.#lateRun.at(-1)
    if (last !== undefined && timestampNs === last.timestampNs) {
      last.values = values
      this.repeatedFrames++
      return
    }
    if (last !== undefined && timestampNs < last.timestampNs) this.#settleLateRun()
    this.#lateRun.push({ timestampNs, starts: false, values })
    if (this.#lateRun.length < RESAMPLER_RESET_FRAMES) return
    while (this.#waiting.length > 0) this.#release()
    this.#waiting = this.#lateRun
    this.#waiting[0]!.starts = true
    this.#lateRun = []
    this.#lastNs = undefined
  }

  #settleLateRun(): void {
    this.lateFrames += this.#lateRun.length
    this.#lateRun = []
  }

  /** The oldest waiting frame leaves. */
  #release(): void {
    const node = this.#waiting.shift()!
    this.queue.push(node)
    if (this.nominalNs === 0n && !node.starts) {
      this.#intervalsNs.push(node.timestampNs - this.#lastNs!)
      if (this.#intervalsNs.length === RESAMPLER_NOMINAL_INTERVALS) this.#freeze()
    }
    this.#lastNs = node.timestampNs
  }

  /** The nominal period: the lower median of the intervals, or without any the output's. */
  #freeze(): void {
    const { gapNs, gapLimitNs } = this.#given
    const sorted = this.#intervalsNs.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    this.nominalNs =
      sorted.length > 0 ? sorted[(sorted.length - 1) >> 1]! : gapLimitNs / BigInt(RESAMPLER_GAP_LIMIT_OUTPUTS)
    this.knownNominalNs = this.nominalNs
    this.gapNs = gapNs === 0n ? gapOfNominal(this.nominalNs, gapLimitNs) : gapNs
  }
}
