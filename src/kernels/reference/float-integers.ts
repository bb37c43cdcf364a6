import type { IntegerPairs } from './bits.js'

const INTEGER_LIMIT = 2 ** 53
const WORD = 2 ** 32

/** Exact doubles, every one; Math.pow differs between engines. */
export const POWERS_OF_TEN = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
]

const float64 = new Float64Array(1)
const float64Words = new Int32Array(float64.buffer)
const float32 = new Float32Array(1)
const float32Word = new Int32Array(float32.buffer)

/** To the nearest integer, ties to even. */
function roundToEven(value: number): number {
  const rounded = Math.round(value)
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded
}

/** The integer k with k / power the same bits as `value`, or NaN. */
function decimalOf(value: number, power: number, isF32: boolean): number {
  const integer = roundToEven(value * power)
  if (!(Math.abs(integer) < INTEGER_LIMIT)) return Number.NaN
  // + 0 makes −0 a 0, as integers are
  const quotient = (integer + 0) / power
  return Object.is(isF32 ? Math.fround(quotient) : quotient, value) ? integer : Number.NaN
}

function fillFrom(
  values: Float64Array | Float32Array,
  first: number,
  count: number,
  power: number,
  target: IntegerPairs,
): number {
  const isF32 = values.BYTES_PER_ELEMENT === 4
  for (let index = first; index < count; index++) {
    const integer = decimalOf(values[index], power, isF32)
    if (Number.isNaN(integer)) return index
    target[index * 2] = integer
    target[index * 2 + 1] = Math.floor(integer / WORD)
  }
  return count
}

/**
 * Writes the integers of the smallest exponent that holds every value and returns it, or -1. The exponent grows at the
 * value that needs it; values before that one are done again at the end, and must still fit.
 */
export function fillDecimals(values: Float64Array | Float32Array, exponentMax: number, target: IntegerPairs): number {
  let exponent = 0
  let settled = 0
  let index = 0
  while ((index = fillFrom(values, index, values.length, POWERS_OF_TEN[exponent], target)) < values.length) {
    if (++exponent > exponentMax) return -1
    settled = index
  }
  return fillFrom(values, 0, settled, POWERS_OF_TEN[exponent], target) === settled ? exponent : -1
}

/** Bits of each double as a 32-bit float; false at the first that is none. NaN moves as an integer. */
export function fillFloat32Bits(values: Float64Array, target: IntegerPairs): boolean {
  const words = new Int32Array(values.buffer, values.byteOffset, values.length * 2)
  for (let index = 0; index < values.length; index++) {
    const value = values[index]
    let bits: number
    if (Number.isNaN(value)) {
      const low = words[index * 2]
      const high = words[index * 2 + 1]
      if ((low & 0x1fffffff) !== 0) return false
      bits = (high & 0x80000000) | 0x7f800000 | ((high & 0x000fffff) << 3) | (low >>> 29)
    } else {
      float32[0] = value
      if (float32[0] !== value) return false
      bits = float32Word[0]
    }
    target[index * 2] = bits
    target[index * 2 + 1] = bits >> 31
  }
  return true
}

/** Writes the double equal to a 32-bit float given by its bits, as words. */
export function widenFloat32Bits(bits: number, target: Int32Array, at: number): void {
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
