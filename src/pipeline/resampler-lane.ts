import type { Resampled, ResampledKind, Resampler } from '../kernels/types.js'
import type { ChannelDescriptor } from '../wire/model.js'
import type { Dictionaries, FrameBlock } from './frame-block.js'
import { HeldTexts } from './held-texts.js'

/** A channel of a stream and its place among them. */
export interface PlacedChannel {
  index: number
  channel: ChannelDescriptor
}

/** Some of a stream's channels on their way through a resampler of their own, and the frames that came out of it. */
export abstract class ResamplerLane {
  protected readonly resampler: Resampler
  protected readonly placed: readonly PlacedChannel[]
  #timestampsNs = new BigInt64Array(0)
  #values = new Float64Array(0)

  constructor(resampler: Resampler, placed: readonly PlacedChannel[]) {
    this.resampler = resampler
    this.placed = placed
  }

  get lateFrames(): number {
    return this.resampler.lateFrames
  }

  get inputRateHz(): number | undefined {
    return this.resampler.inputRateHz
  }

  /** Times of the frames that are out, not taken yet. */
  get timestampsNs(): BigInt64Array {
    return this.#timestampsNs
  }

  push(timestampsNs: BigInt64Array, block: FrameBlock, dictionaries: Dictionaries): void {
    this.#keep(this.resampler.push(timestampsNs, this.valuesOf(block, dictionaries)))
  }

  flush(): void {
    this.#keep(this.resampler.flush())
  }

