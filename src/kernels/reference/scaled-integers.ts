// Floats as integers k: decimals k / 10^e, and multiples k × q. Always bit for bit, or within half of q where a precision
// allows it; what does not fit is patched.

import { DECIMAL_EXPONENT_MAX } from '../../../assembly/layout'

type Floats = Float64Array | Float32Array

/** Adding and subtracting it rounds to the nearest integer, ties to even. */
const ROUNDING = 1.5 * 2 ** 52
const INTEGER_LIMIT_F64 = 2 ** 51
const INTEGER_LIMIT_F32 = 2 ** 31 - 2
/** 32-bit floats have seven digits: those that need more decimals than this are none. */
const EXPONENT_MAX_F32 = 8
const SAMPLES_MAX = 32
/** One value in four may be patched. */
const PATCHED_SHIFT = 2

/** 1 … 10^22, exact doubles, every one; Math.pow differs between engines. */
export const POWERS_OF_TEN = [1]
for (let exponent = 1; exponent <= 22; exponent++) POWERS_OF_TEN.push(POWERS_OF_TEN[exponent - 1] * 10)

/** How floats become integers: × `factor`; and back again: decimals ÷ `factor`, multiples × `quantum`. */
export interface Scale {
  factor: number
  /** 0: decimals. */
  quantum: number
  /** Decimal exponent; -1 for multiples. */
  exponent: number
  /** Largest |decoded − given|; 0: the same bits. */
  tolerance: number
}

export interface ScaledIntegers {
  /** One per value; those at patched positions repeat the one before. */
  integers: Float64Array
  hasNegativeZero: boolean
  patched: number[]
}

function decimalScale(exponent: number): Scale {
  return { factor: POWERS_OF_TEN[exponent], quantum: 0, exponent, tolerance: 0 }
}

export function multipleScale(quantum: number, tolerance: number): Scale {
  return { factor: 1 / quantum, quantum, exponent: -1, tolerance }
}

/** The integer of a value, NaN where there is none. −0 gives 0. */
function integerOf(value: number, { factor, quantum, tolerance }: Scale, isSingle: boolean): number {
  const integer = value * factor + ROUNDING - ROUNDING
  if (!(Math.abs(integer) < (isSingle ? INTEGER_LIMIT_F32 : INTEGER_LIMIT_F64))) return Number.NaN
  const exact = quantum === 0 ? integer / factor : integer * quantum
  const back = isSingle ? Math.fround(exact) : exact
  const fits = tolerance === 0 ? back === value : Math.abs(back - value) <= tolerance
  return fits ? integer + 0 : Number.NaN
}

function isNegativeZero(value: number): boolean {
  return value === 0 && 1 / value < 0
}

/** Integers of all values; undefined when more than one in four has none. Below 0 they are one less where −0 is -1. */
export function scaleAll(values: Floats, scale: Scale): ScaledIntegers | undefined {
  const isSingle = values.BYTES_PER_ELEMENT === 4
  const integers = new Float64Array(values.length)
  const patched: number[] = []
  let hasNegativeZero = false
  let previous = 0
  for (let index = 0; index < values.length; index++) {
    const integer = integerOf(values[index], scale, isSingle)
    if (Number.isNaN(integer)) {
      if (patched.push(index) > (values.length >> PATCHED_SHIFT) + 1) return undefined
    } else {
      previous = integer
      hasNegativeZero ||= isNegativeZero(values[index])
    }
    integers[index] = previous
  }
  if (hasNegativeZero) {
    for (let index = 0; index < values.length; index++) {
      if (integers[index] < 0 || isNegativeZero(values[index])) integers[index] -= 1
    }
  }
  return { integers, hasNegativeZero, patched }
}

function sampleAt(sample: number, samples: number, count: number): number {
  return Math.floor((sample * count) / samples)
}

/** The smallest exponent above `exponent` at which the value is a decimal, or above all. */
function exponentFor(value: number, exponent: number, isSingle: boolean): number {
  const exponentMax = isSingle ? EXPONENT_MAX_F32 : DECIMAL_EXPONENT_MAX
  let larger = exponent
  while (larger <= exponentMax && Number.isNaN(integerOf(value, decimalScale(larger), isSingle))) larger++
  return larger <= exponentMax ? larger : DECIMAL_EXPONENT_MAX + 1
}

/** The scale at which nearly all values are decimals; undefined when there is none. */
export function findDecimals(values: Floats): (ScaledIntegers & { scale: Scale }) | undefined {
  const isSingle = values.BYTES_PER_ELEMENT === 4
  const samples = Math.min(values.length, SAMPLES_MAX)
  let exponent = 0
  let misfits = 0
  for (let sample = 0; sample < samples; sample++) {
    const larger = exponentFor(values[sampleAt(sample, samples, values.length)], exponent, isSingle)
    if (larger <= DECIMAL_EXPONENT_MAX) exponent = larger
    else if (++misfits > samples >> 2) return undefined
  }
  // a value between the samples may need more digits
  for (let round = 0; round < 4; round++) {
    const scale = decimalScale(exponent)
    const scaled = scaleAll(values, scale)
    if (scaled) return { ...scaled, scale }
    let larger = DECIMAL_EXPONENT_MAX + 1
    for (let index = 0; index < values.length && larger > DECIMAL_EXPONENT_MAX; index++) {
      if (Number.isNaN(integerOf(values[index], scale, isSingle)))
        larger = exponentFor(values[index], exponent, isSingle)
    }
    if (larger > DECIMAL_EXPONENT_MAX) return undefined
    exponent = larger
  }
  return undefined
}
