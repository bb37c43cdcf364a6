import type { Gap } from '../wire/model.js'

const NOMINAL_INTERVALS = 64
const GAP_PERIODS = 4
const TWO_32 = 4_294_967_296

interface TimelineCounts {
  repeatedTimestamps: number
  backwardTimestamps: number
  gaps: number
}

interface Interval {
  startHigh: number
  startLow: number
  endHigh: number
  endLow: number
  durationNs: number
}

/**
 * Watches a stream's timestamps go by: repeats, steps back, gaps, effective rate.
 *
 * A gap is an interval longer than the threshold: the one declared, else four times the nominal period, which is
 * the median of the first 64 forward intervals, then frozen, so that how frames arrive in batches cannot matter.
 * Timestamps are read as 32-bit halves: differences below 2^53 ns are exact without BigInt.
 */
export class Timeline {
  repeated = 0
  backward = 0
  gaps = 0
  #frames = 0
  #lastHigh = 0
  #lastLow = 0
  #thresholdNs: number | undefined
  /** Intervals seen before the threshold is known. */
  #undecided: Interval[] = []
  #steps = 0
  #spanNs = 0
  /** Sum of the steps' squares. */
  #squaresNs = 0
  readonly #onGap: (gap: Gap) => void

  constructor(gapMs: number | undefined, onGap: (gap: Gap) => void) {
    this.#thresholdNs = gapMs === undefined ? undefined : gapMs * 1e6
    this.#onGap = onGap
  }

  /** Goes on after the last chunk of a pipeline before: with its counts and its last timestamp. */
  resume(counts: TimelineCounts, timestampsNs: BigInt64Array | undefined): void {
    this.repeated = counts.repeatedTimestamps
    this.backward = counts.backwardTimestamps
    this.gaps = counts.gaps
    const lastNs = timestampsNs?.at(-1)
    if (lastNs !== undefined) this.follow(lastNs)
  }

  /** What comes next follows a frame of this time, of which everything is known. */
  follow(lastNs: bigint): void {
    this.#frames = 1
    this.#lastLow = Number(BigInt.asIntN(32, lastNs))
    this.#lastHigh = Number(BigInt.asIntN(32, lastNs >> 32n))
  }

  /** Takes note of `frameCount` timestamps from frame `from` on: int64 nanoseconds as low and high halves. */
  scan(timeHalves: Int32Array, from: number, frameCount: number): void {
    if (frameCount === 0) return
    let first = from
    if (this.#frames === 0) {
      this.#lastLow = timeHalves[2 * first]!
      this.#lastHigh = timeHalves[2 * first + 1]!
      first += 1
    }
    let lastLow = this.#lastLow
    let lastHigh = this.#lastHigh
    let steps = 0
    let spanNs = 0
    let squaresNs = 0
    for (let i = first; i < from + frameCount; i++) {
      const low = timeHalves[2 * i]!
      const high = timeHalves[2 * i + 1]!
      const stepNs = (high - lastHigh) * TWO_32 + ((low >>> 0) - (lastLow >>> 0))
      if (stepNs > 0) {
        if (this.#thresholdNs !== undefined && stepNs <= this.#thresholdNs) {
          steps += 1
          spanNs += stepNs
          squaresNs += stepNs * stepNs
        } else {
          const interval = { startHigh: lastHigh, startLow: lastLow, endHigh: high, endLow: low, durationNs: stepNs }
          if (this.#thresholdNs !== undefined) this.#judge(interval, this.#thresholdNs)
          else if (this.#undecided.push(interval) === NOMINAL_INTERVALS) this.#decide()
        }
      } else if (stepNs === 0) {
        this.repeated += 1
        steps += 1
      } else this.backward += 1
      lastHigh = high
      lastLow = low
    }
    this.#steps += steps
    this.#spanNs += spanNs
    this.#squaresNs += squaresNs
    this.#frames += frameCount
    this.#lastHigh = lastHigh
    this.#lastLow = lastLow
  }

  /** Frames per second with gaps left out; 0 when there is nothing to tell it from. */
  effectiveRateHz(): number {
    const { steps, spanNs } = this.#moments()
    return spanNs > 0 ? (steps * 1e9) / spanNs : 0
  }

  /** Standard deviation of the time from frame to frame with gaps left out, milliseconds; undefined when unknown. */
  jitterMs(): number | undefined {
    const { steps, spanNs, squaresNs } = this.#moments()
    return steps > 1 ? Math.sqrt(Math.max(0, squaresNs / steps - (spanNs / steps) ** 2)) / 1e6 : undefined
  }

  #moments(): { steps: number; spanNs: number; squaresNs: number } {
    let steps = this.#steps
    let spanNs = this.#spanNs
    let squaresNs = this.#squaresNs
    const thresholdNs = this.#thresholdNs ?? this.#nominalThresholdNs()
    for (const interval of this.#undecided) {
      if (interval.durationNs > thresholdNs) continue
      steps += 1
      spanNs += interval.durationNs
      squaresNs += interval.durationNs ** 2
    }
    return { steps, spanNs, squaresNs }
  }

  /** No more timestamps will come: decides what 64 intervals were not there for. */
  finish(): void {
    if (this.#undecided.length > 0) this.#decide()
  }

  #decide(): void {
    const thresholdNs = this.#nominalThresholdNs()
    this.#thresholdNs = thresholdNs
    const undecided = this.#undecided
    this.#undecided = []
    for (const interval of undecided) this.#judge(interval, thresholdNs)
  }

  #judge(interval: Interval, thresholdNs: number): void {
    if (interval.durationNs <= thresholdNs) {
      this.#steps += 1
      this.#spanNs += interval.durationNs
      this.#squaresNs += interval.durationNs ** 2
      return
    }
    this.gaps += 1
    this.#onGap({
      startNs: joinHalves(interval.startHigh, interval.startLow),
      endNs: joinHalves(interval.endHigh, interval.endLow),
    })
  }

  #nominalThresholdNs(): number {
    if (this.#undecided.length === 0) return Number.POSITIVE_INFINITY
    const durations = this.#undecided.map((interval) => interval.durationNs).sort((a, b) => a - b)
    return GAP_PERIODS * durations[durations.length >> 1]!
  }
}

function joinHalves(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0)
}