  /** Moves the oldest `target.frameCount` frames that are out into a block. */
  take(target: FrameBlock, dictionaries: Map<number, string[]>): void {
    const { frameCount } = target
    const slots = frameCount * this.resampler.channels
    this.put(this.#values.subarray(0, slots), target, dictionaries)
    this.#timestampsNs = this.#timestampsNs.slice(frameCount)
    this.#values = this.#values.slice(slots)
  }

  dispose(): void {
    this.resampler.dispose()
  }

  /** The lane's channels of a block, interleaved as its resampler takes them. */
  protected abstract valuesOf(block: FrameBlock, dictionaries: Dictionaries): Float64Array

  /** The reverse, for all frames of a block whose masks are 0 so far. */
  protected abstract put(values: Float64Array, target: FrameBlock, dictionaries: Map<number, string[]>): void

  /** Values have come out, and may wait. */
  protected noteOut(_values: Float64Array): void {}

  #keep({ timestampsNs, values }: Resampled): void {
    this.noteOut(values)
    const frames = this.#timestampsNs.length
    if (frames === 0) {
      this.#timestampsNs = timestampsNs as BigInt64Array<ArrayBuffer>
      this.#values = values as Float64Array<ArrayBuffer>
      return
    }
    const allTimestampsNs = new BigInt64Array(frames + timestampsNs.length)
    allTimestampsNs.set(this.#timestampsNs)
    allTimestampsNs.set(timestampsNs, frames)
    this.#timestampsNs = allTimestampsNs
    const allValues = new Float64Array(this.#values.length + values.length)
    allValues.set(this.#values)
    allValues.set(values, this.#values.length)
    this.#values = allValues
  }
}

/** What the values of an interpolated channel are. */
export function resampledKindOf({ kind, unit }: ChannelDescriptor): ResampledKind {
  if (kind === 'angle') return unit === 'rad' ? 'radians' : 'degrees'
  return kind ?? 'value'
}

/** Floats between which values are found: absent ones are NaN inside, and NaN comes out absent. */
export class InterpolatedLane extends ResamplerLane {
  protected valuesOf({ from, frameCount, masks, stride, valueHalves: halves }: FrameBlock): Float64Array {
    const floats = new Float32Array(halves.buffer, halves.byteOffset, halves.length)
    const doubles = new Float64Array(halves.buffer, halves.byteOffset, halves.length / 2)
    const width = this.placed.length
    const values = new Float64Array(frameCount * width)
    this.placed.forEach(({ index, channel }, c) => {
      const isNarrow = channel.type === 'f32'
      for (let frame = 0; frame < frameCount; frame++) {
        const slot = index * stride + from + frame
        const value = isNarrow ? floats[2 * slot]! : doubles[slot]!
        values[frame * width + c] = isAbsent(masks, from + frame, index) ? Number.NaN : value
      }
    })
    return values
  }

  protected put(values: Float64Array, { frameCount, masks, stride, valueHalves: halves }: FrameBlock): void {
    const floats = new Float32Array(halves.buffer)
    const doubles = new Float64Array(halves.buffer)
    const width = this.placed.length
    this.placed.forEach(({ index, channel }, c) => {
      const isNarrow = channel.type === 'f32'
      for (let frame = 0; frame < frameCount; frame++) {
        const slot = index * stride + frame
        const value = values[frame * width + c]!
        if (Number.isNaN(value)) setAbsent(masks, frame, index)
        else if (isNarrow) floats[2 * slot] = value
        else doubles[slot] = value
      }
    })
  }
}

/** Channels of one held lane: the resampler has one more, whose bit c says that channel c is absent. */
export const HELD_CHANNELS_MAX = 63

/** Values of any type that are moved as bit patterns, and texts as codes. */
export class HeldLane extends ResamplerLane {
  readonly #texts = new Map<number, HeldTexts>()
  /** By text channel, one for each frame that is out; undefined: absent. */
  readonly #textsOut = new Map<number, (string | undefined)[]>()

  constructor(resampler: Resampler, placed: readonly PlacedChannel[]) {
    super(resampler, placed)
    for (const { index, channel } of placed) {
      if (channel.type !== 'text') continue
      this.#texts.set(index, new HeldTexts())
      this.#textsOut.set(index, [])
    }
  }

  protected valuesOf({ from, frameCount, masks, stride, valueHalves }: FrameBlock, dictionaries: Dictionaries) {
    const width = this.placed.length + 1
    const values = new Float64Array(frameCount * width)
    const halves = new Int32Array(values.buffer)
    this.placed.forEach(({ index }, c) => {
      const dictionary = dictionaries.get(index)
      const texts = this.#texts.get(index)
      for (let frame = 0; frame < frameCount; frame++) {
        const at = 2 * (frame * width + c)
        if (isAbsent(masks, from + frame, index)) {
          setAbsent(halves, frame * width + width - 1, c)
          continue
        }
        const slot = 2 * (index * stride + from + frame)
        halves[at] = texts ? texts.codeOf(dictionary![valueHalves[slot]!]!) : valueHalves[slot]!
        halves[at + 1] = valueHalves[slot + 1]!
      }
    })
    return values
  }

  protected override noteOut(values: Float64Array): void {
    const width = this.placed.length + 1
    const halves = halvesOf(values)
    this.placed.forEach(({ index }, c) => {
      const texts = this.#texts.get(index)
      if (!texts) return
      const out = this.#textsOut.get(index)!
      for (let at = 0; at < values.length; at += width) {
        out.push(isAbsent(halves, at + width - 1, c) ? undefined : texts.textOf(halves[2 * (at + c)]!))
      }
    })
  }

  protected put(values: Float64Array, target: FrameBlock, dictionaries: Map<number, string[]>): void {
    const { frameCount, masks, stride, valueHalves } = target
    const width = this.placed.length + 1
    const halves = halvesOf(values)
    this.placed.forEach(({ index }, c) => {
      const texts = this.#textsOut.get(index)?.splice(0, frameCount)
      if (texts) dictionaries.set(index, texts as string[])
      for (let frame = 0; frame < frameCount; frame++) {
        const slot = 2 * (index * stride + frame)
        if (isAbsent(halves, frame * width + width - 1, c) || (texts && texts[frame] === undefined)) {
          setAbsent(masks, frame, index)
        } else if (texts) valueHalves[slot] = frame
        else {
          const at = 2 * (frame * width + c)
          valueHalves[slot] = halves[at]!
          valueHalves[slot + 1] = halves[at + 1]!
        }
      }
    })
  }
}

function halvesOf({ buffer, byteOffset, length }: Float64Array): Int32Array {
  return new Int32Array(buffer, byteOffset, 2 * length)
}

function isAbsent(masks: Int32Array, frame: number, channel: number): boolean {
  return ((masks[2 * frame + (channel >> 5)]! >>> (channel & 31)) & 1) !== 0
}

function setAbsent(masks: Int32Array, frame: number, channel: number): void {
  masks[2 * frame + (channel >> 5)]! |= 1 << (channel & 31)
}
