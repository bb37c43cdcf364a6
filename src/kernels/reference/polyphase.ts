import type { FilterPlan } from '../filter-plan.js'

type Samples = Float64Array | Float32Array

/** Frames the buffer holds beyond twice the filter. */
const SLACK_FRAMES = 4096
/** Eight partial sums, added as the lanes of vectors are. */
function dotWide(coefficients: Samples, at: number, samples: Samples, first: number, taps: number): number {
  let [s0, s1, s2, s3, s4, s5, s6, s7] = [0, 0, 0, 0, 0, 0, 0, 0]
  for (let tap = 0; tap < taps; tap += 8) {
    s0 += coefficients[at + tap]! * samples[first + tap]!
    s1 += coefficients[at + tap + 1]! * samples[first + tap + 1]!
    s2 += coefficients[at + tap + 2]! * samples[first + tap + 2]!
    s3 += coefficients[at + tap + 3]! * samples[first + tap + 3]!
    s4 += coefficients[at + tap + 4]! * samples[first + tap + 4]!
    s5 += coefficients[at + tap + 5]! * samples[first + tap + 5]!
    s6 += coefficients[at + tap + 6]! * samples[first + tap + 6]!
    s7 += coefficients[at + tap + 7]! * samples[first + tap + 7]!
  }
  return s0 + s4 + (s1 + s5) + (s2 + s6 + (s3 + s7))
}

const sums = new Float32Array(16)

/** Sixteen partial sums, every operation rounded to 32 bits. */
function dotSingle(coefficients: Samples, at: number, samples: Samples, first: number, taps: number): number {
  const { fround } = Math
  sums.fill(0)
  for (let tap = 0; tap < taps; tap += 16) {
    for (let lane = 0; lane < 16; lane++) {
      sums[lane]! += fround(coefficients[at + tap + lane]! * samples[first + tap + lane]!)
    }
  }
  for (let lane = 0; lane < 4; lane++) {
    sums[lane] = fround(sums[lane]! + sums[lane + 4]!) + fround(sums[lane + 8]! + sums[lane + 12]!)
  }
  return fround(fround(sums[0]! + sums[1]!) + fround(sums[2]! + sums[3]!))
}

/**
 * A polyphase filter over one segment of uniform samples, channels side by side.
 *
 * Samples are kept as differences from the channel's first number, the origin: constants come out exact, and a small
 * signal on a large offset keeps its digits. Beyond both ends the segment goes on reflected about its end.
 */
export class Polyphase {
  /** Outputs that reached beyond their segment. */
  edgeFrames = 0
  readonly #plan: FilterPlan
  readonly #channels: number
  readonly #round: (value: number) => number
  readonly #dot: typeof dotWide
  readonly #coefficients: Samples
  readonly #capacity: number
  readonly #buffers: Samples[]
  /** 1 where a sample is made up, because there was no number. */
  readonly #holes: Uint8Array[]
  readonly #origins: Float64Array
  readonly #hasOrigin: Uint8Array
  /** Samples of the segment so far. */
  #segmentFrames = 0
  #filled = 0
  /** Where the segment's first sample lies, while it is held. */
  #firstFrame = 0
  /** Last sample at or before the next output, and how far beyond that lies: rest / stepDenominator. */
  #centre = 0
  #rest = 0
  /** Every hole lies before. */
  #holesEnd = 0
  #hasStarted = false
  #hasEnded = false

  constructor(plan: FilterPlan, channels: number, isSingle: boolean) {
    this.#plan = plan
    this.#channels = channels
    this.#round = isSingle ? Math.fround : Number
    this.#dot = isSingle ? dotSingle : dotWide
    this.#capacity = 4 * plan.halfTaps + SLACK_FRAMES
    const Kind = isSingle ? Float32Array : Float64Array
    this.#coefficients = isSingle ? Float32Array.from(plan.coefficients) : plan.coefficients
    this.#buffers = Array.from({ length: channels }, () => new Kind(this.#capacity))
    this.#holes = Array.from({ length: channels }, () => new Uint8Array(this.#capacity))
    this.#origins = new Float64Array(channels)
    this.#hasOrigin = new Uint8Array(channels)
    this.restart(0)
  }

  /** Begins a segment; the first output lies `offset` samples behind the first sample. */
  restart(offset: number): void {
    const { halfTaps } = this.#plan
    this.#segmentFrames = 0
    this.#filled = halfTaps
    this.#firstFrame = halfTaps
    this.#centre = halfTaps + offset
    this.#rest = 0
    this.#holesEnd = 0
    this.#hasStarted = false
    this.#hasEnded = false
    this.#hasOrigin.fill(0)
    this.#origins.fill(0)
  }

  /** A channel's origin. */
  originOf(channel: number): number {
    return this.#origins[channel]!
  }

