import type { ColumnArray } from '../kernels/types.js'
import type { ChannelType } from '../wire/model.js'

/** Bytes one value of a channel takes before coding; decides when a chunk is full. */
export function rawValueBytes(type: ChannelType): number {
  return type === 'f64' || type === 'i64' ? 8 : 4
}

/**
 * One channel of interleaved frames as a contiguous array of its type, absent values left out.
 *
 * slotHalves: 32-bit halves of frames × (mask + channels) 64-bit slots. Values are moved as bit patterns. Fresh.
 */
export function gatherColumn(
  slotHalves: Int32Array,
  frameCount: number,
  stride: number,
  channel: number,
  type: ChannelType,
  validity: Uint8Array | undefined,
): ColumnArray {
  const presentCount = validity ? countBits(validity) : frameCount
  const wide = rawValueBytes(type) === 8
  const column = new Int32Array(presentCount * (wide ? 2 : 1))
  const step = stride * 2
  let source = (1 + channel) * 2
  let target = 0
  for (let frame = 0; frame < frameCount; frame++, source += step) {
    if (validity && !((validity[frame >> 3]! >> (frame & 7)) & 1)) continue
    column[target++] = slotHalves[source]!
    if (wide) column[target++] = slotHalves[source + 1]!
  }
  switch (type) {
    case 'f64':
      return new Float64Array(column.buffer)
    case 'i64':
      return new BigInt64Array(column.buffer)
    case 'f32':
      return new Float32Array(column.buffer)
    default:
      return column
  }
}

/** Presence bitmap of one channel, least significant bit first; undefined when nothing is absent. */
export function gatherValidity(
  slotHalves: Int32Array,
  frameCount: number,
  stride: number,
  channel: number,
): Uint8Array | undefined {
  const step = stride * 2
  const half = channel >> 5
  const bit = channel & 31
  let validity: Uint8Array | undefined
  for (let frame = 0, source = half; frame < frameCount; frame++, source += step) {
    if (!((slotHalves[source]! >>> bit) & 1)) continue
    validity ??= allPresent(frameCount)
    validity[frame >> 3]! &= ~(1 << (frame & 7))
  }
  return validity
}

/** Whether any value of any frame is absent. */
export function anyAbsent(slotHalves: Int32Array, frameCount: number, stride: number): boolean {
  const step = stride * 2
  for (let frame = 0, source = 0; frame < frameCount; frame++, source += step) {
    if ((slotHalves[source]! | slotHalves[source + 1]!) !== 0) return true
  }
  return false
}

function allPresent(frameCount: number): Uint8Array {
  const validity = new Uint8Array((frameCount + 7) >> 3).fill(0xff)
  if (frameCount & 7) validity[validity.length - 1] = (1 << (frameCount & 7)) - 1
  return validity
}

function countBits(bytes: Uint8Array): number {
  let count = 0
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) count += 1
  return count
}
