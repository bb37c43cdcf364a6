// Blocks of 128 codes of one width, wider ones patched. Full blocks lie in four lanes, so that a 128-bit register works
// on four codes at once; the last block of less is packed code by code.

import { bitWidth, flushBits, packedBytes } from './bits'
import { fail, GroupReader, readByte, readVarint32, skipBytes } from './group-reader'
import { PACKED_BLOCK_WORDS, PACKED_EXCEPTIONS } from './layout'
import { varintBytes, writeVarint } from './varints'

const WIDTH_COUNTS: usize = memory.data(33 * 4 + 12, 16)

function lowMask(width: i32): u32 {
  return width === 32 ? 0xffffffff : ((1 as u32) << width) - 1
}

/** All codes OR-ed. */
function combine(codesPtr: usize, count: i32): u32 {
  const end = codesPtr + ((count as usize) << 2)
  let all = i32x4.splat(0)
  let ptr = codesPtr
  for (; ptr + 16 <= end; ptr += 16) all = v128.or(all, v128.load(ptr))
  let combined: u32 = v128.extract_lane<u32>(all, 0) | v128.extract_lane<u32>(all, 1)
  combined |= v128.extract_lane<u32>(all, 2) | v128.extract_lane<u32>(all, 3)
  for (; ptr < end; ptr += 4) combined |= load<u32>(ptr)
  return combined
}

function meanOf(codesPtr: usize, count: i32): u32 {
  let sum: u64 = 0
  const end = codesPtr + ((count as usize) << 2)
  for (let ptr = codesPtr; ptr < end; ptr += 4) sum += load<u32>(ptr) as u64
  return (sum / (count as u64)) as u32
}

/** Added to a width where codes have more bits. */
const HAS_EXCEPTIONS = 64

/**
 * The width with the fewest bytes, exceptions included; looked for only where codes are far above the `usualBits` of
 * their group and their own mean.
 */
function bestWidth(codesPtr: usize, count: i32, usualBits: i32): i32 {
  const widest = bitWidth(combine(codesPtr, count))
  if (widest <= usualBits + 4 || widest <= bitWidth(meanOf(codesPtr, count)) + 3) return widest
  const width = widthWithExceptions(codesPtr, count, widest)
  return width < widest ? width | HAS_EXCEPTIONS : widest
}

function countAt(width: i32): i32 {
  return load<i32>(WIDTH_COUNTS + ((width as usize) << 2))
}

function widthWithExceptions(codesPtr: usize, count: i32, widest: i32): i32 {
  memory.fill(WIDTH_COUNTS, 0, 33 * 4)
  const end = codesPtr + ((count as usize) << 2)
  for (let ptr = codesPtr; ptr < end; ptr += 4) {
    const countPtr = WIDTH_COUNTS + ((bitWidth(load<u32>(ptr)) as usize) << 2)
    store<i32>(countPtr, load<i32>(countPtr) + 1)
  }
  let best = widest
  let bestBytes = packedBytes(count, widest)
  let exceptions = 0
  let exceptionBytes = 1
  for (let width = widest - 1; width >= 0; width--) {
    exceptions += countAt(width + 1)
    // an exception wider than this one by up to 7 bits takes one byte, then one more for each 7
    exceptionBytes += 2 * countAt(width + 1)
    for (let wider = width + 8; wider <= widest; wider += 7) exceptionBytes += countAt(wider)
    const bytes = packedBytes(count, width) + exceptionBytes
    if (bytes < bestBytes && exceptions < 128) {
      best = width
      bestBytes = bytes
    }
  }
  return best
}

function packLanes(codesPtr: usize, width: i32, targetPtr: usize): usize {
  if (width === 0) return targetPtr
  const mask = i32x4.splat(lowMask(width) as i32)
  let pending = i32x4.splat(0)
  let bits = 0
  let target = targetPtr
  const end = codesPtr + PACKED_BLOCK_WORDS * 4
  for (let ptr = codesPtr; ptr < end; ptr += 16) {
    const codes = v128.and(v128.load(ptr), mask)
    pending = v128.or(pending, i32x4.shl(codes, bits))
    bits += width
    if (bits >= 32) {
      v128.store(target, pending)
      target += 16
      bits -= 32
      pending = bits === 0 ? i32x4.splat(0) : i32x4.shr_u(codes, width - bits)
    }
  }
  return target
}

function unpackLanes(sourcePtr: usize, width: i32, codesPtr: usize): void {
  const end = codesPtr + PACKED_BLOCK_WORDS * 4
  if (width === 0) {
    memory.fill(codesPtr, 0, PACKED_BLOCK_WORDS * 4)
    return
  }
  const mask = i32x4.splat(lowMask(width) as i32)
  let source = sourcePtr
  let words = v128.load(source)
  let bits = 0
  for (let ptr = codesPtr; ptr < end; ptr += 16) {
    let codes = i32x4.shr_u(words, bits)
    bits += width
    if (bits >= 32) {
      bits -= 32
      source += 16
      if (bits > 0) {
        words = v128.load(source)
        codes = v128.or(codes, i32x4.shl(words, width - bits))
      } else if (ptr + 16 < end) words = v128.load(source)
    }
    v128.store(ptr, v128.and(codes, mask))
  }
}

