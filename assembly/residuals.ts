// How a group of 32-bit words is made small: differences of order 0–3, in their common step, less their centre.
// All arithmetic wraps modulo 2^32.

import { bitWidth, unzigzag, zigzag } from './bits'
import { GROUP_ORDER_MAX } from './layout'

const SAMPLES_MAX = 96
const CENTRE_SAMPLES_MAX = 15
const STEP_SAMPLES = 16

@unmanaged
export class ResidualPlan {
  order: i32
  /** Divides every difference. */
  step: u32
  /** Subtracted from every difference in steps. */
  centre: i32
}

/** What the words would cost: bits of all samples together, at the best order. */
@unmanaged
export class Estimate {
  order: i32
  bits: i32
  samples: i32
}

const ESTIMATE: usize = memory.data(offsetof<Estimate>(), 16)
/** Middle of some differences per order, 0 for orders 2 and 3. */
const CENTRES: usize = memory.data(16, 16)
const SORTED: usize = memory.data(CENTRE_SAMPLES_MAX * 4 + 4, 16)

export function estimate(): Estimate {
  return changetype<Estimate>(ESTIMATE)
}

function difference(ptr: usize, order: i32): i32 {
  const word = load<i32>(ptr)
  if (order === 0) return word
  const before = load<i32>(ptr - 4)
  const first = word - before
  if (order === 1) return first
  const secondBefore = load<i32>(ptr - 8)
  const second = first - before + secondBefore
  if (order === 2) return second
  return second - before + 2 * secondBefore - load<i32>(ptr - 12)
}

/** Address of a sample; the first three words have no third difference. */
function sampleAt(sample: i32, samples: i32, wordsPtr: usize, count: i32): usize {
  const index = GROUP_ORDER_MAX + (((sample as i64) * ((count - GROUP_ORDER_MAX) as i64)) / (samples as i64))
  return wordsPtr + ((index as usize) << 2)
}

/** The upper median of up to 15 samples. */
function centreOf(wordsPtr: usize, count: i32, order: i32, samples: i32): i32 {
  const taken = min(samples, CENTRE_SAMPLES_MAX)
  for (let sample = 0; sample < taken; sample++) {
    const value = difference(sampleAt(sample, taken, wordsPtr, count), order)
    let at = SORTED + ((sample as usize) << 2)
    for (; at > SORTED && load<i32>(at - 4) > value; at -= 4) store<i32>(at, load<i32>(at - 4))
    store<i32>(at, value)
  }
  return load<i32>(SORTED + (((taken >> 1) as usize) << 2))
}

/** The order with the fewest bits over samples; the lower one wins a tie. Leaves the centres of all orders. */
export function estimateOrder(wordsPtr: usize, count: i32): void {
  const result = estimate()
  const samples = min(count - GROUP_ORDER_MAX, SAMPLES_MAX)
  v128.store(CENTRES, i32x4.splat(0))
  result.order = 0
  if (samples <= 0) {
    let bits = 0
    for (let index = 0; index < count; index++) bits += bitWidth(zigzag(load<i32>(wordsPtr + ((index as usize) << 2))))
    result.bits = bits
    result.samples = max(1, count)
    return
  }
  const centre0 = centreOf(wordsPtr, count, 0, samples)
  const centre1 = centreOf(wordsPtr, count, 1, samples)
  store<i32>(CENTRES, centre0)
  store<i32>(CENTRES, centre1, 4)
  let bits0 = 0
  let bits1 = 0
  let bits2 = 0
  let bits3 = 0
  for (let sample = 0; sample < samples; sample++) {
    const ptr = sampleAt(sample, samples, wordsPtr, count)
    const word = load<i32>(ptr)
    const before = load<i32>(ptr - 4)
    const secondBefore = load<i32>(ptr - 8)
    const first = word - before
    const previous = before - secondBefore
    const second = first - previous
    bits0 += bitWidth(zigzag(word - centre0))
    bits1 += bitWidth(zigzag(first - centre1))
    bits2 += bitWidth(zigzag(second))
    bits3 += bitWidth(zigzag(second - previous + secondBefore - load<i32>(ptr - 12)))
  }
  let bits = bits0
  if (bits1 < bits) {
    result.order = 1
    bits = bits1
  }
  if (bits2 < bits) {
    result.order = 2
    bits = bits2
  }
  if (bits3 < bits) {
    result.order = 3
    bits = bits3
  }
  result.bits = bits
  result.samples = samples
}

function greatestCommonDivisor(a: u32, b: u32): u32 {
  let larger = a
  let smaller = b
  while (smaller !== 0) {
    const rest = larger % smaller
    larger = smaller
    smaller = rest
  }
  return larger
}

function distance(ptr: usize, order: i32): u32 {
  const value = difference(ptr, order)
  return (value < 0 ? 0 - value : value) as u32
}

