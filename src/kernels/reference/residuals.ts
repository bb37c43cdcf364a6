// How a group of 32-bit words is made small: differences of order 0–3, less their centre, in their common step.
// All arithmetic wraps modulo 2^32.

import { GROUP_ORDER_MAX } from '../../../assembly/layout'
import { bitWidth, unzigzag, zigzag } from './bits.js'
import { log2Q8 } from './entropy.js'

/** Samples come as windows of four neighbours, spread evenly. */
const WINDOWS_MAX = 32
const WINDOW_WORDS = 4
const CENTRE_SAMPLES_MAX = 9

export interface ResidualPlan {
  order: number
  /** Divides every difference. */
  step: number
  /** Subtracted from every difference in steps. */
  centre: number
  /** Estimated bits per residual. */
  bits: number
}

/** What the words would cost: bits of all samples together, at the best order. */
export interface Estimate {
  order: number
  bits: number
  samples: number
}

/** Middle of some differences per order, 0 for orders 2 and 3. */
const centres = new Int32Array(GROUP_ORDER_MAX + 1)
/** Bits of all samples per order. */
const orderBits = new Int32Array(GROUP_ORDER_MAX + 1)
const widthCounts = new Int32Array(33)
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

/** The upper median of up to nine samples; the first three words have no third difference. */
function centreOf(words: Int32Array, first: number, count: number, order: number): number {
  const taken = Math.min(count - GROUP_ORDER_MAX, CENTRE_SAMPLES_MAX)
  const stride = Math.floor((count - GROUP_ORDER_MAX) / taken)
  for (let sample = 0; sample < taken; sample++) {
    const value = difference(words, first + GROUP_ORDER_MAX + sample * stride, order)
    let at = sample
    for (; at > 0 && sorted[at - 1] > value; at--) sorted[at] = sorted[at - 1]
    sorted[at] = value
  }
  return sorted[taken >> 1]
}

/** The order with the fewest bits over samples; the lower one wins a tie. Leaves the centres of all orders. */
export function estimateOrder(words: Int32Array, first: number, count: number): Estimate {
  const windows = Math.min(WINDOWS_MAX, (count - GROUP_ORDER_MAX) >> 2)
  centres.fill(0)
  if (windows <= 0) {
    let bits = 0
    for (let index = first; index < first + count; index++) bits += bitWidth(zigzag(words[index]))
    return { order: 0, bits, samples: Math.max(1, count) }
  }
  for (let order = 0; order < 2; order++) centres[order] = centreOf(words, first, count, order)
  const stride = Math.floor((count - GROUP_ORDER_MAX) / windows)
  orderBits.fill(0)
  const [centre0, centre1] = centres
  for (let window = 0; window < windows; window++) {
    const start = first + GROUP_ORDER_MAX + window * stride
    for (let at = start; at < start + WINDOW_WORDS; at++) {
      const d0 = words[at]
      const d1 = (d0 - words[at - 1]) | 0
      const previous = (words[at - 1] - words[at - 2]) | 0
      const d2 = (d1 - previous) | 0
      const d3 = (d2 - previous + words[at - 2] - words[at - 3]) | 0
      orderBits[0] += bitWidth(zigzag((d0 - centre0) | 0))
      orderBits[1] += bitWidth(zigzag((d1 - centre1) | 0))
      orderBits[2] += bitWidth(zigzag(d2))
      orderBits[3] += bitWidth(zigzag(d3))
    }
  }
  let order = 0
  for (let other = 1; other <= GROUP_ORDER_MAX; other++) if (orderBits[other] < orderBits[order]) order = other
  return { order, bits: orderBits[order], samples: windows * WINDOW_WORDS }
}

/** Bits, in 1/256, of the samples at an order when their widths are coded by how often each occurs. */
function entropyOfWidths(words: Int32Array, first: number, count: number, order: number): number {
  const windows = Math.min(WINDOWS_MAX, (count - GROUP_ORDER_MAX) >> 2)
  const stride = Math.floor((count - GROUP_ORDER_MAX) / windows)
  const samples = windows * WINDOW_WORDS
  widthCounts.fill(0)
  let bits = samples * log2Q8(samples)
  for (let window = 0; window < windows; window++) {
    const start = first + GROUP_ORDER_MAX + window * stride
    for (let at = start; at < start + WINDOW_WORDS; at++) {
      const width = bitWidth(zigzag((difference(words, at, order) - centres[order]) | 0))
      widthCounts[width]++
      bits += 256 * Math.max(0, width - 1)
    }
  }
  for (let width = 0; width <= 32; width++) {
    if (widthCounts[width] > 0) bits -= widthCounts[width] * log2Q8(widthCounts[width])
  }
  return bits
}

/** Of the orders that come near the best one, that which symbols take fewest bits for; after `estimateOrder`. */
function orderForSymbols(words: Int32Array, first: number, count: number, nearest: Estimate): number {
  if (nearest.samples < WINDOW_WORDS || nearest.bits === 0 || count <= GROUP_ORDER_MAX + WINDOW_WORDS)
    return nearest.order
  let best = nearest.order
  let bestBits = Infinity
  for (let order = 0; order <= GROUP_ORDER_MAX; order++) {
    if (4 * orderBits[order] > 5 * nearest.bits) continue
    const bits = entropyOfWidths(words, first, count, order)
    if (bits < bestBits) [best, bestBits] = [order, bits]
  }
  return best
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
  for (let index = first + order; index < last; index++) {
    step = greatestCommonDivisor(distance(index), step)
    if (step === 1) return 1
  }
  return Math.max(1, step)
}

/** How to code the group; `isFast` looks for no step. */
export function planResiduals(words: Int32Array, first: number, count: number, isFast: boolean): ResidualPlan {
  const nearest = estimateOrder(words, first, count)
  const { samples } = nearest
  const order = isFast ? nearest.order : orderForSymbols(words, first, count, nearest)
  const bits = order === nearest.order ? nearest.bits : orderBits[order]
  const middle = centres[order]
  const step = isFast ? 1 : commonStep(words, first, count, order)
  // worth its bytes only when it is well outside what the differences spread over
  const isWorth = bitWidth(zigzag(middle)) * samples >= bits + samples
  return { order, step, centre: isWorth ? middle / step : 0, bits: Math.floor(bits / samples) }
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
