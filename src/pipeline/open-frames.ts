import type { ColumnArray } from '../kernels/types.js'
import type { ChannelType } from '../wire/model.js'
import type { FrameBlock } from './frame-block.js'

/** Bytes one value of a channel takes before coding; decides when a chunk is full. */
export function rawValueBytes(type: ChannelType): number {
  return type === 'f64' || type === 'i64' ? 8 : 4
}

/**
 * The frames of one stream in the open chunk, in memory of fixed size. Values are moved as bit patterns.
 *
 * It lies outside the kernels' memory, so that nothing recorded is lost when an instance has to be thrown away.
 */
export class OpenFrames {
  readonly timestampsNs: BigInt64Array
  readonly timeHalves: Int32Array
  readonly masks: Int32Array
  readonly valueHalves: Int32Array
  /** Slots from one channel's first frame to the next one's. */
  readonly stride: number
  readonly #channels: number
  /** One column at a time is gathered here before it is coded. */
  readonly #column: ArrayBuffer
  readonly #columnHalves: Int32Array
  readonly #validity: Uint8Array
  frameCount = 0

  constructor(capacityFrames: number, channels: number) {
    this.#channels = channels
    this.stride = capacityFrames
    this.timestampsNs = new BigInt64Array(capacityFrames)
    this.timeHalves = new Int32Array(this.timestampsNs.buffer)
    this.masks = new Int32Array(2 * capacityFrames)
    this.valueHalves = new Int32Array(2 * capacityFrames * channels)
    this.#column = new ArrayBuffer(8 * capacityFrames)
    this.#columnHalves = new Int32Array(this.#column)
    this.#validity = new Uint8Array((capacityFrames + 7) >> 3)
  }

  /** Appends `frameCount` frames of a block from its frame `first` on; the caller has made room. */
  append(block: FrameBlock, first: number, frameCount: number): void {
    const from = block.from + first
    const to = from + frameCount
    const at = this.frameCount
    this.timeHalves.set(block.timeHalves.subarray(2 * first, 2 * (first + frameCount)), 2 * at)
    this.masks.set(block.masks.subarray(2 * from, 2 * to), 2 * at)
    const { valueHalves, stride } = block
    for (let c = 0; c < this.#channels; c++) {
      const column = valueHalves.subarray(2 * (c * stride + from), 2 * (c * stride + to))
      this.valueHalves.set(column, 2 * (c * this.stride + at))
    }
    this.frameCount = at + frameCount
  }

  /** Presence bitmap of a channel, least significant bit first; undefined when nothing is absent. Good until the next call. */
  validityOf(channel: number): Uint8Array | undefined {
    const { masks, frameCount } = this
    const bit = 1 << (channel & 31)
    let at = channel >> 5
    let frame = 0
    while (frame < frameCount && (masks[at]! & bit) === 0) {
      frame += 1
      at += 2
    }
    if (frame === frameCount) return undefined
    const validity = this.#validity.subarray(0, (frameCount + 7) >> 3).fill(0xff)
    if (frameCount & 7) validity[validity.length - 1] = (1 << (frameCount & 7)) - 1
    for (; frame < frameCount; frame++, at += 2) {
      if ((masks[at]! & bit) !== 0) validity[frame >> 3]! &= ~(1 << (frame & 7))
    }
    return validity
  }

  /** The channel's values as a contiguous array of its type, absent ones left out. Good until the next call. */
  columnOf(channel: number, type: ChannelType, validity: Uint8Array | undefined): ColumnArray {
    const { valueHalves, frameCount } = this
    const first = 2 * channel * this.stride
    const isWide = rawValueBytes(type) === 8
    if (isWide && validity === undefined) return this.#wideColumn(type, valueHalves.buffer, 4 * first, frameCount)
    const column = this.#columnHalves
    let target = 0
    for (let frame = 0, source = first; frame < frameCount; frame++, source += 2) {
      if (validity !== undefined && ((validity[frame >> 3]! >> (frame & 7)) & 1) === 0) continue
      column[target++] = valueHalves[source]!
      if (isWide) column[target++] = valueHalves[source + 1]!
    }
    if (isWide) return this.#wideColumn(type, this.#column, 0, target >> 1)
    return type === 'f32' ? new Float32Array(this.#column, 0, target) : new Int32Array(this.#column, 0, target)
  }

  clear(): void {
    this.frameCount = 0
  }

  #wideColumn(type: ChannelType, buffer: ArrayBufferLike, byteOffset: number, count: number): ColumnArray {
    return type === 'f64' ? new Float64Array(buffer, byteOffset, count) : new BigInt64Array(buffer, byteOffset, count)
  }
}
