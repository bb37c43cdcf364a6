// 64-bit floats that are made of 32-bit ones: by a factor, or by being printed and read again.

import { POWERS_OF_TEN } from './scaled-integers.js'

/** Standard gravity, its rounded form, radians and degrees: what libraries multiply sensor floats by. */
const FACTORS = [9.80665, 9.81, 57.29577951308232, 0.017453292519943295]
/** Significant digits; 0: the fewest from 6 to 9 that give the 32-bit float back. */
const DIGITS = [0, 10]
const ROUNDING = 1.5 * 2 ** 52
const SAMPLES_MAX = 8

/** How a 64-bit float comes from a 32-bit one: × `factor`, or, with factor 0, printed with so many digits. */
export interface SingleOrigin {
  factor: number
  digits: number
}

export interface Singles {
  origin: SingleOrigin
  singles: Float32Array
  patched: number[]
}

/** The double that a positive float printed with so many significant digits reads as; NaN outside 1e-13 … 1e13. */
function printedWith(value: number, digits: number): number {
  if (!(value >= 1e-13 && value < 1e13)) return Number.NaN
  let magnitude = 0
  if (value >= 1) while (value >= POWERS_OF_TEN[magnitude + 1]) magnitude++
  else while (value < 1 / POWERS_OF_TEN[-magnitude]) magnitude--
  const scale = digits - 1 - magnitude
  if (scale >= 0) return (value * POWERS_OF_TEN[scale] + ROUNDING - ROUNDING) / POWERS_OF_TEN[scale]
  return (value / POWERS_OF_TEN[-scale] + ROUNDING - ROUNDING) * POWERS_OF_TEN[-scale]
}

function printed(single: number, digits: number): number {
  const value = Math.abs(single)
  let text = Number.NaN
  if (value === 0) text = 0
  else if (digits > 0) text = printedWith(value, digits)
  else {
    for (let fewest = 6; fewest <= 9; fewest++) {
      text = printedWith(value, fewest)
      if (Math.fround(text) === value) break
    }
  }
  return single < 0 || (single === 0 && 1 / single < 0) ? -text : text
}

/** The 64-bit float that comes from a 32-bit one. */
export function fromSingle(single: number, { factor, digits }: SingleOrigin): number {
  return factor !== 0 ? single * factor : printed(single, digits)
}

function toSingle(value: number, { factor }: SingleOrigin): number {
  return Math.fround(factor !== 0 ? value / factor : value)
}

function comesFrom(value: number, origin: SingleOrigin): boolean {
  return Object.is(fromSingle(toSingle(value, origin), origin), value) && !Number.isNaN(value)
}

function fitsSamples(values: Float64Array, origin: SingleOrigin): boolean {
  const samples = Math.min(values.length, SAMPLES_MAX)
  let misfits = 0
  for (let sample = 0; sample < samples; sample++) {
    if (!comesFrom(values[Math.floor((sample * values.length) / samples)], origin) && ++misfits > 1) return false
  }
  return misfits < samples
}

const ORIGINS: readonly SingleOrigin[] = [
  ...FACTORS.map((factor) => ({ factor, digits: 0 })),
  ...DIGITS.map((digits) => ({ factor: 0, digits })),
]

/** The 32-bit floats behind the values; undefined when more than one in 16 has none. */
export function findSingles(values: Float64Array): Singles | undefined {
  for (const origin of ORIGINS) {
    if (!fitsSamples(values, origin)) continue
    const singles = new Float32Array(values.length)
    const patched: number[] = []
    let previous = 0
    for (let index = 0; index < values.length; index++) {
      if (comesFrom(values[index], origin)) previous = toSingle(values[index], origin)
      else patched.push(index)
      singles[index] = previous
    }
    if (patched.length <= (values.length >> 4) + 1) return { origin, singles, patched }
  }
  return undefined
}
