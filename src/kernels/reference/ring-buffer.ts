import { KymographError } from '../../errors.js'
import { expectFrames, expectInteger, expectRingBufferOptions } from '../arguments.js'
import type { Frames, RingBuffer, RingBufferOptions } from '../types.js'

/** The ring in plain TypeScript. Frames move between typed arrays of one kind, which keeps every bit of a value. */
export class ReferenceRingBuffer implements RingBuffer {
  readonly capacityFrames: number
  readonly channels: number
  readonly #dropsOldest: boolean
  #timestampsNs: BigInt64Array
  #values: Float64Array
  #headFrame = 0
  #lengthFrames = 0
  #droppedFrames = 0
  #disposed = false

  constructor(options: RingBufferOptions) {
    const { capacityFrames, channels, overflow } = expectRingBufferOptions(options)
    this.capacityFrames = capacityFrames
    this.channels = channels
    this.#dropsOldest = overflow === 'drop-oldest'
    this.#timestampsNs = new BigInt64Array(this.capacityFrames)
    this.#values = new Float64Array(this.capacityFrames * this.channels)
  }

  get lengthFrames(): number {
    return this.#lengthFrames
  }

  get droppedFrames(): number {
    return this.#droppedFrames
  }

  write(timestampsNs: BigInt64Array, values: Float64Array): number {
    this.#expectUsable()
    expectFrames(timestampsNs, values, this.channels)
    const frames = timestampsNs.length
    const excess = Math.max(0, frames - (this.capacityFrames - this.#lengthFrames))
    this.#droppedFrames += excess
    if (!this.#dropsOldest) {
      this.#append(timestampsNs, values, 0, frames - excess)
      return frames - excess
    }
    const evicted = Math.min(excess, this.#lengthFrames)
    this.#headFrame = (this.#headFrame + evicted) % this.capacityFrames
    this.#lengthFrames -= evicted
    this.#append(timestampsNs, values, excess - evicted, frames)
    return frames
  }

  read(maxFrames: number): Frames {
    this.#expectUsable()
    expectInteger('maxFrames', maxFrames, 0, Number.MAX_SAFE_INTEGER)
    const { channels, capacityFrames } = this
    const frames = Math.min(maxFrames, this.#lengthFrames)
    const timestampsNs = new BigInt64Array(frames)
    const values = new Float64Array(frames * channels)
    for (let done = 0; done < frames; ) {
      const slot = this.#headFrame
      const run = Math.min(frames - done, capacityFrames - slot)
      timestampsNs.set(this.#timestampsNs.subarray(slot, slot + run), done)
      values.set(this.#values.subarray(slot * channels, (slot + run) * channels), done * channels)
      this.#headFrame = (slot + run) % capacityFrames
      this.#lengthFrames -= run
      done += run
    }
    return { timestampsNs, values }
  }

  dispose(): void {
    this.#disposed = true
    this.#lengthFrames = 0
    this.#timestampsNs = new BigInt64Array(0)
    this.#values = new Float64Array(0)
  }

  #append(timestampsNs: BigInt64Array, values: Float64Array, firstFrame: number, endFrame: number): void {
    const { channels, capacityFrames } = this
    for (let frame = firstFrame; frame < endFrame; ) {
      const slot = (this.#headFrame + this.#lengthFrames) % capacityFrames
      const run = Math.min(endFrame - frame, capacityFrames - slot)
      this.#timestampsNs.set(timestampsNs.subarray(frame, frame + run), slot)
      this.#values.set(values.subarray(frame * channels, (frame + run) * channels), slot * channels)
      this.#lengthFrames += run
      frame += run
    }
  }

  #expectUsable(): void {
    if (this.#disposed) throw new KymographError('disposed', 'the ring buffer was disposed: create a new one')
  }
}
