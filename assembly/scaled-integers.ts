// Floats as integers k: decimals k / 10^e, and multiples k × q. Always bit for bit, or within half of q where a precision
// allows it; what does not fit is patched.

import { DECIMAL_EXPONENT_MAX } from './layout'
import { addPatch, clearPatched, patchedCount } from './patches'

/** Adding and subtracting it rounds to the nearest integer, ties to even. */
const ROUNDING: f64 = 6755399441055744.0
const INTEGER_LIMIT_F64: f64 = 2251799813685248.0
const INTEGER_LIMIT_F32: f64 = 2147483646.0
const SAMPLES_MAX = 32
/** One value in 16 may be patched. */
const PATCHED_SHIFT = 4

/** Exact doubles, every one. */
const POWERS_OF_TEN: usize = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
  1e21, 1e22,
])

export function powerOfTen(exponent: i32): f64 {
  return load<f64>(POWERS_OF_TEN + ((exponent as usize) << 3))
}

/** How floats become integers: × `factor` or ÷ `divisor`, one of which is 1. Back again it is the other way round. */
@unmanaged
export class Scale {
  factor: f64
  divisor: f64
  /** Largest |decoded − given|; 0: the same bits. */
  tolerance: f64
  exponent: i32
  hasNegativeZero: i32
}

export function useDecimals(scale: Scale, exponent: i32): void {
  scale.factor = powerOfTen(exponent)
  scale.divisor = 1
  scale.tolerance = 0
  scale.exponent = exponent
}

export function useMultiples(scale: Scale, quantum: f64, tolerance: f64): void {
  scale.factor = 1
  scale.divisor = quantum
  scale.tolerance = tolerance
  scale.exponent = -1
}

function valueAt(valuesPtr: usize, index: i32, isSingle: bool): f64 {
  return isSingle
    ? (load<f32>(valuesPtr + ((index as usize) << 2)) as f64)
    : load<f64>(valuesPtr + ((index as usize) << 3))
}

/** The integer of a value as a double, NaN where there is none. */
function integerOf(value: f64, scale: Scale, isSingle: bool): f64 {
  const integer = (value * scale.factor) / scale.divisor + ROUNDING - ROUNDING
  if (!(abs(integer) < (isSingle ? INTEGER_LIMIT_F32 : INTEGER_LIMIT_F64))) return NaN
  const exact = (integer / scale.factor) * scale.divisor
  const back = isSingle ? ((exact as f32) as f64) : exact
  const fits = scale.tolerance === 0 ? back === value : abs(back - value) <= scale.tolerance
  return fits ? integer : NaN
}

function isNegativeZero(value: f64): bool {
  return reinterpret<u64>(value) === 0x8000000000000000
}

function storeInteger(integersPtr: usize, index: i32, integer: i64, isSingle: bool): void {
  if (isSingle) store<i32>(integersPtr + ((index as usize) << 2), integer as i32)
  else store<i64>(integersPtr + ((index as usize) << 3), integer)
}

function loadInteger(integersPtr: usize, index: i32, isSingle: bool): i64 {
  return isSingle
    ? (load<i32>(integersPtr + ((index as usize) << 2)) as i64)
    : load<i64>(integersPtr + ((index as usize) << 3))
}

/**
 * Integers of as many doubles, from `first` on, as fit without a patch, two at a time; returns the index after them.
 * Zeros with a sign set the scale's flag.
 */
