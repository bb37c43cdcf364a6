// Floats as integers in the order of the floats: the sign-magnitude bits of negative ones turned around.

// 2^−126, 2^−24, 2^−1000, 2^−52
const SMALLEST_SINGLE: f64 = 1.1754943508222875e-38
const HALF_SINGLE: f64 = 5.9604644775390625e-8
const SMALLEST_DOUBLE: f64 = 9.332636185032189e-302
const ULP_DOUBLE: f64 = 2.220446049250313e-16

/** The same both ways. */
export function ordered64(bits: i64): i64 {
  return bits ^ ((bits >> 63) & i64.MAX_VALUE)
}

/** Turns `count` 32-bit patterns around; the same both ways. */
export function order32All(sourcePtr: usize, count: i32, targetPtr: usize): void {
  const end = sourcePtr + ((count as usize) << 2)
  const magnitude = i32x4.splat(0x7fffffff)
  let target = targetPtr
  let source = sourcePtr
  for (; source + 16 <= end; source += 16, target += 16) {
    const bits = v128.load(source)
    v128.store(target, v128.xor(bits, v128.and(i32x4.shr_s(bits, 31), magnitude)))
  }
  for (; source < end; source += 4, target += 4) {
    const bits = load<i32>(source)
    store<i32>(target, bits ^ ((bits >> 31) & 0x7fffffff))
  }
}

/** The same for 64-bit patterns. */
export function order64All(sourcePtr: usize, count: i32, targetPtr: usize): void {
  for (let index: usize = 0; index < (count as usize); index++) {
    store<i64>(targetPtr + (index << 3), ordered64(load<i64>(sourcePtr + (index << 3))))
  }
}

/** Bits of each double as a 32-bit float; false at the first that is none. NaN moves as an integer. */
export function fillSingles(valuesPtr: usize, count: i32, targetPtr: usize): bool {
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
    store<u32>(targetPtr + ((index as usize) << 2), bits)
  }
  return true
}

/** Bits of the double equal to a 32-bit float. */
export function widenSingle(bits: u32): u64 {
  if ((bits & 0x7fffffff) <= 0x7f800000) return reinterpret<u64>(reinterpret<f32>(bits) as f64)
  return (((bits & 0x80000000) as u64) << 32) | 0x7ff0000000000000 | (((bits & 0x007fffff) as u64) << 29)
}

/**
 * Half the distance to the next float of the type: how far rounding may have moved the value. Of doubles all of it, since
 * what is computed from it is rounded as well.
 */
export function halfUlp(value: f64, isSingle: bool): f64 {
  if (isSingle) {
    const power = reinterpret<f32>(reinterpret<u32>(value as f32) & 0x7f800000) as f64
    return max<f64>(power, SMALLEST_SINGLE) * HALF_SINGLE
  }
  return max<f64>(reinterpret<f64>(reinterpret<u64>(value) & 0x7ff0000000000000), SMALLEST_DOUBLE) * ULP_DOUBLE
}
