import { KIND_DEGREES, KIND_QUATERNION, KIND_VALUE } from '../../../assembly/layout'

/** What is beyond tells no angle any more. */
const ANGLE_LIMIT = 2 ** 48

/** A full turn of an angle channel. */
function turnOf(kind: number): number {
  return kind === KIND_DEGREES ? 360 : 2 * Math.PI
}

/**
 * Angles and quaternions on their way through a resampler: in front of it angles go on past a full turn and quaternions
 * stay on one hemisphere; behind it angles are wrapped again and quaternions have length 1.
 */
export class ChannelKinds {
  readonly #kinds: Uint8Array
  /** Last number of each channel, as it went on. */
  readonly #last: Float64Array
  readonly #hasLast: Uint8Array
  /** Whole turns added to an angle. */
  readonly #turns: Float64Array
  /** 1 once an angle was below 0: it is wrapped to both sides of 0 then, else from 0 to a full turn. */
  readonly #isSigned: Uint8Array

  constructor(kinds: Uint8Array) {
    this.#kinds = kinds
    this.#last = new Float64Array(kinds.length)
    this.#hasLast = new Uint8Array(kinds.length)
    this.#turns = new Float64Array(kinds.length)
    this.#isSigned = new Uint8Array(kinds.length)
  }

  /** The data begins anew: nothing is known of the angles' convention. */
  forget(): void {
    this.#isSigned.fill(0)
  }

  /** A segment begins. */
  restart(): void {
    this.#hasLast.fill(0)
    this.#turns.fill(0)
  }

  /** Changes a frame's values to what can be interpolated. */
  unwrap(values: Float64Array): void {
    const kinds = this.#kinds
    for (let channel = 0; channel < kinds.length; channel++) {
      const kind = kinds[channel]!
      if (kind === KIND_VALUE) continue
      if (kind === KIND_QUATERNION) {
        this.#turnToLast(values, channel)
        channel += 3
      } else {
        this.#unwrapAngle(values, channel, turnOf(kind))
      }
    }
  }

  /** Changes a frame's values back, from `at` on. */
  wrap(values: Float64Array, at: number): void {
    const kinds = this.#kinds
    for (let channel = 0; channel < kinds.length; channel++) {
      const kind = kinds[channel]!
      if (kind === KIND_VALUE) continue
      if (kind === KIND_QUATERNION) {
        const [a, b, c, d] = values.subarray(at + channel, at + channel + 4) as unknown as number[]
        const length = Math.sqrt(a! * a! + b! * b! + (c! * c! + d! * d!))
        const isUsable = length > 0 && length < Infinity
        for (let k = 0; k < 4; k++)
          values[at + channel + k] = isUsable ? values[at + channel + k]! / length : Number.NaN
        channel += 3
      } else {
        const value = values[at + channel]!
        if (!Number.isFinite(value)) continue
        const turn = turnOf(kind)
        const low = this.#isSigned[channel] ? turn / -2 : 0
        const wrapped = value - turn * Math.floor((value - low) / turn)
        values[at + channel] = wrapped - low >= turn ? low : wrapped
      }
    }
  }

  #unwrapAngle(values: Float64Array, channel: number, turn: number): void {
    const value = values[channel]!
    if (!(Math.abs(value) < ANGLE_LIMIT)) {
      values[channel] = Number.NaN
      return
    }
    if (value < 0) this.#isSigned[channel] = 1
    let unwrapped = value + turn * this.#turns[channel]!
    if (this.#hasLast[channel]) {
      const turns = Math.floor((unwrapped - this.#last[channel]!) / turn + 0.5)
      if (turns !== 0) {
        this.#turns[channel]! -= turns
        unwrapped = value + turn * this.#turns[channel]!
      }
    }
    this.#hasLast[channel] = 1
    this.#last[channel] = unwrapped
    values[channel] = unwrapped
  }

  /** A quaternion and its negative are the same rotation: the one nearer to the last is taken. */
  #turnToLast(values: Float64Array, first: number): void {
    const [a, b, c, d] = values.subarray(first, first + 4) as unknown as number[]
    const square = a! * a! + b! * b! + (c! * c! + d! * d!)
    if (!(square > 0 && square < Infinity)) {
      values.fill(Number.NaN, first, first + 4)
      return
    }
    if (this.#hasLast[first]) {
      const last = this.#last
      const along = a! * last[first]! + b! * last[first + 1]! + (c! * last[first + 2]! + d! * last[first + 3]!)
      if (along < 0) for (let k = 0; k < 4; k++) values[first + k] = -values[first + k]!
    }
    this.#hasLast[first] = 1
    for (let k = 0; k < 4; k++) this.#last[first + k] = values[first + k]!
  }
}