function scalePairs64(valuesPtr: usize, first: i32, count: i32, scale: Scale, integersPtr: usize): i32 {
  const factor = f64x2.splat(scale.factor)
  const divisor = f64x2.splat(scale.divisor)
  const isDecimal = scale.divisor === 1
  const rounding = f64x2.splat(ROUNDING)
  const limit = f64x2.splat(INTEGER_LIMIT_F64)
  const zero = f64x2.splat(0)
  let negativeZeros = zero
  let index = first
  for (; index + 2 <= count; index += 2) {
    const values = v128.load(valuesPtr + ((index as usize) << 3))
    const scaled = isDecimal ? f64x2.mul(values, factor) : f64x2.div(values, divisor)
    const shifted = f64x2.add(scaled, rounding)
    const integers = f64x2.sub(shifted, rounding)
    const back = isDecimal ? f64x2.div(integers, factor) : f64x2.mul(integers, divisor)
    const fits = v128.and(f64x2.eq(back, values), f64x2.lt(f64x2.abs(integers), limit))
    if (!i64x2.all_true(fits)) break
    negativeZeros = v128.or(negativeZeros, v128.and(f64x2.eq(values, zero), values))
    v128.store(integersPtr + ((index as usize) << 3), i64x2.sub(shifted, rounding))
  }
  if (v128.any_true(negativeZeros)) scale.hasNegativeZero = 1
  return index
}

/** The same for 32-bit floats, four at a time. */
function scalePairs32(valuesPtr: usize, first: i32, count: i32, scale: Scale, integersPtr: usize): i32 {
  const factor = f64x2.splat(scale.factor)
  const divisor = f64x2.splat(scale.divisor)
  const isDecimal = scale.divisor === 1
  const rounding = f64x2.splat(ROUNDING)
  const limit = f64x2.splat(INTEGER_LIMIT_F32)
  const zero = f32x4.splat(0)
  let negativeZeros = zero
  let index = first
  for (; index + 4 <= count; index += 4) {
    const values = v128.load(valuesPtr + ((index as usize) << 2))
    const low = f64x2.promote_low_f32x4(values)
    const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(values, values, 2, 3, 2, 3))
    const lowShifted = f64x2.add(isDecimal ? f64x2.mul(low, factor) : f64x2.div(low, divisor), rounding)
    const highShifted = f64x2.add(isDecimal ? f64x2.mul(high, factor) : f64x2.div(high, divisor), rounding)
    const lowIntegers = f64x2.sub(lowShifted, rounding)
    const highIntegers = f64x2.sub(highShifted, rounding)
    const lowBack = isDecimal ? f64x2.div(lowIntegers, factor) : f64x2.mul(lowIntegers, divisor)
    const highBack = isDecimal ? f64x2.div(highIntegers, factor) : f64x2.mul(highIntegers, divisor)
    const back = v128.shuffle<i32>(f32x4.demote_f64x2_zero(lowBack), f32x4.demote_f64x2_zero(highBack), 0, 1, 4, 5)
    const inRange = v128.and(f64x2.lt(f64x2.abs(lowIntegers), limit), f64x2.lt(f64x2.abs(highIntegers), limit))
    if (!i32x4.all_true(v128.and(f32x4.eq(back, values), inRange))) break
    negativeZeros = v128.or(negativeZeros, v128.and(f32x4.eq(values, zero), values))
    v128.store(integersPtr + ((index as usize) << 2), v128.shuffle<i32>(lowShifted, highShifted, 0, 2, 4, 6))
  }
  if (v128.any_true(negativeZeros)) scale.hasNegativeZero = 1
  return index
}

/** Makes −0 a -1, and integers below 0 one less. */
function makeRoomForNegativeZero(valuesPtr: usize, count: i32, isSingle: bool, integersPtr: usize): void {
  let index = 0
  if (!isSingle) {
    const zero = i64x2.splat(0)
    const negativeZero = i64x2.splat(0x8000000000000000)
    for (; index + 2 <= count; index += 2) {
      const ptr = integersPtr + ((index as usize) << 3)
      const integers = v128.load(ptr)
      const values = v128.load(valuesPtr + ((index as usize) << 3))
      const below = v128.or(i64x2.lt_s(integers, zero), i64x2.eq(values, negativeZero))
      v128.store(ptr, i64x2.add(integers, below))
    }
  }
  for (; index < count; index++) {
    const integer = loadInteger(integersPtr, index, isSingle)
    if (integer < 0 || isNegativeZero(valueAt(valuesPtr, index, isSingle))) {
      storeInteger(integersPtr, index, integer - 1, isSingle)
    }
  }
}

