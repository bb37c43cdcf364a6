// Decoding trusts the structure, which the caller has walked, and checks what only groups and values show.

import { order32All, order64All, widenSingle } from './float-bits'
import { readHalves, readOffsets, readSteps } from './frames'
import { readGroups } from './groups'
import {
  COLUMN_MODE_BITS,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_HALVES,
  COLUMN_MODE_MASK,
  COLUMN_MODE_MULTIPLE,
  COLUMN_MODE_RAW,
  COLUMN_MODE_SCALED_SINGLE,
  COLUMN_MODE_SHIFT,
  COLUMN_MODE_SINGLE,
  COLUMN_NEGATIVE_ZERO,
  COLUMN_PATCHED,
  COLUMN_STEPS,
  COLUMN_TYPE_F32,
  COLUMN_TYPE_F64,
  COLUMN_TYPE_I64,
  STATUS_DAMAGED_GROUP,
  STATUS_OUT_OF_RANGE,
} from './layout'
import { applyPatches, patchesLength } from './patches'
import { powerOfTen } from './scaled-integers'
import { fromSingle, SingleOrigin } from './singles'

const INTEGER_LIMIT: f64 = 9007199254740992.0
/** 1.5 × 2^52 */
const ROUNDING: f64 = 6755399441055744.0
const HALF_LIMIT: i64 = 1 << 51
const CANONICAL_NAN: u64 = 0x7ff8000000000000
const ORIGIN: usize = memory.data(offsetof<SingleOrigin>(), 16)

/** Scratch bytes for decoding a column of `count` values. */
export function columnDecodeBytes(count: i32): usize {
  return ((count as usize) << 2) + 16
}

function readRaw(payloadPtr: usize, count: i32, width: usize, outPtr: usize): void {
  let source = payloadPtr
  const end = outPtr + (count as usize) * width
  for (let plane: usize = 0; plane < width; plane++) {
    for (let target = outPtr + plane; target < end; target += width, source++) {
      store<u8>(target, load<u8>(source))
    }
  }
}

/** An integer as the float it stands for: ÷ `divisor`, × `factor`, one of which is 1. */
function floatOf(integer: f64, divisor: f64, factor: f64, hasNegativeZero: bool): f64 {
  if (hasNegativeZero && integer < 0) return -(((-1 - integer) / divisor) * factor)
  return (integer / divisor) * factor
}

/** Two integers, as doubles, as the floats they stand for. */
function floatPair(integers: v128, scale: v128, isDecimal: bool, hasNegativeZero: bool): v128 {
  let magnitudes = integers
  let signs = f64x2.splat(0)
  if (hasNegativeZero) {
    const isNegative = f64x2.lt(integers, f64x2.splat(0))
    magnitudes = v128.bitselect(f64x2.sub(f64x2.splat(-1), integers), integers, isNegative)
    signs = v128.and(isNegative, f64x2.splat(-0.0))
  }
  return v128.xor(isDecimal ? f64x2.div(magnitudes, scale) : f64x2.mul(magnitudes, scale), signs)
}

function unscaleWords(wordsPtr: usize, count: i32, divisor: f64, factor: f64, hasNegativeZero: bool): void {
  const isDecimal = factor === 1
  const scale = f64x2.splat(isDecimal ? divisor : factor)
  let index = 0
  for (; index + 4 <= count; index += 4) {
    const ptr = wordsPtr + ((index as usize) << 2)
    const words = v128.load(ptr)
    const low = f64x2.convert_low_i32x4_s(words)
    const high = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(words, words, 2, 3, 2, 3))
    const lowFloats = f32x4.demote_f64x2_zero(floatPair(low, scale, isDecimal, hasNegativeZero))
    const highFloats = f32x4.demote_f64x2_zero(floatPair(high, scale, isDecimal, hasNegativeZero))
    v128.store(ptr, v128.shuffle<i32>(lowFloats, highFloats, 0, 1, 4, 5))
  }
  for (; index < count; index++) {
    const ptr = wordsPtr + ((index as usize) << 2)
    store<f32>(ptr, floatOf(load<i32>(ptr) as f64, divisor, factor, hasNegativeZero) as f32)
  }
}

