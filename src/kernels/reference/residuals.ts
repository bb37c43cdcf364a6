// How a group of 32-bit words is made small: differences of order 0–3, less their centre, in their common step.
// All arithmetic wraps modulo 2^32.

import { GROUP_ORDER_MAX } from '../../../assembly/layout'
import { bitWidth, unzigzag, zigzag } from './bits.js'

const SAMPLES_MAX = 96
const CENTRE_SAMPLES_MAX = 15
const STEP_SAMPLES = 16

export interface ResidualPlan {
  order: number
  /** Divides every difference. */
  step: number
  /** Subtracted from every difference in steps. */
  centre: number
}

/** What the words would cost: bits of all samples together, at the best order. */
export interface Estimate {
  order: number
  bits: number
  samples: number
}

/** Middle of some differences per order, 0 for orders 2 and 3. */
const centres = new Int32Array(GROUP_ORDER_MAX + 1)
const sorted = new Int32Array(CENTRE_SAMPLES_MAX)

function difference(words: Int32Array, index: number, order: number): number {
  const word = words[index]
  if (order === 0) return word
  const first = (word - words[index - 1]) | 0
  if (order === 1) return first
  const second = (first - words[index - 1] + words[index - 2]) | 0
  if (order === 2) return second
  return (second - words[index - 1] + 2 * words[index - 2] - words[index - 3]) | 0
}

/** Position of a sample; the first three words have no third difference. */
function sampleAt(sample: number, samples: number, first: number, count: number): number {
  return first + GROUP_ORDER_MAX + Math.floor((sample * (count - GROUP_ORDER_MAX)) / samples)
}

/** The upper median of up to 15 samples. */
function centreOf(words: Int32Array, first: number, count: number, order: number, samples: number): number {
  const taken = Math.min(samples, CENTRE_SAMPLES_MAX)
  for (let sample = 0; sample < taken; sample++) {
    const value = difference(words, sampleAt(sample, taken, first, count), order)
    let at = sample
    for (; at > 0 && sorted[at - 1] > value; at--) sorted[at] = sorted[at - 1]
    sorted[at] = value
  }
  return sorted[taken >> 1]
}

/** The order with the fewest bits over samples; the lower one wins a tie. Leaves the centres of all orders. */
export function estimateOrder(words: Int32Array, first: number, count: number): Estimate {
  const samples = Math.min(count - GROUP_ORDER_MAX, SAMPLES_MAX)
  centres.fill(0)
  if (samples <= 0) {
    let bits = 0
    for (let index = first; index < first + count; index++) bits += bitWidth(zigzag(words[index]))
    return { order: 0, bits, samples: Math.max(1, count) }
  }
  for (let order = 0; order < 2; order++) centres[order] = centreOf(words, first, count, order, samples)
  let [bits0, bits1, bits2, bits3] = [0, 0, 0, 0]
  const [centre0, centre1] = centres
  for (let sample = 0; sample < samples; sample++) {
    const at = sampleAt(sample, samples, first, count)
    const d0 = words[at]
    const d1 = (d0 - words[at - 1]) | 0
    const previous = (words[at - 1] - words[at - 2]) | 0
    const d2 = (d1 - previous) | 0
    const d3 = (d2 - previous + words[at - 2] - words[at - 3]) | 0
    bits0 += bitWidth(zigzag((d0 - centre0) | 0))
    bits1 += bitWidth(zigzag((d1 - centre1) | 0))
    bits2 += bitWidth(zigzag(d2))
    bits3 += bitWidth(zigzag(d3))
  }
  let order = 0
  let bits = bits0
  if (bits1 < bits) [order, bits] = [1, bits1]
  if (bits2 < bits) [order, bits] = [2, bits2]
  if (bits3 < bits) [order, bits] = [3, bits3]
  return { order, bits, samples }
}

function greatestCommonDivisor(a: number, b: number): number {
  let [larger, smaller] = [a, b]
  while (smaller !== 0) [larger, smaller] = [smaller, larger % smaller]
  return larger
}

/** What all differences are multiples of. */
function commonStep(words: Int32Array, first: number, count: number, order: number): number {
  const last = first + count
  const distance = (index: number): number => Math.abs(difference(words, index, order))
  let step = 0
  const samples = Math.min(count - order, STEP_SAMPLES)
  for (let sample = 0; sample < samples; sample++) {
    step = greatestCommonDivisor(distance(first + order + Math.floor((sample * (count - order)) / samples)), step)
    if (step === 1) return 1
  }
  for (let index = first + order; index < last; index++) {
    const rest = distance(index)
    if (step === 0) step = rest
    else if (rest % step !== 0) step = greatestCommonDivisor(step, rest)
    if (step === 1) return 1
  }
  return Math.max(1, step)
}

/** How to code the group; `isFast` looks for no step. */
export function planResiduals(words: Int32Array, first: number, count: number, isFast: boolean): ResidualPlan {
  const { order, bits, samples } = estimateOrder(words, first, count)
  const middle = centres[order]
  const step = isFast ? 1 : commonStep(words, first, count, order)
  // worth its bytes only when it is well outside what the differences spread over
  const isWorth = bitWidth(zigzag(middle)) * samples >= bits + samples
  return { order, step, centre: isWorth ? middle / step : 0 }
}

/** Writes the zigzag codes of the residuals, `count` − order of them, and returns all OR-ed. */
export function fillCodes(
  words: Int32Array,
  first: number,
  count: number,
  { order, centre, step }: ResidualPlan,
  codes: Uint32Array,
): number {
  let combined = 0
  for (let index = order; index < count; index++) {
    const steps = step === 1 ? difference(words, first + index, order) : difference(words, first + index, order) / step
    const code = zigzag((steps - centre) | 0)
    codes[index - order] = code
    combined |= code
  }
  return combined
}

/** Turns codes into words; the first `order` words are there already. */
export function integrate(
  codes: Uint32Array,
  words: Int32Array,
  first: number,
  count: number,
  { order, centre, step }: ResidualPlan,
): void {
  let value = order > 0 ? words[first + order - 1] : 0
  let slope = order > 1 ? value - words[first + order - 2] : 0
  let bend = order > 2 ? slope - (words[first + 1] - words[first]) : 0
  for (let index = order; index < count; index++) {
    const residual = Math.imul(unzigzag(codes[index - order]) + centre, step)
    if (order === 0) value = residual
    else if (order === 1) value = (value + residual) | 0
    else if (order === 2) {
      slope = (slope + residual) | 0
      value = (value + slope) | 0
    } else {
      bend = (bend + residual) | 0
      slope = (slope + bend) | 0
      value = (value + slope) | 0
    }
    words[first + index] = value
  }
}