/**
 * Integers of all values; false when more than one in 16 has none. Those at patched positions repeat the one before.
 * Below 0 they are one less where −0 is -1.
 */
export function scaleAll(
  valuesPtr: usize,
  count: i32,
  isSingle: bool,
  scale: Scale,
  integersPtr: usize,
  patchedPtr: usize,
): bool {
  const patchesMax = (count >> PATCHED_SHIFT) + 1
  clearPatched(patchedPtr)
  scale.hasNegativeZero = 0
  let previous: i64 = 0
  for (let index = 0; index < count; ) {
    if (scale.tolerance === 0) {
      const next = isSingle
        ? scalePairs32(valuesPtr, index, count, scale, integersPtr)
        : scalePairs64(valuesPtr, index, count, scale, integersPtr)
      if (next > index) previous = loadInteger(integersPtr, next - 1, isSingle)
      index = next
      if (index === count) break
    }
    const value = valueAt(valuesPtr, index, isSingle)
    const integer = integerOf(value, scale, isSingle)
    if (integer === integer) {
      previous = integer as i64
      if (isNegativeZero(value)) scale.hasNegativeZero = 1
    } else {
      addPatch(patchedPtr, index)
      if (patchedCount(patchedPtr) > patchesMax) return false
    }
    storeInteger(integersPtr, index, previous, isSingle)
    index++
  }
  if (scale.hasNegativeZero) makeRoomForNegativeZero(valuesPtr, count, isSingle, integersPtr)
  return true
}

/** The smallest exponent from `exponent` on at which the value is a decimal, or one above all. Changes the scale. */
function exponentFor(value: f64, exponent: i32, isSingle: bool, scale: Scale): i32 {
  for (let larger = exponent; larger <= DECIMAL_EXPONENT_MAX; larger++) {
    useDecimals(scale, larger)
    const integer = integerOf(value, scale, isSingle)
    if (integer === integer) return larger
  }
  return DECIMAL_EXPONENT_MAX + 1
}

/** The first exponent above that a value which is no decimal at this one needs, or one above all. */
function nextExponent(valuesPtr: usize, count: i32, exponent: i32, isSingle: bool, scale: Scale): i32 {
  for (let index = 0; index < count; index++) {
    const value = valueAt(valuesPtr, index, isSingle)
    useDecimals(scale, exponent)
    const integer = integerOf(value, scale, isSingle)
    if (integer === integer) continue
    const larger = exponentFor(value, exponent, isSingle, scale)
    if (larger <= DECIMAL_EXPONENT_MAX) return larger
  }
  return DECIMAL_EXPONENT_MAX + 1
}

/** Integers at the scale at which nearly all values are decimals; false when there is none. */
export function findDecimals(
  valuesPtr: usize,
  count: i32,
  isSingle: bool,
  scale: Scale,
  integersPtr: usize,
  patchedPtr: usize,
): bool {
  const samples = min(count, SAMPLES_MAX)
  let exponent = 0
  let misfits = 0
  for (let sample = 0; sample < samples; sample++) {
    const at = (((sample as i64) * (count as i64)) / (samples as i64)) as i32
    const larger = exponentFor(valueAt(valuesPtr, at, isSingle), exponent, isSingle, scale)
    if (larger <= DECIMAL_EXPONENT_MAX) exponent = larger
    else if (++misfits > samples >> 3) return false
  }
  // a value between the samples may need more digits
  for (let round = 0; round < 4; round++) {
    useDecimals(scale, exponent)
    if (scaleAll(valuesPtr, count, isSingle, scale, integersPtr, patchedPtr)) return true
    exponent = nextExponent(valuesPtr, count, exponent, isSingle, scale)
    if (exponent > DECIMAL_EXPONENT_MAX) return false
  }
  return false
}
