// The quantum q that floats are multiples of, as analogue-to-digital converters and their drivers make them: k × q, each
// rounded to the float type. Euclid's algorithm over a few differences, with their rounding carried along as intervals.

import { halfUlp } from './float-bits'
import { powerOfTen } from './scaled-integers'

const SAMPLES_MAX = 32
const SAMPLES_MIN = 6
const REDUCTIONS_MAX = 12
/** A quantum this many roundings wide, or less, says nothing. */
const ROUNDINGS_MIN: f64 = 64

/** Adding and subtracting it rounds to the nearest integer, ties to even. */
const ROUNDING: f64 = 6755399441055744.0

const POINTS: usize = memory.data(SAMPLES_MAX * 8, 16)
/** Differences of neighbours, each followed by its rounding. */
const DIFFERENCES: usize = memory.data(SAMPLES_MAX * 16, 16)

function pointAt(index: i32): f64 {
  return load<f64>(POINTS + ((index as usize) << 3))
}

function differenceAt(index: i32): f64 {
  return load<f64>(DIFFERENCES + ((index as usize) << 4))
}

function roundingAt(index: i32): f64 {
  return load<f64>(DIFFERENCES + ((index as usize) << 4), 8)
}

/** Distinct finite samples in rising order; returns how many. */
function takePoints(valuesPtr: usize, values: i32, isSingle: bool): i32 {
  const samples = min(values, SAMPLES_MAX)
  let count = 0
  for (let sample = 0; sample < samples; sample++) {
    const index = (((sample as i64) * (values as i64)) / (samples as i64)) as usize
    const value = isSingle ? (load<f32>(valuesPtr + (index << 2)) as f64) : load<f64>(valuesPtr + (index << 3))
    if (!(abs(value) < Infinity)) continue
    let at = count
    while (at > 0 && pointAt(at - 1) > value) at--
    if (at > 0 && pointAt(at - 1) === value) continue
    const ptr = POINTS + ((at as usize) << 3)
    memory.copy(ptr + 8, ptr, ((count - at) as usize) << 3)
    store<f64>(ptr, value)
    count++
  }
  return count
}

/** Differences of neighbours in rising order. */
function takeDifferences(count: i32, isSingle: bool): void {
  for (let index = 0; index + 1 < count; index++) {
    const difference = pointAt(index + 1) - pointAt(index)
    const rounding = halfUlp(pointAt(index), isSingle) + halfUlp(pointAt(index + 1), isSingle)
    let ptr = DIFFERENCES + ((index as usize) << 4)
    for (; ptr > DIFFERENCES && load<f64>(ptr - 16) > difference; ptr -= 16) v128.store(ptr, v128.load(ptr - 16))
    store<f64>(ptr, difference)
    store<f64>(ptr, rounding, 8)
  }
}

/** The quantum of the samples, 0 where there is none. */
export function findQuantum(valuesPtr: usize, values: i32, isSingle: bool): f64 {
  const count = takePoints(valuesPtr, values, isSingle)
  if (count < SAMPLES_MIN) return 0
  takeDifferences(count, isSingle)
  let largestRounding: f64 = 0
  for (let index = 0; index + 1 < count; index++) largestRounding = max<f64>(largestRounding, roundingAt(index))
  let low = differenceAt(0) - roundingAt(0)
  let high = differenceAt(0) + roundingAt(0)
  let reductions = 0
  for (let index = 0; index + 1 < count; index++) {
    const middle = (low + high) / 2
    if (!(middle > ROUNDINGS_MIN * largestRounding)) return 0
    const steps = floor(differenceAt(index) / middle + 0.5)
    const spread = steps * (high - low)
    if (spread >= middle) continue
    const rest = abs(differenceAt(index) - steps * middle)
    if (rest <= spread / 2 + roundingAt(index)) {
      low = max<f64>(low, (differenceAt(index) - roundingAt(index)) / steps)
      high = min<f64>(high, (differenceAt(index) + roundingAt(index)) / steps)
      continue
    }
    if (++reductions > REDUCTIONS_MAX) return 0
    low = rest - spread / 2 - roundingAt(index)
    high = rest + spread / 2 + roundingAt(index)
    index = -1
  }
  return refine(count, low, high, isSingle)
}

