// The quantum q that floats are multiples of, as analogue-to-digital converters and their drivers make them: k × q, each
// rounded to the float type. Euclid's algorithm over a few differences, with their rounding carried along as intervals.

import { halfUlp } from './float-bits.js'
import { POWERS_OF_TEN } from './scaled-integers.js'

const SAMPLES_MAX = 32
const SAMPLES_MIN = 6
const REDUCTIONS_MAX = 12
/** A quantum this many roundings wide, or less, says nothing. */
const ROUNDINGS_MIN = 64

/** Adding and subtracting it rounds to the nearest integer, ties to even. */
const ROUNDING = 1.5 * 2 ** 52

const points = new Float64Array(SAMPLES_MAX)
const differences = new Float64Array(SAMPLES_MAX)
const roundings = new Float64Array(SAMPLES_MAX)

/** Distinct finite samples in rising order; returns how many. */
function takePoints(values: Float64Array | Float32Array): number {
  const samples = Math.min(values.length, SAMPLES_MAX)
  let count = 0
  for (let sample = 0; sample < samples; sample++) {
    const value = values[Math.floor((sample * values.length) / samples)]
    if (!(Math.abs(value) < Infinity)) continue
    let at = count
    while (at > 0 && points[at - 1] > value) at--
    if (at > 0 && points[at - 1] === value) continue
    for (let move = count; move > at; move--) points[move] = points[move - 1]
    points[at] = value
    count++
  }
  return count
}

/** Differences of neighbours in rising order, each with its rounding. */
function takeDifferences(count: number, isSingle: boolean): void {
  for (let index = 0; index + 1 < count; index++) {
    const difference = points[index + 1] - points[index]
    const rounding = halfUlp(points[index], isSingle) + halfUlp(points[index + 1], isSingle)
    let at = index
    for (; at > 0 && differences[at - 1] > difference; at--) {
      differences[at] = differences[at - 1]
      roundings[at] = roundings[at - 1]
    }
    differences[at] = difference
    roundings[at] = rounding
  }
}

/** The quantum of the samples, 0 where there is none. */
export function findQuantum(values: Float64Array | Float32Array): number {
  const isSingle = values.BYTES_PER_ELEMENT === 4
  const count = takePoints(values)
  if (count < SAMPLES_MIN) return 0
  takeDifferences(count, isSingle)
  let largestRounding = 0
  for (let index = 0; index + 1 < count; index++) largestRounding = Math.max(largestRounding, roundings[index])
  let low = differences[0] - roundings[0]
  let high = differences[0] + roundings[0]
  for (let index = 0, reductions = 0; index + 1 < count; index++) {
    const middle = (low + high) / 2
    if (!(middle > ROUNDINGS_MIN * largestRounding)) return 0
    const steps = Math.floor(differences[index] / middle + 0.5)
    const spread = steps * (high - low)
    if (spread >= middle) continue
    const rest = Math.abs(differences[index] - steps * middle)
    if (rest <= spread / 2 + roundings[index]) {
      low = Math.max(low, (differences[index] - roundings[index]) / steps)
      high = Math.min(high, (differences[index] + roundings[index]) / steps)
      continue
    }
    if (++reductions > REDUCTIONS_MAX) return 0
    low = rest - spread / 2 - roundings[index]
    high = rest + spread / 2 + roundings[index]
    index = -1
  }
  return refine(count, low, high, isSingle)
}

/** Narrows the quantum by the values themselves, the small ones first. */
function refine(count: number, lowest: number, highest: number, isSingle: boolean): number {
  let [low, high] = [lowest, highest]
  let right = 0
  while (right < count && points[right] < 0) right++
  let left = right - 1
  let misfits = 0
  while (left >= 0 || right < count) {
    const isRight = left < 0 || (right < count && points[right] < -points[left])
    const point = isRight ? points[right++] : -points[left--]
    const middle = (low + high) / 2
    const steps = Math.floor(point / middle + 0.5)
    if (steps === 0) continue
    if (steps * (high - low) > middle / 2) return 0
    const rounding = halfUlp(point, isSingle)
    const nextLow = Math.max(low, (point - rounding) / steps)
    const nextHigh = Math.min(high, (point + rounding) / steps)
    if (nextLow <= nextHigh) {
      low = nextLow
      high = nextHigh
    } else if (++misfits > count >> 3) return 0
  }
  return likeliest(count, low, high, isSingle)
}

/** How many of the points are multiples of the quantum, bit for bit. */
function fitting(count: number, quantum: number, isSingle: boolean): number {
  let fits = 0
  for (let index = 0; index < count; index++) {
    const exact = (points[index] * (1 / quantum) + ROUNDING - ROUNDING) * quantum
    if ((isSingle ? Math.fround(exact) : exact) === points[index]) fits++
  }
  return fits
}

/**
 * The quantum that most points are multiples of: a 32-bit float, as drivers keep them; a decimal; what the
 * farthest point gives; the middle. The first of equals.
 */
function likeliest(count: number, low: number, high: number, isSingle: boolean): number {
  const middle = (low + high) / 2
  const farthest = points[count - 1] > -points[0] ? points[count - 1] : -points[0]
  let best = middle
  let bestFits = -1
  const consider = (quantum: number): void => {
    if (!(quantum >= low && quantum <= high) || bestFits === count) return
    const fits = fitting(count, quantum, isSingle)
    if (fits > bestFits) [best, bestFits] = [quantum, fits]
  }
  consider(Math.fround(middle))
  let decimal = Number.NaN
  for (let exponent = 0; exponent < POWERS_OF_TEN.length; exponent++) {
    decimal = (middle * POWERS_OF_TEN[exponent] + ROUNDING - ROUNDING) / POWERS_OF_TEN[exponent]
    if (decimal >= low && decimal <= high) break
  }
  consider(decimal)
  consider(farthest / (farthest / middle + ROUNDING - ROUNDING))
  consider(middle)
  return best
}

const float64 = new Float64Array(1)
const float64Words = new Int32Array(float64.buffer)

/** Bits of a multiple from which on the float's own bits are as good. */
const MULTIPLE_BITS_SINGLE = 27
const MULTIPLE_BITS_DOUBLE = 40

/** The largest power of two that all finite values are multiples of; 0 where there is none of use. */
export function findPowerOfTwo(values: Float64Array | Float32Array): number {
  const bitsMax = values.BYTES_PER_ELEMENT === 4 ? MULTIPLE_BITS_SINGLE : MULTIPLE_BITS_DOUBLE
  let smallest = 2047
  let largest = 0
  for (let index = 0; index < values.length; index++) {
    float64[0] = values[index]
    const [low, high] = float64Words
    const exponent = (high >>> 20) & 2047
    // denormal numbers are left to patches, like infinities and NaN
    if (exponent === 0 || exponent === 2047) continue
    const zeros = low !== 0 ? 31 - Math.clz32(low & -low) : 63 - Math.clz32((high | 0x100000) & -(high | 0x100000))
    smallest = Math.min(smallest, exponent - 52 + zeros)
    largest = Math.max(largest, exponent)
    if (largest - smallest > bitsMax) return 0
  }
  if (smallest <= 0 || smallest === 2047) return 0
  float64Words[0] = 0
  float64Words[1] = smallest << 20
  return float64[0]
}