/** False when an integer is too large. */
function unscaleIntegers(integersPtr: usize, count: i32, divisor: f64, factor: f64, hasNegativeZero: bool): bool {
  const isDecimal = factor === 1
  const scale = f64x2.splat(isDecimal ? divisor : factor)
  const rounding = f64x2.splat(ROUNDING)
  const roundingBits = i64x2.splat(reinterpret<i64>(ROUNDING))
  const half = i64x2.splat(HALF_LIMIT)
  let inRange = true
  let index = 0
  for (; index + 2 <= count; index += 2) {
    const ptr = integersPtr + ((index as usize) << 3)
    const integers = v128.load(ptr)
    // of integers up to 2^51 the bits of ROUNDING plus them are those of the sum
    const isSmall = v128.and(i64x2.lt_s(integers, half), i64x2.gt_s(integers, i64x2.neg(half)))
    if (!i64x2.all_true(isSmall)) break
    const doubles = f64x2.sub(i64x2.add(integers, roundingBits), rounding)
    v128.store(ptr, floatPair(doubles, scale, isDecimal, hasNegativeZero))
  }
  for (; index < count; index++) {
    const ptr = integersPtr + ((index as usize) << 3)
    const integer = load<i64>(ptr) as f64
    inRange = inRange && abs(integer) < INTEGER_LIMIT
    store<f64>(ptr, floatOf(integer, divisor, factor, hasNegativeZero))
  }
  return inRange
}

/** Parameter of DECIMAL and MULTIPLE. */
function parameterBytes(mode: i32): usize {
  return mode === COLUMN_MODE_DECIMAL ? 1 : 8
}

