// Floats as integers k: decimals k / 10^e, and multiples k × q. Always bit for bit, or within half of q where a precision
// allows it; what does not fit is patched.

import { DECIMAL_EXPONENT_MAX } from './layout'
import { addPatch, clearPatched, patchedCount } from './patches'

/** Adding and subtracting it rounds to the nearest integer, ties to even. */
const ROUNDING: f64 = 6755399441055744.0
const INTEGER_LIMIT_F64: f64 = 2251799813685248.0
const INTEGER_LIMIT_F32: f64 = 2147483646.0
/** 32-bit floats have seven digits: those that need more decimals than this are none. */
const EXPONENT_MAX_F32 = 8
const SAMPLES_MAX = 32
/** One value in four may be patched. */
const PATCHED_SHIFT = 2

export const SCALED_NONE = 0
export const SCALED_NARROW = 1
export const SCALED_WIDE = 2

const POWERS_COUNT = 23
/** 1 … 10^22, exact doubles, every one; filled once by columnInit, constant afterwards. */
const POWERS_OF_TEN: usize = memory.data(POWERS_COUNT * 8, 16)

export function columnInit(): void {
  let power: f64 = 1
  for (let exponent = 0; exponent < POWERS_COUNT; exponent++) {
    store<f64>(POWERS_OF_TEN + ((exponent as usize) << 3), power)
    power *= 10
  }
}

export function powerOfTen(exponent: i32): f64 {
  return load<f64>(POWERS_OF_TEN + ((exponent as usize) << 3))
}

/** How floats become integers: × `factor`; and back again: decimals ÷ `factor`, multiples × `quantum`. */
@unmanaged
export class Scale {
  factor: f64
  /** 0: decimals. */
  quantum: f64
  /** Largest |decoded − given|; 0: the same bits. */
  tolerance: f64
  exponent: i32
  hasNegativeZero: i32
}

export function useDecimals(scale: Scale, exponent: i32): void {
  scale.factor = powerOfTen(exponent)
  scale.quantum = 0
  scale.tolerance = 0
  scale.exponent = exponent
}

export function useMultiples(scale: Scale, quantum: f64, tolerance: f64): void {
  scale.factor = 1 / quantum
  scale.quantum = quantum
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
  const integer = value * scale.factor + ROUNDING - ROUNDING
  if (!(abs(integer) < (isSingle ? INTEGER_LIMIT_F32 : INTEGER_LIMIT_F64))) return NaN
  const exact = scale.quantum === 0 ? integer / scale.factor : integer * scale.quantum
  const back = isSingle ? (exact as f32 as f64) : exact
  const fits = scale.tolerance === 0 ? back === value : abs(back - value) <= scale.tolerance
  return fits ? integer : NaN
}

function isNegativeZero(value: f64): bool {
  return reinterpret<u64>(value) === 0x8000000000000000
}

function storeInteger(integersPtr: usize, index: i32, integer: i64, isNarrow: bool): void {
  if (isNarrow) store<i32>(integersPtr + ((index as usize) << 2), integer as i32)
  else store<i64>(integersPtr + ((index as usize) << 3), integer)
}

function loadInteger(integersPtr: usize, index: i32, isNarrow: bool): i64 {
  return isNarrow
    ? (load<i32>(integersPtr + ((index as usize) << 2)) as i64)
    : load<i64>(integersPtr + ((index as usize) << 3))
}

/** Back from integers, as doubles, to two values. */
function unscalePair(integers: v128, isDecimal: bool, scale: v128): v128 {
  return isDecimal ? f64x2.div(integers, scale) : f64x2.mul(integers, scale)
}

/**
 * Narrow integers of as many doubles, from `first` on, as have one, four at a time; returns the index after them. A −0
 * has none here.
 */
function scaleDoubles(valuesPtr: usize, first: i32, count: i32, scale: Scale, wordsPtr: usize): i32 {
  const isDecimal = scale.quantum === 0
  const factor = f64x2.splat(scale.factor)
  const back = f64x2.splat(isDecimal ? scale.factor : scale.quantum)
  const rounding = f64x2.splat(ROUNDING)
  const limit = f64x2.splat(INTEGER_LIMIT_F32)
  let index = first
  for (; index + 4 <= count; index += 4) {
    const low = v128.load(valuesPtr + ((index as usize) << 3))
    const high = v128.load(valuesPtr + ((index as usize) << 3), 16)
    const lowShifted = f64x2.add(f64x2.mul(low, factor), rounding)
    const highShifted = f64x2.add(f64x2.mul(high, factor), rounding)
    const lowIntegers = f64x2.sub(lowShifted, rounding)
    const highIntegers = f64x2.sub(highShifted, rounding)
    const lowFits = i64x2.eq(unscalePair(lowIntegers, isDecimal, back), low)
    const highFits = i64x2.eq(unscalePair(highIntegers, isDecimal, back), high)
    const inRange = f64x2.lt(f64x2.max(f64x2.abs(lowIntegers), f64x2.abs(highIntegers)), limit)
    if (!i64x2.all_true(v128.and(v128.and(lowFits, highFits), inRange))) break
    v128.store(wordsPtr + ((index as usize) << 2), v128.shuffle<i32>(lowShifted, highShifted, 0, 2, 4, 6))
  }
  return index
}