/** Narrows the quantum by the values themselves, the small ones first. */
function refine(count: i32, lowest: f64, highest: f64, isSingle: bool): f64 {
  let low = lowest
  let high = highest
  let right = 0
  while (right < count && pointAt(right) < 0) right++
  let left = right - 1
  let misfits = 0
  while (left >= 0 || right < count) {
    const isRight = left < 0 || (right < count && pointAt(right) < -pointAt(left))
    const point = isRight ? pointAt(right++) : -pointAt(left--)
    const middle = (low + high) / 2
    const steps = floor(point / middle + 0.5)
    if (steps === 0) continue
    if (steps * (high - low) > middle / 2) return 0
    const rounding = halfUlp(point, isSingle)
    const nextLow = max<f64>(low, (point - rounding) / steps)
    const nextHigh = min<f64>(high, (point + rounding) / steps)
    if (nextLow <= nextHigh) {
      low = nextLow
      high = nextHigh
    } else if (++misfits > count >> 3) return 0
  }
  return likeliest(count, low, high, isSingle)
}

function roundedOf(value: f64): f64 {
  return value + ROUNDING - ROUNDING
}

/** How many of the points are multiples of the quantum, bit for bit. */
function fitting(count: i32, quantum: f64, isSingle: bool): i32 {
  let fits = 0
  for (let index = 0; index < count; index++) {
    const exact = roundedOf(pointAt(index) * (1 / quantum)) * quantum
    fits += ((isSingle ? (exact as f32 as f64) : exact) === pointAt(index)) as i32
  }
  return fits
}

/** A quantum that is likely, in the order they are tried; NaN past the last. */
function likelyQuantum(index: i32, count: i32, low: f64, high: f64): f64 {
  const middle = (low + high) / 2
  if (index === 0) return middle as f32 as f64
  if (index === 1) {
    for (let exponent = 0; exponent <= 22; exponent++) {
      const decimal = roundedOf(middle * powerOfTen(exponent)) / powerOfTen(exponent)
      if (decimal >= low && decimal <= high) return decimal
    }
    return NaN
  }
  if (index === 2) {
    const farthest = pointAt(count - 1) > -pointAt(0) ? pointAt(count - 1) : -pointAt(0)
    return farthest / roundedOf(farthest / middle)
  }
  return middle
}

/**
 * The quantum that most points are multiples of: a 32-bit float, as drivers keep them; a decimal; what the
 * farthest point gives; the middle. The first of equals.
 */
function likeliest(count: i32, low: f64, high: f64, isSingle: bool): f64 {
  let best = (low + high) / 2
  let bestFits = -1
  for (let index = 0; index < 4 && bestFits < count; index++) {
    const quantum = likelyQuantum(index, count, low, high)
    if (!(quantum >= low && quantum <= high)) continue
    const fits = fitting(count, quantum, isSingle)
    if (fits > bestFits) {
      best = quantum
      bestFits = fits
    }
  }
  return best
}

/** Bits of a multiple from which on the float's own bits are as good. */
const MULTIPLE_BITS_SINGLE = 27
const MULTIPLE_BITS_DOUBLE = 40

/** The largest power of two that all finite values are multiples of; 0 where there is none of use. */
export function findPowerOfTwo(valuesPtr: usize, count: i32, isSingle: bool): f64 {
  const bitsMax = isSingle ? MULTIPLE_BITS_SINGLE : MULTIPLE_BITS_DOUBLE
  let smallest = 2047
  let largest = 0
  for (let index: usize = 0; index < (count as usize); index++) {
    const value = isSingle ? (load<f32>(valuesPtr + (index << 2)) as f64) : load<f64>(valuesPtr + (index << 3))
    const bits = reinterpret<u64>(value)
    const exponent = ((bits >> 52) & 2047) as i32
    // denormal numbers are left to patches, like infinities and NaN
    if (exponent === 0 || exponent === 2047) continue
    const zeros = ctz<u64>(bits | 0x10000000000000) as i32
    smallest = min(smallest, exponent - 52 + zeros)
    largest = max(largest, exponent)
    if (largest - smallest > bitsMax) return 0
  }
  return smallest <= 0 || smallest === 2047 ? 0 : reinterpret<f64>((smallest as u64) << 52)
}