/** The last block, of less than 128. */
function packCodes(codesPtr: usize, count: i32, width: i32, targetPtr: usize): usize {
  const mask = lowMask(width)
  const end = codesPtr + ((count as usize) << 2)
  let pending: u64 = 0
  let bits = 0
  let target = targetPtr
  for (let ptr = codesPtr; ptr < end; ptr += 4) {
    pending |= ((load<u32>(ptr) & mask) as u64) << (bits as u64)
    bits += width
    if (bits >= 32) {
      store<u32>(target, pending as u32)
      target += 4
      pending >>= 32
      bits -= 32
    }
  }
  return flushBits(target, pending, bits)
}

/** May load, and then ignores, up to 8 bytes past the packed ones. */
function unpackCodes(sourcePtr: usize, count: i32, width: i32, codesPtr: usize): void {
  const mask = lowMask(width)
  const end = codesPtr + ((count as usize) << 2)
  let bit: u32 = 0
  for (let ptr = codesPtr; ptr < end; ptr += 4, bit += width) {
    store<u32>(ptr, ((load<u64>(sourcePtr + (bit >>> 3)) >> ((bit & 7) as u64)) as u32) & mask)
  }
}

/** Bytes of the packed codes, exceptions counted as found. */
export function packedSize(codesPtr: usize, count: i32, usualBits: i32): i32 {
  let bytes = 0
  for (let first = 0; first < count; first += PACKED_BLOCK_WORDS) {
    const blockCount = min(count - first, PACKED_BLOCK_WORDS)
    const ptr = codesPtr + ((first as usize) << 2)
    const best = bestWidth(ptr, blockCount, usualBits)
    const width = best & ~HAS_EXCEPTIONS
    bytes += 1 + packedBytes(blockCount, width)
    if (best === width) continue
    const mask = ~lowMask(width)
    bytes++
    for (let index = 0; index < blockCount; index++) {
      const code = load<u32>(ptr + ((index as usize) << 2))
      if ((code & mask) !== 0) bytes += 1 + varintBytes(code >>> width)
    }
  }
  return bytes
}

/** Appends the codes; returns the address past them. */
export function writePacked(codesPtr: usize, count: i32, usualBits: i32, targetPtr: usize): usize {
  let at = targetPtr
  for (let first = 0; first < count; first += PACKED_BLOCK_WORDS) {
    const blockCount = min(count - first, PACKED_BLOCK_WORDS)
    const ptr = codesPtr + ((first as usize) << 2)
    const best = bestWidth(ptr, blockCount, usualBits)
    const width = best & ~HAS_EXCEPTIONS
    store<u8>(at++, best === width ? width : width | PACKED_EXCEPTIONS)
    at = blockCount === PACKED_BLOCK_WORDS ? packLanes(ptr, width, at) : packCodes(ptr, blockCount, width, at)
    if (best !== width) at = writeExceptions(ptr, blockCount, width, at)
  }
  return at
}

/** What is above `width`, of the codes that have more. */
function writeExceptions(codesPtr: usize, count: i32, width: i32, targetPtr: usize): usize {
  const mask = ~lowMask(width)
  let at = targetPtr + 1
  let exceptions = 0
  for (let index = 0; index < count; index++) {
    const code = load<u32>(codesPtr + ((index as usize) << 2))
    if ((code & mask) === 0) continue
    exceptions++
    store<u8>(at, index)
    at = writeVarint(at + 1, (code >>> width) as u64)
  }
  store<u8>(targetPtr, exceptions)
  return at
}

/** Reads `count` codes; false when they are none. */
export function readPacked(reader: GroupReader, codesPtr: usize, count: i32): bool {
  for (let first = 0; first < count; first += PACKED_BLOCK_WORDS) {
    const blockCount = min(count - first, PACKED_BLOCK_WORDS)
    const ptr = codesPtr + ((first as usize) << 2)
    const head = readByte(reader)
    const width = head & 127
    if (width > 32) return fail(reader)
    const source = skipBytes(reader, packedBytes(blockCount, width))
    if (reader.isFailed) return false
    if (blockCount === PACKED_BLOCK_WORDS) unpackLanes(source, width, ptr)
    else {
      unpackCodes(source, blockCount, width, ptr)
      const rest = (blockCount * width) & 7
      if (rest !== 0 && load<u8>(reader.at - 1) >>> rest !== 0) return fail(reader)
    }
    if ((head & PACKED_EXCEPTIONS) !== 0 && !readExceptions(reader, ptr, blockCount, width)) return false
  }
  return true
}

function readExceptions(reader: GroupReader, codesPtr: usize, count: i32, width: i32): bool {
  const exceptions = readByte(reader)
  if (exceptions === 0) return fail(reader)
  for (let exception = 0, from = 0; exception < exceptions; exception++) {
    const position = readByte(reader)
    const high = readVarint32(reader)
    if (position < from || position >= count || high === 0 || bitWidth(high) + width > 32) return fail(reader)
    const ptr = codesPtr + ((position as usize) << 2)
    store<u32>(ptr, load<u32>(ptr) | (high << width))
    from = position + 1
  }
  return true
}