function modeOf(head: i32): i32 {
  return (head >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
}

/** Decodes what follows a head of 32-bit values; false when a group is damaged. */
function readWords(type: i32, head: i32, bodyPtr: usize, endPtr: usize, count: i32, outPtr: usize): bool {
  const mode = modeOf(head)
  const isScaled = mode === COLUMN_MODE_DECIMAL || mode === COLUMN_MODE_MULTIPLE
  const isPatched = (head & COLUMN_PATCHED) !== 0
  const patchesPtr = isScaled ? bodyPtr + parameterBytes(mode) : bodyPtr
  const wordsPtr = isPatched ? patchesPtr + patchesLength(patchesPtr, 4) : patchesPtr
  if (readGroups(wordsPtr, endPtr, true, outPtr, count) === 0) return false
  if (isScaled) {
    const isDecimal = mode === COLUMN_MODE_DECIMAL
    const divisor = isDecimal ? powerOfTen(load<u8>(bodyPtr)) : 1
    const factor = isDecimal ? 1 : load<f64>(bodyPtr)
    unscaleWords(outPtr, count, divisor, factor, (head & COLUMN_NEGATIVE_ZERO) !== 0)
  } else if (type === COLUMN_TYPE_F32) order32All(outPtr, count, outPtr)
  if (isPatched) applyPatches(patchesPtr, 4, outPtr)
  return true
}

/** Decodes 64-bit floats that are made of 32-bit ones; false when a group is damaged. */
function readSingles(head: i32, bodyPtr: usize, endPtr: usize, count: i32, scratchPtr: usize, outPtr: usize): bool {
  const mode = modeOf(head)
  const origin = changetype<SingleOrigin>(ORIGIN)
  let at = bodyPtr
  origin.factor = 0
  if (mode === COLUMN_MODE_SCALED_SINGLE) {
    origin.factor = load<f64>(at)
    at += 8
  } else if (mode !== COLUMN_MODE_SINGLE) origin.digits = load<u8>(at++)
  const patchesPtr = at
  const isPatched = (head & COLUMN_PATCHED) !== 0
  if (isPatched) at += patchesLength(at, 8)
  if (!readWords(COLUMN_TYPE_F32, load<u8>(at), at + 1, endPtr, count, scratchPtr)) return false
  for (let index: usize = 0; index < (count as usize); index++) {
    const bits = load<u32>(scratchPtr + (index << 2))
    let wide = widenSingle(bits)
    if (mode !== COLUMN_MODE_SINGLE) {
      const value = fromSingle(reinterpret<f32>(bits) as f64, origin)
      // engines differ in the bits of a NaN that was computed
      wide = F64.isNaN(value) ? CANONICAL_NAN : reinterpret<u64>(value)
    }
    store<u64>(outPtr + (index << 3), wide)
  }
  if (isPatched) applyPatches(patchesPtr, 8, outPtr)
  return true
}

/** Decodes 64-bit integers and floats made of them; 0, or what is wrong. */
function readIntegers(
  type: i32,
  head: i32,
  bodyPtr: usize,
  endPtr: usize,
  count: i32,
  scratchPtr: usize,
  outPtr: usize,
): i32 {
  const mode = modeOf(head)
  const isScaled = mode === COLUMN_MODE_DECIMAL || mode === COLUMN_MODE_MULTIPLE
  const isPatched = (head & COLUMN_PATCHED) !== 0
  const isFloat = type === COLUMN_TYPE_F64
  const patchesPtr = isScaled ? bodyPtr + parameterBytes(mode) : bodyPtr
  const at = isPatched ? patchesPtr + patchesLength(patchesPtr, 8) : patchesPtr
  let isWhole: bool
  if (mode === COLUMN_MODE_HALVES) isWhole = readHalves(at, endPtr, outPtr, count, scratchPtr)
  else if ((head & COLUMN_STEPS) !== 0) {
    const resumePtr = isPatched && mode === COLUMN_MODE_BITS ? patchesPtr : 0
    isWhole = readSteps(at, endPtr, outPtr, count, resumePtr, isFloat, scratchPtr)
  } else isWhole = readOffsets(at, endPtr, outPtr, count, scratchPtr)
  if (!isWhole) return STATUS_DAMAGED_GROUP
  if (isScaled) {
    const isDecimal = mode === COLUMN_MODE_DECIMAL
    const divisor = isDecimal ? powerOfTen(load<u8>(bodyPtr)) : 1
    const factor = isDecimal ? 1 : load<f64>(bodyPtr)
    if (!unscaleIntegers(outPtr, count, divisor, factor, (head & COLUMN_NEGATIVE_ZERO) !== 0))
      return STATUS_OUT_OF_RANGE
  } else if (isFloat) order64All(outPtr, count, outPtr)
  if (isPatched) applyPatches(patchesPtr, 8, outPtr)
  return 0
}

/**
 * Decodes a column whose structure was checked, the body of which ends at `endPtr`. Returns 0 or a status; where a
 * group is damaged, `columnDamagedGroup` says which.
 */
export function columnDecode(
  head: i32,
  bodyPtr: usize,
  endPtr: usize,
  count: i32,
  scratchPtr: usize,
  outPtr: usize,
): i32 {
  const type = head & 3
  const mode = modeOf(head)
  const isWide = type === COLUMN_TYPE_F64 || type === COLUMN_TYPE_I64
  if (mode === COLUMN_MODE_RAW) {
    readRaw(bodyPtr, count, isWide ? 8 : 4, outPtr)
    return 0
  }
  if (!isWide) return readWords(type, head, bodyPtr, endPtr, count, outPtr) ? 0 : STATUS_DAMAGED_GROUP
  if (mode >= COLUMN_MODE_SINGLE && mode !== COLUMN_MODE_HALVES) {
    return readSingles(head, bodyPtr, endPtr, count, scratchPtr, outPtr) ? 0 : STATUS_DAMAGED_GROUP
  }
  return readIntegers(type, head, bodyPtr, endPtr, count, scratchPtr, outPtr)
}
