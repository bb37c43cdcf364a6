// The integer payload: 64-bit integers as zigzagged differences of order 0–2, in blocks of 128 of one width each.
// All arithmetic wraps modulo 2^64.

import { bitWidth, packBits, packedBytes } from './bits'
import { COLUMN_BLOCK_VALUES, COLUMN_EXPONENT_SHIFT, COLUMN_ORDER_MAX } from './layout'

function zigzag(value: i64): u64 {
  return ((value << 1) ^ (value >> 63)) as u64
}

function unzigzag(code: u64): i64 {
  return ((code >> 1) as i64) ^ -((code & 1) as i64)
}

function difference(ptr: usize, order: i32): i64 {
  const value = load<i64>(ptr)
  if (order === 0) return value
  const previous = load<i64>(ptr - 8)
  if (order === 1) return value - previous
  return value - previous - (previous - load<i64>(ptr - 16))
}

function zigzagPair(difference: v128): v128 {
  return v128.xor(i64x2.shl(difference, 1), i64x2.shr_s(difference, 63))
}

/** Zigzags the differences of the `count` integers at `valuesPtr` into `targetPtr` and returns all of them OR-ed. */
function zigzagBlock(valuesPtr: usize, count: i32, order: i32, targetPtr: usize): u64 {
  let combined = i64x2.splat(0)
  const pairs = count & ~1
  const pairsEnd = valuesPtr + ((pairs as usize) << 3)
  let target = targetPtr
  let ptr = valuesPtr
  if (order === 0) {
    for (; ptr < pairsEnd; ptr += 16, target += 16) {
      const codes = zigzagPair(v128.load(ptr))
      combined = v128.or(combined, codes)
      v128.store(target, codes)
    }
  } else if (order === 1) {
    for (; ptr < pairsEnd; ptr += 16, target += 16) {
      const codes = zigzagPair(i64x2.sub(v128.load(ptr), v128.load(ptr - 8)))
      combined = v128.or(combined, codes)
      v128.store(target, codes)
    }
  } else {
    for (; ptr < pairsEnd; ptr += 16, target += 16) {
      const previous = v128.load(ptr - 8)
      const slope = i64x2.sub(previous, v128.load(ptr - 16))
      const codes = zigzagPair(i64x2.sub(i64x2.sub(v128.load(ptr), previous), slope))
      combined = v128.or(combined, codes)
      v128.store(target, codes)
    }
  }
  let all = i64x2.extract_lane(combined, 0) | i64x2.extract_lane(combined, 1)
  if (pairs < count) {
    const code = zigzag(difference(ptr, order)) as i64
    store<i64>(target, code)
    all |= code
  }
  return all as u64
}

function varintBytes(code: u64): i32 {
  return max(1, (bitWidth(code) + 6) / 7)
}

export function writeVarint(targetPtr: usize, code: u64): usize {
  let target = targetPtr
  let rest = code
  for (; rest >= 128; target++) {
    store<u8>(target, (rest as u8) | 128)
    rest >>= 7
  }
  store<u8>(target, rest as u8)
  return target + 1
}

/** Bytes of the integer payload at this order, or anything >= `limitBytes` as soon as that is certain. */
function payloadBytes(valuesPtr: usize, count: i32, order: i32, scratchPtr: usize, limitBytes: i32): i32 {
  let bytes = 1
  for (let head = 0; head < order; head++) {
    bytes += varintBytes(zigzag(difference(valuesPtr + ((head as usize) << 3), head)))
  }
  for (let first = order; first < count && bytes < limitBytes; first += COLUMN_BLOCK_VALUES) {
    const blockCount = min(count - first, COLUMN_BLOCK_VALUES)
    const combined = zigzagBlock(valuesPtr + ((first as usize) << 3), blockCount, order, scratchPtr)
    bytes += 1 + packedBytes(blockCount, bitWidth(combined))
  }
  return bytes
}

/** The smallest payload below `limitBytes` as bytes << 2 | order, or -1 when there is none. The lower order wins a tie. */
export function planIntegers(valuesPtr: usize, count: i32, scratchPtr: usize, limitBytes: i32): i32 {
  let bestBytes = limitBytes
  let plan = -1
  for (let order = 0; order <= min(COLUMN_ORDER_MAX, count); order++) {
    const bytes = payloadBytes(valuesPtr, count, order, scratchPtr, bestBytes)
    if (bytes < bestBytes) {
      bestBytes = bytes
      plan = (bytes << 2) | order
    }
  }
  return plan
}

/** Writes the payload and returns the byte past it. */
export function writeIntegers(
  valuesPtr: usize,
  count: i32,
  order: i32,
  exponent: i32,
  scratchPtr: usize,
  targetPtr: usize,
): usize {
  store<u8>(targetPtr, order | (exponent << COLUMN_EXPONENT_SHIFT))
  let target = targetPtr + 1
  for (let head = 0; head < order; head++) {
    target = writeVarint(target, zigzag(difference(valuesPtr + ((head as usize) << 3), head)))
  }
  for (let first = order; first < count; first += COLUMN_BLOCK_VALUES) {
    const blockCount = min(count - first, COLUMN_BLOCK_VALUES)
    const width = bitWidth(zigzagBlock(valuesPtr + ((first as usize) << 3), blockCount, order, scratchPtr))
    store<u8>(target, width)
    target = packBits(scratchPtr, blockCount, width, target + 1)
  }
  return target
}

/** Turns a block of zigzagged differences back into integers, in place; `carryPtr` holds the last value and difference. */
export function integrateBlock(blockPtr: usize, count: i32, order: i32, carryPtr: usize): void {
  const end = blockPtr + ((count as usize) << 3)
  if (order === 0) {
    for (let ptr = blockPtr; ptr < end; ptr += 8) store<i64>(ptr, unzigzag(load<u64>(ptr)))
    return
  }
  let value = load<i64>(carryPtr)
  if (order === 1) {
    for (let ptr = blockPtr; ptr < end; ptr += 8) {
      value += unzigzag(load<u64>(ptr))
      store<i64>(ptr, value)
    }
  } else {
    let slope = load<i64>(carryPtr, 8)
    for (let ptr = blockPtr; ptr < end; ptr += 8) {
      slope += unzigzag(load<u64>(ptr))
      value += slope
      store<i64>(ptr, value)
    }
    store<i64>(carryPtr, slope, 8)
  }
  store<i64>(carryPtr, value)
}
