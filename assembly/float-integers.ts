// Floats as integers, always bit for bit: decimals k / 10^e, and doubles that are 32-bit floats.

const POWERS_OF_TEN: usize = memory.data<f64>([
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
])
const INTEGER_LIMIT: f64 = 9007199254740992.0

export function powerOfTen(exponent: i32): f64 {
  return load<f64>(POWERS_OF_TEN + ((exponent as usize) << 3))
}

/** The integer of a double at this power; check it with `isDecimal64`. */
function decimalOf(value: f64, power: f64): f64 {
  return nearest(value * power)
}

function isDecimal64(value: f64, integer: f64, power: f64): bool {
  return abs(integer) < INTEGER_LIMIT && reinterpret<u64>((integer as i64 as f64) / power) === reinterpret<u64>(value)
}

/** The integer is divided as a double and rounded to 32 bits once. */
function isDecimal32(value: f32, integer: f64, power: f64): bool {
  return (
    abs(integer) < INTEGER_LIMIT &&
    reinterpret<u32>(((integer as i64 as f64) / power) as f32) === reinterpret<u32>(value)
  )
}

/** Integers of doubles from `count` values on; returns the first that is none at this power, or `count`. */
function fillDecimals64(valuesPtr: usize, first: i32, count: i32, power: f64, targetPtr: usize): i32 {
  for (let index = first; index < count; index++) {
    const value = load<f64>(valuesPtr + ((index as usize) << 3))
    const integer = decimalOf(value, power)
    if (!isDecimal64(value, integer, power)) return index
    store<i64>(targetPtr + ((index as usize) << 3), integer as i64)
  }
  return count
}

function fillDecimals32(valuesPtr: usize, first: i32, count: i32, power: f64, targetPtr: usize): i32 {
  for (let index = first; index < count; index++) {
    const value = load<f32>(valuesPtr + ((index as usize) << 2))
    const integer = decimalOf(value as f64, power)
    if (!isDecimal32(value, integer, power)) return index
    store<i64>(targetPtr + ((index as usize) << 3), integer as i64)
  }
  return count
}

/**
 * Writes the integers of the smallest exponent that holds every value and returns it, or -1. The exponent grows at the
 * value that needs it; values before that one are done again at the end, and must still fit.
 */
export function fillDecimals(valuesPtr: usize, count: i32, isF32: bool, exponentMax: i32, targetPtr: usize): i32 {
  let exponent = 0
  let settled = 0
  let index = 0
  while (true) {
    const power = powerOfTen(exponent)
    index = isF32
      ? fillDecimals32(valuesPtr, index, count, power, targetPtr)
      : fillDecimals64(valuesPtr, index, count, power, targetPtr)
    if (index === count) break
    if (++exponent > exponentMax) return -1
    settled = index
  }
  const power = powerOfTen(exponent)
  const refilled = isF32
    ? fillDecimals32(valuesPtr, 0, settled, power, targetPtr)
    : fillDecimals64(valuesPtr, 0, settled, power, targetPtr)
  return refilled === settled ? exponent : -1
}

/** Bits of each double as a 32-bit float, sign-extended; false at the first that is none. NaN moves as an integer. */
export function fillFloat32Bits(valuesPtr: usize, count: i32, targetPtr: usize): bool {
  for (let index = 0; index < count; index++) {
    const value = load<f64>(valuesPtr + ((index as usize) << 3))
    let bits: u32
    if (abs(value) <= Infinity) {
      const narrow = value as f32
      if ((narrow as f64) !== value) return false
      bits = reinterpret<u32>(narrow)
    } else {
      const wide = reinterpret<u64>(value)
      if ((wide & 0x1fffffff) !== 0) return false
      bits = (((wide >> 32) as u32) & 0x80000000) | 0x7f800000 | (((wide >> 29) as u32) & 0x007fffff)
    }
    store<i64>(targetPtr + ((index as usize) << 3), bits as i32 as i64)
  }
  return true
}

/** Bits of the double equal to a 32-bit float. */
export function widenFloat32Bits(bits: u32): u64 {
  if ((bits & 0x7fffffff) <= 0x7f800000) return reinterpret<u64>(reinterpret<f32>(bits) as f64)
  return (((bits & 0x80000000) as u64) << 32) | 0x7ff0000000000000 | (((bits & 0x007fffff) as u64) << 29)
}
