// Floats as integers in the order of the floats: the sign-magnitude bits of negative ones turned around.

import type { IntegerPairs } from './varints.js'

const float64 = new Float64Array(1)
const float64Words = new Int32Array(float64.buffer)
const float32 = new Float32Array(1)
const float32Word = new Int32Array(float32.buffer)

// 2^−126, 2^−24, 2^−1000, 2^−52, written out: engines differ in what a power gives.
const SMALLEST_SINGLE = 1.1754943508222875e-38
const HALF_SINGLE = 5.9604644775390625e-8
const SMALLEST_DOUBLE = 9.332636185032189e-302
const ULP_DOUBLE = 2.220446049250313e-16

/** The same both ways. */
export function ordered32(bits: number): number {
  return bits ^ ((bits >> 31) & 0x7fffffff)
}

/** Turns 64-bit patterns around in place; the same both ways. */
export function order64(integers: IntegerPairs): void {
  for (let at = 0; at < integers.length; at += 2) {
    const sign = integers[at + 1] >> 31
    integers[at] ^= sign
    integers[at + 1] ^= sign & 0x7fffffff
  }
}

/** Bits of each double as a 32-bit float; undefined at the first that is none. NaN moves as an integer. */
export function singleBits(values: Float64Array): Int32Array | undefined {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
  const singles = new Int32Array(values.length)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    if (Number.isNaN(value)) {
      const low = words[index * 2]
      const high = words[index * 2 + 1]
      if ((low & 0x1fffffff) !== 0) return undefined
      singles[index] = (high & 0x80000000) | 0x7f800000 | ((high & 0x000fffff) << 3) | (low >>> 29)
    } else {
      float32[0] = value
      if (float32[0] !== value) return undefined
      singles[index] = float32Word[0]
    }
  }
  return singles
}

/** Writes the double equal to a 32-bit float given by its bits, as words. */
export function widenSingle(bits: number, target: Int32Array, at: number): void {
  if ((bits & 0x7fffffff) <= 0x7f800000) {
    float32Word[0] = bits
    float64[0] = float32[0]
    target[at] = float64Words[0]
    target[at + 1] = float64Words[1]
  } else {
    target[at] = bits << 29
    target[at + 1] = (bits & 0x80000000) | 0x7ff00000 | ((bits & 0x007fffff) >>> 3)
  }
}

/**
 * Half the distance to the next float of the type: how far rounding may have moved the value. Of doubles all of it, since
 * what is computed from it is rounded as well.
 */
export function halfUlp(value: number, isSingle: boolean): number {
  if (isSingle) {
    float32[0] = value
    float32Word[0] &= 0x7f800000
    return Math.max(float32[0], SMALLEST_SINGLE) * HALF_SINGLE
  }
  float64[0] = value
  float64Words[0] = 0
  float64Words[1] &= 0x7ff00000
  return Math.max(float64[0], SMALLEST_DOUBLE) * ULP_DOUBLE
}