/** The same for 32-bit floats. */
function scaleSingles(valuesPtr: usize, first: i32, count: i32, scale: Scale, wordsPtr: usize): i32 {
  const isDecimal = scale.quantum === 0
  const factor = f64x2.splat(scale.factor)
  const back = f64x2.splat(isDecimal ? scale.factor : scale.quantum)
  const rounding = f64x2.splat(ROUNDING)
  const limit = f64x2.splat(INTEGER_LIMIT_F32)
  let index = first
  for (; index + 4 <= count; index += 4) {
    const values = v128.load(valuesPtr + ((index as usize) << 2))
    const low = f64x2.promote_low_f32x4(values)
    const high = f64x2.promote_low_f32x4(v128.shuffle<i32>(values, values, 2, 3, 2, 3))
    const lowShifted = f64x2.add(f64x2.mul(low, factor), rounding)
    const highShifted = f64x2.add(f64x2.mul(high, factor), rounding)
    const lowIntegers = f64x2.sub(lowShifted, rounding)
    const highIntegers = f64x2.sub(highShifted, rounding)
    const lowBack = f32x4.demote_f64x2_zero(unscalePair(lowIntegers, isDecimal, back))
    const highBack = f32x4.demote_f64x2_zero(unscalePair(highIntegers, isDecimal, back))
    const fits = i32x4.eq(v128.shuffle<i32>(lowBack, highBack, 0, 1, 4, 5), values)
    const inRange = f64x2.lt(f64x2.max(f64x2.abs(lowIntegers), f64x2.abs(highIntegers)), limit)
    if (!i32x4.all_true(v128.and(fits, inRange))) break
    v128.store(wordsPtr + ((index as usize) << 2), v128.shuffle<i32>(lowShifted, highShifted, 0, 2, 4, 6))
  }
  return index
}

/** Makes −0 a -1, and integers below 0 one less. */
function makeRoomForNegativeZero(
  valuesPtr: usize,
  count: i32,
  isSingle: bool,
  integersPtr: usize,
  isNarrow: bool,
): void {
  let index = 0
  if (isNarrow) {
    const negativeZero32 = i32x4.splat(0x80000000)
    const negativeZero64 = i64x2.splat(0x8000000000000000)
    for (; index + 4 <= count; index += 4) {
      const ptr = integersPtr + ((index as usize) << 2)
      const words = v128.load(ptr)
      let negativeZeros: v128
      if (isSingle) negativeZeros = i32x4.eq(v128.load(valuesPtr + ((index as usize) << 2)), negativeZero32)
      else {
        const low = i64x2.eq(v128.load(valuesPtr + ((index as usize) << 3)), negativeZero64)
        const high = i64x2.eq(v128.load(valuesPtr + ((index as usize) << 3), 16), negativeZero64)
        negativeZeros = v128.shuffle<i32>(low, high, 0, 2, 4, 6)
      }
      // a mask's lanes are -1
      v128.store(ptr, i32x4.add(words, v128.or(i32x4.shr_s(words, 31), negativeZeros)))
    }
  }
  for (; index < count; index++) {
    const integer = loadInteger(integersPtr, index, isNarrow)
    if (integer < 0 || isNegativeZero(valueAt(valuesPtr, index, isSingle))) {
      storeInteger(integersPtr, index, integer - 1, isNarrow)
    }
  }
}

/**
 * Integers of all values; false when more than one in four has none. Those at patched positions repeat the one before.
 * Below 0 they are one less where −0 is -1. With `isNarrow` they are words, and one beyond these is none.
 */
