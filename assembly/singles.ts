// 64-bit floats that are made of 32-bit ones: by a factor, or by being printed and read again.

import { addPatch, clearPatched, patchedCount } from './patches'
import { powerOfTen } from './scaled-integers'

/** Standard gravity, its rounded form, radians and degrees: what libraries multiply sensor floats by. */
const FACTORS: usize = memory.data<f64>([9.80665, 9.81, 57.29577951308232, 0.017453292519943295])
const FACTOR_COUNT = 4
/** Significant digits; 0: the fewest from 6 to 9 that give the 32-bit float back. */
const DIGITS: usize = memory.data<i32>([0, 10])
const DIGITS_COUNT = 2
const ROUNDING: f64 = 6755399441055744.0
const SAMPLES_MAX = 8

/** How 64-bit floats come from 32-bit ones: × `factor`, or, with factor 0, printed with so many digits. */
@unmanaged
export class SingleOrigin {
  factor: f64
  digits: i32
}

/** The double that a positive float printed with so many significant digits reads as; NaN outside 1e-13 … 1e13. */
function printedWith(value: f64, digits: i32): f64 {
  if (!(value >= 1e-13 && value < 1e13)) return NaN
  let magnitude = 0
  if (value >= 1) while (value >= powerOfTen(magnitude + 1)) magnitude++
  else while (value < 1 / powerOfTen(-magnitude)) magnitude--
  const scale = digits - 1 - magnitude
  if (scale >= 0) return (value * powerOfTen(scale) + ROUNDING - ROUNDING) / powerOfTen(scale)
  return (value / powerOfTen(-scale) + ROUNDING - ROUNDING) * powerOfTen(-scale)
}

function printed(single: f64, digits: i32): f64 {
  const value = abs(single)
  let text = NaN
  if (value === 0) text = 0
  else if (digits > 0) text = printedWith(value, digits)
  else {
    for (let fewest = 6; fewest <= 9; fewest++) {
      text = printedWith(value, fewest)
      if ((text as f32 as f64) === value) break
    }
  }
  return copysign<f64>(text, single)
}

/** The 64-bit float that comes from a 32-bit one. */
export function fromSingle(single: f64, origin: SingleOrigin): f64 {
  return origin.factor !== 0 ? single * origin.factor : printed(single, origin.digits)
}

function toSingle(value: f64, origin: SingleOrigin): f32 {
  return (origin.factor !== 0 ? value / origin.factor : value) as f32
}

function comesFrom(value: f64, single: f32, origin: SingleOrigin): bool {
  return !F64.isNaN(value) && reinterpret<u64>(fromSingle(single as f64, origin)) === reinterpret<u64>(value)
}

function fitsSamples(valuesPtr: usize, count: i32, origin: SingleOrigin): bool {
  const samples = min(count, SAMPLES_MAX)
  let misfits = 0
  for (let sample = 0; sample < samples; sample++) {
    const at = ((sample as i64) * (count as i64)) / (samples as i64)
    const value = load<f64>(valuesPtr + ((at as usize) << 3))
    if (!comesFrom(value, toSingle(value, origin), origin) && ++misfits > 1) return false
  }
  return misfits < samples
}

/** Fills the 32-bit floats behind the values; false when more than one in 16 has none. */
function fillFrom(valuesPtr: usize, count: i32, origin: SingleOrigin, singlesPtr: usize, patchedPtr: usize): bool {
  clearPatched(patchedPtr)
  let previous: f32 = 0
  for (let index = 0; index < count; index++) {
    const value = load<f64>(valuesPtr + ((index as usize) << 3))
    const single = toSingle(value, origin)
    if (comesFrom(value, single, origin)) previous = single
    else {
      addPatch(patchedPtr, index)
      if (patchedCount(patchedPtr) > (count >> 4) + 1) return false
    }
    store<f32>(singlesPtr + ((index as usize) << 2), previous)
  }
  return true
}

/** Finds where the values come from; false when that is nowhere. */
export function findSingles(
  valuesPtr: usize,
  count: i32,
  origin: SingleOrigin,
  singlesPtr: usize,
  patchedPtr: usize,
): bool {
  for (let candidate = 0; candidate < FACTOR_COUNT + DIGITS_COUNT; candidate++) {
    const isFactor = candidate < FACTOR_COUNT
    origin.factor = isFactor ? load<f64>(FACTORS + ((candidate as usize) << 3)) : 0
    origin.digits = isFactor ? 0 : load<i32>(DIGITS + (((candidate - FACTOR_COUNT) as usize) << 2))
    if (!fitsSamples(valuesPtr, count, origin)) continue
    if (fillFrom(valuesPtr, count, origin, singlesPtr, patchedPtr)) return true
  }
  return false
}