  /** The difference of a value from its channel's origin, which the first number fixes; NaN for no number. */
  difference(channel: number, value: number): number {
    if (!Number.isFinite(value)) return Number.NaN
    if (!this.#hasOrigin[channel]) {
      this.#hasOrigin[channel] = 1
      this.#origins[channel] = value
    }
    return this.#round(value - this.#origins[channel]!)
  }

  /** Takes one sample of every channel, as differences; what is no number is a hole. Outputs must have been taken. */
  append(differences: ArrayLike<number>): void {
    if (this.#filled === this.#capacity) this.#compact()
    const at = this.#filled++
    for (let channel = 0; channel < this.#channels; channel++) {
      const buffer = this.#buffers[channel]!
      const isNumber = Number.isFinite(differences[channel]!)
      buffer[at] = isNumber ? differences[channel]! : this.#segmentFrames > 0 ? buffer[at - 1]! : 0
      this.#holes[channel]![at] = isNumber ? 0 : 1
      if (!isNumber) this.#holesEnd = at + 1
    }
    this.#segmentFrames++
    if (!this.#hasStarted && this.#segmentFrames > this.#plan.halfTaps) this.#start()
  }

  /** Ends the segment. */
  end(): void {
    if (!this.#hasStarted) this.#start()
    const { halfTaps } = this.#plan
    if (this.#filled + halfTaps > this.#capacity) this.#compact()
    const last = this.#filled - 1
    const reach = Math.min(halfTaps, this.#segmentFrames - 1)
    for (const buffer of this.#buffers) {
      const twice = this.#round(2 * buffer[last]!)
      for (let k = 1; k <= halfTaps; k++) buffer[last + k] = twice - buffer[last - Math.min(k, reach)]!
    }
    for (const holes of this.#holes) holes.fill(0, last + 1, last + 1 + halfTaps)
    this.#filled += halfTaps
    this.#hasEnded = true
  }

  /** Whether an output can be taken. */
  get isReady(): boolean {
    return this.#hasStarted && this.#centre + this.#plan.halfTaps < this.#filled
  }

  /** Takes the next output into `target` from `at` on. */
  take(target: Samples, at: number): void {
    const { halfTaps, rows, isBlended, stepWhole, stepRest, stepDenominator } = this.#plan
    const taps = 2 * halfTaps
    const first = this.#centre - halfTaps + 1
    const place = isBlended ? this.#rest * (rows / stepDenominator) : this.#rest
    const row = Math.floor(place)
    const weight = this.#round(place - row)
    for (let channel = 0; channel < this.#channels; channel++) {
      const buffer = this.#buffers[channel]!
      let sum = this.#dot(this.#coefficients, row * taps, buffer, first, taps)
      if (isBlended) {
        const next = this.#dot(this.#coefficients, (row + 1) * taps, buffer, first, taps)
        sum = this.#round(sum + this.#round(this.#round(next - sum) * weight))
      }
      const origin = this.#origins[channel]!
      const value = sum === 0 ? origin : this.#round(origin + sum)
      target[at + channel] = !Number.isFinite(value) || this.#isHole(channel) ? Number.NaN : value
    }
    if (this.#hasEnded || first < this.#firstFrame) this.edgeFrames++
    this.#centre += stepWhole
    this.#rest += stepRest
    if (this.#rest >= stepDenominator) {
      this.#rest -= stepDenominator
      this.#centre++
    }
  }

  /** Whether a sample beside the output was no number. */
  #isHole(channel: number): boolean {
    if (this.#centre >= this.#holesEnd) return false
    const holes = this.#holes[channel]!
    return holes[this.#centre] === 1 || (this.#rest > 0 && holes[this.#centre + 1] === 1)
  }

  /** Reflects the segment about its first sample. */
  #start(): void {
    const { halfTaps } = this.#plan
    const reach = Math.min(halfTaps, this.#segmentFrames - 1)
    for (const buffer of this.#buffers) {
      const twice = this.#round(2 * buffer[halfTaps]!)
      for (let k = 1; k <= halfTaps; k++) buffer[halfTaps - k] = twice - buffer[halfTaps + Math.min(k, reach)]!
    }
    for (const holes of this.#holes) holes.fill(0, 0, halfTaps)
    this.#hasStarted = true
  }

  /** Lets go of what neither outputs nor a reflection need any more. */
  #compact(): void {
    const first = Math.min(this.#centre, this.#filled - 1) - this.#plan.halfTaps
    for (const buffer of this.#buffers) buffer.copyWithin(0, first, this.#filled)
    for (const holes of this.#holes) holes.copyWithin(0, first, this.#filled)
    this.#filled -= first
    this.#centre -= first
    this.#firstFrame -= first
    this.#holesEnd -= first
  }
}