/** What all differences are multiples of. */
function commonStep(wordsPtr: usize, count: i32, order: i32): u32 {
  const firstPtr = wordsPtr + ((order as usize) << 2)
  const coded = count - order
  let step: u32 = 0
  const samples = min(coded, STEP_SAMPLES)
  for (let sample = 0; sample < samples; sample++) {
    step = greatestCommonDivisor(distance(firstPtr + ((((sample * coded) / samples) as usize) << 2), order), step)
    if (step === 1) return 1
  }
  const end = wordsPtr + ((count as usize) << 2)
  for (let ptr = firstPtr; ptr < end; ptr += 4) {
    const rest = distance(ptr, order)
    if (step === 0) step = rest
    else if (rest % step !== 0) step = greatestCommonDivisor(step, rest)
    if (step === 1) return 1
  }
  return max(1, step)
}

/** How to code the group; `isFast` looks for no step. */
export function planResiduals(wordsPtr: usize, count: i32, isFast: bool, plan: ResidualPlan): void {
  estimateOrder(wordsPtr, count)
  const result = estimate()
  const order = result.order
  const middle = load<i32>(CENTRES + ((order as usize) << 2))
  const step = isFast ? 1 : commonStep(wordsPtr, count, order)
  // worth its bytes only when it is well outside what the differences spread over
  const isWorth = bitWidth(zigzag(middle)) * result.samples >= result.bits + result.samples
  plan.order = order
  plan.step = step
  plan.centre = isWorth ? inSteps(middle, step) : 0
}

/** A difference, which is a multiple of the step, in steps. */
function inSteps(value: i32, step: u32): i32 {
  // as 64-bit integers: the step may be 2^31
  return step === 1 ? value : (((value as i64) / (step as i64)) as i32)
}

function zigzagLanes(residuals: v128): v128 {
  return v128.xor(i32x4.shl(residuals, 1), i32x4.shr_s(residuals, 31))
}

/** Differences of four neighbours. */
function differenceLanes(ptr: usize, order: i32): v128 {
  const words = v128.load(ptr)
  if (order === 0) return words
  const before = v128.load(ptr - 4)
  const first = i32x4.sub(words, before)
  if (order === 1) return first
  const previous = i32x4.sub(before, v128.load(ptr - 8))
  const second = i32x4.sub(first, previous)
  if (order === 2) return second
  return i32x4.sub(second, i32x4.sub(previous, i32x4.sub(v128.load(ptr - 8), v128.load(ptr - 12))))
}

/** Writes the zigzag codes of the residuals, `count` − order of them, and returns all OR-ed. */
export function fillCodes(wordsPtr: usize, count: i32, plan: ResidualPlan, codesPtr: usize): u32 {
  const order = plan.order
  const step = plan.step
  const centre = plan.centre
  const end = wordsPtr + ((count as usize) << 2)
  let ptr = wordsPtr + ((order as usize) << 2)
  let target = codesPtr
  let combined: u32 = 0
  if (step === 1) {
    const centres = i32x4.splat(centre)
    let all = i32x4.splat(0)
    for (; ptr + 16 <= end; ptr += 16, target += 16) {
      const codes = zigzagLanes(i32x4.sub(differenceLanes(ptr, order), centres))
      all = v128.or(all, codes)
      v128.store(target, codes)
    }
    combined = (v128.extract_lane<u32>(all, 0) | v128.extract_lane<u32>(all, 1)) as u32
    combined |= (v128.extract_lane<u32>(all, 2) | v128.extract_lane<u32>(all, 3)) as u32
  }
  for (; ptr < end; ptr += 4, target += 4) {
    const code = zigzag(inSteps(difference(ptr, order), step) - centre)
    combined |= code
    store<u32>(target, code)
  }
  return combined
}

/** Turns codes into words; the first `order` words are there already. */
export function integrate(codesPtr: usize, wordsPtr: usize, count: i32, plan: ResidualPlan): void {
  const order = plan.order
  const step = plan.step as i32
  const centre = plan.centre
  const end = wordsPtr + ((count as usize) << 2)
  let target = wordsPtr + ((order as usize) << 2)
  let code = codesPtr
  if (order === 0) {
    for (; target < end; target += 4, code += 4) store<i32>(target, (unzigzag(load<u32>(code)) + centre) * step)
    return
  }
  let value = load<i32>(target - 4)
  if (order === 1) {
    for (; target < end; target += 4, code += 4) {
      value += (unzigzag(load<u32>(code)) + centre) * step
      store<i32>(target, value)
    }
    return
  }
  let slope = value - load<i32>(target - 8)
  if (order === 2) {
    for (; target < end; target += 4, code += 4) {
      slope += (unzigzag(load<u32>(code)) + centre) * step
      value += slope
      store<i32>(target, value)
    }
    return
  }
  let bend = slope - (load<i32>(target - 8) - load<i32>(target - 12))
  for (; target < end; target += 4, code += 4) {
    bend += (unzigzag(load<u32>(code)) + centre) * step
    slope += bend
    value += slope
    store<i32>(target, value)
  }
}