function scaleAll(
  valuesPtr: usize,
  count: i32,
  isSingle: bool,
  isNarrow: bool,
  scale: Scale,
  integersPtr: usize,
  patchedPtr: usize,
): bool {
  const patchesMax = (count >> PATCHED_SHIFT) + 1
  clearPatched(patchedPtr)
  scale.hasNegativeZero = 0
  let previous: i64 = 0
  for (let index = 0; index < count; ) {
    if (isNarrow && scale.tolerance === 0) {
      const next = isSingle
        ? scaleSingles(valuesPtr, index, count, scale, integersPtr)
        : scaleDoubles(valuesPtr, index, count, scale, integersPtr)
      if (next > index) previous = loadInteger(integersPtr, next - 1, true)
      index = next
      if (index === count) break
    }
    const value = valueAt(valuesPtr, index, isSingle)
    const integer = integerOf(value, scale, isSingle)
    if (!F64.isNaN(integer)) {
      if (isNarrow && abs(integer) >= INTEGER_LIMIT_F32) return false
      previous = integer as i64
      if (isNegativeZero(value)) scale.hasNegativeZero = 1
    } else {
      addPatch(patchedPtr, index)
      if (patchedCount(patchedPtr) > patchesMax) return false
    }
    storeInteger(integersPtr, index, previous, isNarrow)
    index++
  }
  if (scale.hasNegativeZero) makeRoomForNegativeZero(valuesPtr, count, isSingle, integersPtr, isNarrow)
  return true
}

/** The smallest exponent from `exponent` on at which the value is a decimal, or one above all. Changes the scale. */
function exponentFor(value: f64, exponent: i32, isSingle: bool, scale: Scale): i32 {
  const exponentMax = isSingle ? EXPONENT_MAX_F32 : DECIMAL_EXPONENT_MAX
  for (let larger = exponent; larger <= exponentMax; larger++) {
    useDecimals(scale, larger)
    const integer = integerOf(value, scale, isSingle)
    if (!F64.isNaN(integer)) return larger
  }
  return DECIMAL_EXPONENT_MAX + 1
}

/** The first exponent above that a value which is no decimal at this one needs, or one above all. */
function nextExponent(valuesPtr: usize, count: i32, exponent: i32, isSingle: bool, scale: Scale): i32 {
  for (let index = 0; index < count; index++) {
    const value = valueAt(valuesPtr, index, isSingle)
    useDecimals(scale, exponent)
    const integer = integerOf(value, scale, isSingle)
    if (!F64.isNaN(integer)) continue
    const larger = exponentFor(value, exponent, isSingle, scale)
    if (larger <= DECIMAL_EXPONENT_MAX) return larger
  }
  return DECIMAL_EXPONENT_MAX + 1
}

/**
 * Integers of all values: SCALED_NARROW, as words at `wordsPtr`; SCALED_WIDE, of doubles, as 64-bit ones at
 * `integersPtr`; SCALED_NONE when more than one in four has none.
 */
export function scaleValues(
  valuesPtr: usize,
  count: i32,
  isSingle: bool,
  scale: Scale,
  wordsPtr: usize,
  integersPtr: usize,
  patchedPtr: usize,
): i32 {
  if (scaleAll(valuesPtr, count, isSingle, true, scale, wordsPtr, patchedPtr)) return SCALED_NARROW
  if (isSingle) return SCALED_NONE
  return scaleAll(valuesPtr, count, false, false, scale, integersPtr, patchedPtr) ? SCALED_WIDE : SCALED_NONE
}

/** The same at the scale at which nearly all values are decimals. */
export function scaleDecimals(
  valuesPtr: usize,
  count: i32,
  isSingle: bool,
  scale: Scale,
  wordsPtr: usize,
  integersPtr: usize,
  patchedPtr: usize,
): i32 {
  const samples = min(count, SAMPLES_MAX)
  let exponent = 0
  let misfits = 0
  for (let sample = 0; sample < samples; sample++) {
    const at = (((sample as i64) * (count as i64)) / (samples as i64)) as i32
    const larger = exponentFor(valueAt(valuesPtr, at, isSingle), exponent, isSingle, scale)
    if (larger <= DECIMAL_EXPONENT_MAX) exponent = larger
    else if (++misfits > samples >> 2) return SCALED_NONE
  }
  // a value between the samples may need more digits
  for (let round = 0; round < 4; round++) {
    useDecimals(scale, exponent)
    const outcome = scaleValues(valuesPtr, count, isSingle, scale, wordsPtr, integersPtr, patchedPtr)
    if (outcome !== SCALED_NONE) return outcome
    exponent = nextExponent(valuesPtr, count, exponent, isSingle, scale)
    if (exponent > DECIMAL_EXPONENT_MAX) return SCALED_NONE
  }
  return SCALED_NONE
}
