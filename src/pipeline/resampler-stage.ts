import type { Resampler } from '../kernels/types.js'
import type { ChannelDescriptor } from '../wire/model.js'
import type { FrameBlock } from './frame-block.js'
import type { Timeline } from './timeline.js'

/** A resampler between frames as they travel and frames as they are stored: absent values are NaN inside it. */
export class ResamplerStage {
  readonly #resampler: Resampler
  readonly #channels: readonly ChannelDescriptor[]

  constructor(resampler: Resampler, channels: readonly ChannelDescriptor[]) {
    this.#resampler = resampler
    this.#channels = channels
  }

  get lateFrames(): number {
    return this.#resampler.lateFrames
  }

  /** Takes frames, shows their times to the timeline, and returns those of the grid that are certain by now. */
  push(block: FrameBlock, timeline: Timeline): FrameBlock {
    const { timeHalves, frameCount } = block
    timeline.scan(timeHalves, 0, frameCount)
    const timestampsNs = new BigInt64Array(timeHalves.slice(0, 2 * frameCount).buffer)
    const resampled = this.#resampler.push(timestampsNs, this.#valuesOf(block))
    return this.#blockOf(resampled.timestampsNs, resampled.values)
  }

  flush(): FrameBlock {
    const rest = this.#resampler.flush()
    return this.#blockOf(rest.timestampsNs, rest.values)
  }

  dispose(): void {
    this.#resampler.dispose()
  }

  #valuesOf(block: FrameBlock): Float64Array {
    const { from, frameCount, masks, stride } = block
    const halves = block.valueHalves
    const floats = new Float32Array(halves.buffer, halves.byteOffset, halves.length)
    const doubles = new Float64Array(halves.buffer, halves.byteOffset, halves.length / 2)
    const channels = this.#channels.length
    const values = new Float64Array(frameCount * channels)
    for (let frame = 0; frame < frameCount; frame++) {
      for (let c = 0; c < channels; c++) {
        const slot = c * stride + from + frame
        const isAbsent = (masks[2 * (from + frame) + (c >> 5)]! >>> (c & 31)) & 1
        const value = this.#channels[c]!.type === 'f32' ? floats[2 * slot]! : doubles[slot]!
        values[frame * channels + c] = isAbsent ? Number.NaN : value
      }
    }
    return values
  }

  #blockOf(timestampsNs: BigInt64Array, values: Float64Array): FrameBlock {
    const channels = this.#channels.length
    const frameCount = timestampsNs.length
    const masks = new Int32Array(2 * frameCount)
    const slots = new Float64Array(frameCount * channels)
    const floats = new Float32Array(slots.buffer)
    for (let frame = 0; frame < frameCount; frame++) {
      for (let c = 0; c < channels; c++) {
        const slot = c * frameCount + frame
        const value = values[frame * channels + c]!
        if (Number.isNaN(value)) masks[2 * frame + (c >> 5)]! |= 1 << (c & 31)
        else if (this.#channels[c]!.type === 'f32') floats[2 * slot] = value
        else slots[slot] = value
      }
    }
    return {
      timeHalves: new Int32Array(timestampsNs.buffer, timestampsNs.byteOffset, 2 * frameCount),
      masks,
      valueHalves: new Int32Array(slots.buffer),
      stride: frameCount,
      from: 0,
      frameCount,
    }
  }
}
