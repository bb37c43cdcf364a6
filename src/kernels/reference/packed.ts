// Blocks of 128 codes of one width, wider ones patched. Full blocks lie in four lanes, so that a 128-bit register works
// on four codes at once; the last block of less is packed code by code.

import { PACKED_BLOCK_WORDS, PACKED_EXCEPTIONS } from '../../../assembly/layout'
import { BitReader, BitWriter, bitWidth } from './bits.js'
import type { GroupReader } from './group-reader.js'
import { writeVarint } from './varints.js'

const LANES = 4
const packedWords = new Uint32Array(PACKED_BLOCK_WORDS + LANES)
const packedBytes = new Uint8Array(packedWords.buffer)
const widthCounts = new Int32Array(33)

function bytesOf(count: number, width: number): number {
  return (count * width + 7) >>> 3
}

/**
 * The width with the fewest bytes, exceptions included; looked for only where codes are far above the `usualBits` of
 * their group and their own mean.
 */
function bestWidth(codes: Uint32Array, first: number, count: number, usualBits: number): number {
  let combined = 0
  let sum = 0
  for (let index = first; index < first + count; index++) {
    combined |= codes[index]
    sum += codes[index]
  }
  const widest = bitWidth(combined)
  if (widest <= usualBits + 4 || widest <= bitWidth(Math.floor(sum / count)) + 3) return widest
  widthCounts.fill(0)
  for (let index = first; index < first + count; index++) widthCounts[bitWidth(codes[index])]++
  let best = widest
  let bestBytes = bytesOf(count, widest)
  let exceptions = 0
  let exceptionBytes = 1
  for (let width = widest - 1; width >= 0; width--) {
    exceptions += widthCounts[width + 1]
    // an exception wider than this one by up to 7 bits takes one byte, then one more for each 7
    exceptionBytes += 2 * widthCounts[width + 1]
    for (let wider = width + 8; wider <= widest; wider += 7) exceptionBytes += widthCounts[wider]
    const bytes = bytesOf(count, width) + exceptionBytes
    if (bytes < bestBytes && exceptions < 128) [best, bestBytes] = [width, bytes]
  }
  return best
}

function packLanes(codes: Uint32Array, first: number, width: number, target: Uint8Array, offset: number): number {
  packedWords.fill(0)
  const mask = width === 32 ? -1 : (1 << width) - 1
  for (let row = 0, bit = 0; row < PACKED_BLOCK_WORDS / LANES; row++, bit += width) {
    const word = (bit >>> 5) * LANES
    const shift = bit & 31
    for (let lane = 0; lane < LANES; lane++) {
      const code = codes[first + row * LANES + lane] & mask
      packedWords[word + lane] |= code << shift
      packedWords[word + LANES + lane] |= (code >>> 1) >>> (31 - shift)
    }
  }
  const bytes = 16 * width
  target.set(packedBytes.subarray(0, bytes), offset)
  return offset + bytes
}

function unpackLanes(source: Uint8Array, offset: number, width: number, codes: Uint32Array, first: number): void {
  packedBytes.set(source.subarray(offset, offset + 16 * width))
  const mask = width === 32 ? -1 : (1 << width) - 1
  for (let row = 0, bit = 0; row < PACKED_BLOCK_WORDS / LANES; row++, bit += width) {
    const word = (bit >>> 5) * LANES
    const shift = bit & 31
    for (let lane = 0; lane < LANES; lane++) {
      const high = (packedWords[word + LANES + lane] << 1) << (31 - shift)
      codes[first + row * LANES + lane] = ((packedWords[word + lane] >>> shift) | high) & mask
    }
  }
}

/** Appends the codes; returns the offset past them. */
export function writePacked(
  codes: Uint32Array,
  count: number,
  usualBits: number,
  target: Uint8Array,
  offset: number,
): number {
  let at = offset
  for (let first = 0; first < count; first += PACKED_BLOCK_WORDS) {
    const blockCount = Math.min(count - first, PACKED_BLOCK_WORDS)
    const width = bestWidth(codes, first, blockCount, usualBits)
    const head = at
    target[at++] = width
    if (blockCount === PACKED_BLOCK_WORDS) at = packLanes(codes, first, width, target, at)
    else {
      const writer = new BitWriter(target, at)
      const mask = width === 32 ? -1 : (1 << width) - 1
      for (let index = first; index < first + blockCount; index++) writer.write(codes[index] & mask, width)
      at = writer.finish()
    }
    if (width === 32) continue
    const countAt = at
    for (let index = first; index < first + blockCount; index++) {
      const high = codes[index] >>> width
      if (high === 0) continue
      if (target[head] < PACKED_EXCEPTIONS) {
        target[head] |= PACKED_EXCEPTIONS
        target[at++] = 0
      }
      target[countAt]++
      target[at++] = index - first
      at = writeVarint(target, at, high)
    }
  }
  return at
}

/** Reads `count` codes; false when they are none. */
export function readPacked(reader: GroupReader, codes: Uint32Array, count: number): boolean {
  const { source } = reader
  for (let first = 0; first < count; first += PACKED_BLOCK_WORDS) {
    const blockCount = Math.min(count - first, PACKED_BLOCK_WORDS)
    const head = reader.byte()
    const width = head & 127
    if (width > 32) return reader.fail()
    const at = reader.skip(bytesOf(blockCount, width))
    if (reader.isFailed) return false
    if (blockCount === PACKED_BLOCK_WORDS) unpackLanes(source, at, width, codes, first)
    else {
      const bits = new BitReader(source, at, reader.at)
      for (let index = first; index < first + blockCount; index++) codes[index] = bits.read(width)
      if (width > 0 && !bits.isAtEnd) return reader.fail()
    }
    if ((head & PACKED_EXCEPTIONS) === 0) continue
    const exceptions = reader.byte()
    if (exceptions === 0) return reader.fail()
    for (let exception = 0, from = 0; exception < exceptions; exception++) {
      const position = reader.byte()
      const high = reader.varint()
      if (position < from || position >= blockCount || high === 0 || bitWidth(high) + width > 32) return reader.fail()
      codes[first + position] |= high << width
      from = position + 1
    }
  }
  return true
}
