import type { Resampled } from '../types.js'

/** Grows arrays of frames to be handed out fresh; values move within typed arrays only, so every bit stays. */
export class FrameCollector {
  readonly #channels: number
  #timestampsNs: BigInt64Array<ArrayBuffer>
  #values: Float64Array<ArrayBuffer>
  #segments: number[] = []
  #lengthFrames = 0

  constructor(channels: number, expectedFrames: number) {
    this.#channels = channels
    this.#timestampsNs = new BigInt64Array(expectedFrames)
    this.#values = new Float64Array(expectedFrames * channels)
  }

  /** The next frame begins a segment. */
  markSegment(): void {
    this.#segments.push(this.#lengthFrames)
  }

  /** Adds one frame and returns the array and position of its values, good until the next call. */
  open(timestampNs: bigint): { values: Float64Array; at: number } {
    this.#reserve(1)
    const at = this.#lengthFrames * this.#channels
    this.#timestampsNs[this.#lengthFrames++] = timestampNs
    return { values: this.#values, at }
  }

  finish(): Resampled {
    const frames = this.#lengthFrames
    const exact = frames === this.#timestampsNs.length
    return {
      timestampsNs: exact ? this.#timestampsNs : this.#timestampsNs.slice(0, frames),
      values: exact ? this.#values : this.#values.slice(0, frames * this.#channels),
      segments: this.#segments,
    }
  }

  #reserve(frames: number): void {
    const needed = this.#lengthFrames + frames
    if (needed <= this.#timestampsNs.length) return
    const capacity = Math.max(needed, this.#timestampsNs.length * 2, 16)
    const timestampsNs = new BigInt64Array(capacity)
    timestampsNs.set(this.#timestampsNs)
    const values = new Float64Array(capacity * this.#channels)
    values.set(this.#values)
    this.#timestampsNs = timestampsNs
    this.#values = values
  }
}
