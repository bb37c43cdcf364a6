import { RESAMPLER_GAP_PERIODS, RESAMPLER_NOMINAL_INTERVALS, RESAMPLER_RESET_FRAMES } from '../../../assembly/layout'

/** A frame whose place in time is settled. */
export interface FrameNode {
  timestampNs: bigint
  /** True for the first node ever and the first after a clock reset. */
  starts: boolean
  values: Float64Array
}

/**
 * What a frame's timestamp makes of it, before any interpolation: a node, a repeat, a late frame, or part of a clock
 * reset. Nodes leave through `queue`; while `gapNs` is 0n the nominal period is being measured and they wait there.
 */
export class FrameOrder {
  readonly queue: FrameNode[] = []
  gapNs: bigint
  repeatedFrames = 0
  lateFrames = 0
  readonly #configuredGapNs: bigint
  readonly #gapLimitNs: bigint
  #newest: FrameNode | undefined
  #lateRun: FrameNode[] = []
  #intervalsNs: bigint[] = []
  #lastQueuedNs = 0n

  constructor(gapNs: bigint, gapLimitNs: bigint) {
    this.gapNs = gapNs
    this.#configuredGapNs = gapNs
    this.#gapLimitNs = gapLimitNs
  }

  take(timestampNs: bigint, values: Float64Array): void {
    const newest = this.#newest
    if (newest === undefined) {
      this.#newest = { timestampNs, starts: true, values }
    } else if (timestampNs < newest.timestampNs) {
      this.#takeLate(timestampNs, values)
    } else if (timestampNs === newest.timestampNs) {
      this.#settleLateRun()
      newest.values = values
      this.repeatedFrames++
    } else {
      this.#settleLateRun()
      this.#queueNode(newest)
      this.#newest = { timestampNs, starts: false, values }
    }
  }

  /** Nothing follows: the newest node is final, late frames are late, the threshold is what was seen so far. */
  finish(): void {
    this.#settleLateRun()
    if (this.#newest !== undefined) this.#queueNode(this.#newest)
    this.#newest = undefined
    if (this.gapNs === 0n) this.#freezeGap()
  }

  /** Back to the state before the first frame; the counts stay. */
  restart(): void {
    this.queue.length = 0
    this.gapNs = this.#configuredGapNs
    this.#newest = undefined
    this.#lateRun = []
    this.#intervalsNs = []
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
    const run = this.#lateRun
    this.#lateRun = []
    run[0].starts = true
    for (const node of run) {
      this.#queueNode(this.#newest!)
      this.#newest = node
    }
  }

  #settleLateRun(): void {
    this.lateFrames += this.#lateRun.length
    this.#lateRun = []
  }

  #queueNode(node: FrameNode): void {
    this.queue.push(node)
    if (this.gapNs === 0n && !node.starts) {
      this.#intervalsNs.push(node.timestampNs - this.#lastQueuedNs)
      if (this.#intervalsNs.length === RESAMPLER_NOMINAL_INTERVALS) this.#freezeGap()
    }
    this.#lastQueuedNs = node.timestampNs
  }

  /** Four times the lower median of the intervals, within the limit. */
  #freezeGap(): void {
    const sorted = this.#intervalsNs.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
    const periods = BigInt(RESAMPLER_GAP_PERIODS)
    this.gapNs = this.#gapLimitNs
    if (sorted.length > 0) {
      const nominalNs = sorted[(sorted.length - 1) >> 1]
      if (nominalNs <= this.#gapLimitNs / periods) this.gapNs = nominalNs * periods
    }
  }
}
