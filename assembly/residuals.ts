// How a group of 32-bit words is made small: differences of order 0–3, in their common step, less their centre.
// All arithmetic wraps modulo 2^32.

import { bitWidth, unzigzag, zigzag } from './bits'
import { log2Q8 } from './entropy'
import { GROUP_ORDER_MAX } from './layout'

/** Samples come as windows of four neighbours, spread evenly. */
const WINDOWS_MAX = 32
const WINDOW_WORDS = 4
const CENTRE_SAMPLES_MAX = 9
const STEP_SAMPLES = 16

@unmanaged
export class ResidualPlan {
  order: i32
  /** Divides every difference. */
  step: u32
  /** Subtracted from every difference in steps. */
  centre: i32
  /** Estimated bits per residual. */
  bits: i32
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
/** Bits of all samples per order. */
const ORDER_BITS: usize = memory.data(16, 16)
const WIDTH_COUNTS: usize = memory.data(33 * 4, 16)
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

/** The upper median of up to nine samples; the first three words have no third difference. */
function centreOf(wordsPtr: usize, count: i32, order: i32): i32 {
  const taken = min(count - GROUP_ORDER_MAX, CENTRE_SAMPLES_MAX)
  const stride = (((count - GROUP_ORDER_MAX) / taken) as usize) << 2
  let ptr = wordsPtr + GROUP_ORDER_MAX * 4
  for (let sample = 0; sample < taken; sample++, ptr += stride) {
    const value = difference(ptr, order)
    let at = SORTED + ((sample as usize) << 2)
    for (; at > SORTED && load<i32>(at - 4) > value; at -= 4) store<i32>(at, load<i32>(at - 4))
    store<i32>(at, value)
  }
  return load<i32>(SORTED + (((taken >> 1) as usize) << 2))
}

/** Bit widths of four codes plus 126, or 126 for zeros: the exponents of floats that cannot round up. */
function widthLanes(codes: v128): v128 {
  const lead = v128.andnot(codes, i32x4.shr_u(codes, 1))
  return i32x4.max_s(i32x4.shr_u(f32x4.convert_i32x4_u(lead), 23), i32x4.splat(126))
}

function sumLanes(lanes: v128): i32 {
  const low = i32x4.extract_lane(lanes, 0) + i32x4.extract_lane(lanes, 1)
  return low + i32x4.extract_lane(lanes, 2) + i32x4.extract_lane(lanes, 3)
}

/** The order with the fewest bits over samples; the lower one wins a tie. Leaves the centres of all orders. */
export function estimateOrder(wordsPtr: usize, count: i32): void {
  const result = estimate()
  const windows = min(WINDOWS_MAX, (count - GROUP_ORDER_MAX) >> 2)
  v128.store(CENTRES, i32x4.splat(0))
  result.order = 0
  if (windows <= 0) {
    let bits = 0
    for (let index = 0; index < count; index++) bits += bitWidth(zigzag(load<i32>(wordsPtr + ((index as usize) << 2))))
    result.bits = bits
    result.samples = max(1, count)
    return
  }
  store<i32>(CENTRES, centreOf(wordsPtr, count, 0))
  store<i32>(CENTRES, centreOf(wordsPtr, count, 1), 4)
  const centres0 = v128.load_splat<i32>(CENTRES)
  const centres1 = v128.load_splat<i32>(CENTRES, 4)
  const stride = (((count - GROUP_ORDER_MAX) / windows) as usize) << 2
  let widths0 = i32x4.splat(0)
  let widths1 = i32x4.splat(0)
  let widths2 = i32x4.splat(0)
  let widths3 = i32x4.splat(0)
  let ptr = wordsPtr + GROUP_ORDER_MAX * 4
  for (let window = 0; window < windows; window++, ptr += stride) {
    const words = v128.load(ptr)
    const before = v128.load(ptr - 4)
    const secondBefore = v128.load(ptr - 8)
    const first = i32x4.sub(words, before)
    const previous = i32x4.sub(before, secondBefore)
    const second = i32x4.sub(first, previous)
    const third = i32x4.sub(second, i32x4.sub(previous, i32x4.sub(secondBefore, v128.load(ptr - 12))))
    widths0 = i32x4.add(widths0, widthLanes(zigzagLanes(i32x4.sub(words, centres0))))
    widths1 = i32x4.add(widths1, widthLanes(zigzagLanes(i32x4.sub(first, centres1))))
    widths2 = i32x4.add(widths2, widthLanes(zigzagLanes(second)))
    widths3 = i32x4.add(widths3, widthLanes(zigzagLanes(third)))
  }
  const samples = windows * WINDOW_WORDS
  setOrderBits(0, sumLanes(widths0) - 126 * samples)
  setOrderBits(1, sumLanes(widths1) - 126 * samples)
  setOrderBits(2, sumLanes(widths2) - 126 * samples)
  setOrderBits(3, sumLanes(widths3) - 126 * samples)
  let order = 0
  for (let other = 1; other <= GROUP_ORDER_MAX; other++) if (orderBits(other) < orderBits(order)) order = other
  result.order = order
  result.bits = orderBits(order)
  result.samples = samples
}

function orderBits(order: i32): i32 {
  return load<i32>(ORDER_BITS + ((order as usize) << 2))
}

function setOrderBits(order: i32, bits: i32): void {
  store<i32>(ORDER_BITS + ((order as usize) << 2), bits)
}

/** Bits, in 1/256, of the samples at an order when their widths are coded by how often each occurs. */
function entropyOfWidths(wordsPtr: usize, count: i32, order: i32): i32 {
  const windows = min(WINDOWS_MAX, (count - GROUP_ORDER_MAX) >> 2)
  const stride = (((count - GROUP_ORDER_MAX) / windows) as usize) << 2
  const samples = windows * WINDOW_WORDS
  const centre = load<i32>(CENTRES + ((order as usize) << 2))
  memory.fill(WIDTH_COUNTS, 0, 33 * 4)
  let bits = samples * log2Q8(samples)
  let start = wordsPtr + GROUP_ORDER_MAX * 4
  for (let window = 0; window < windows; window++, start += stride) {
    for (let ptr = start; ptr < start + WINDOW_WORDS * 4; ptr += 4) {
      const width = bitWidth(zigzag(difference(ptr, order) - centre))
      const countPtr = WIDTH_COUNTS + ((width as usize) << 2)
      store<i32>(countPtr, load<i32>(countPtr) + 1)
      bits += 256 * max(0, width - 1)
    }
  }
  for (let width: usize = 0; width <= 32; width++) {
    const occurrences = load<i32>(WIDTH_COUNTS + (width << 2))
    if (occurrences > 0) bits -= occurrences * log2Q8(occurrences)
  }
  return bits
}

/** Of the orders that come near the best one, that which symbols take fewest bits for; after `estimateOrder`. */
function orderForSymbols(wordsPtr: usize, count: i32): i32 {
  const nearest = estimate()
  if (nearest.samples < WINDOW_WORDS || nearest.bits === 0 || count <= GROUP_ORDER_MAX + WINDOW_WORDS)
    return nearest.order
  let best = nearest.order
  let bestBits = i32.MAX_VALUE
  for (let order = 0; order <= GROUP_ORDER_MAX; order++) {
    if (4 * orderBits(order) > 5 * nearest.bits) continue
    const bits = entropyOfWidths(wordsPtr, count, order)
    if (bits < bestBits) {
      best = order
      bestBits = bits
    }
  }
  return best
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

/** The inverse of an odd number modulo 2^32 (Newton's iteration: each doubles the bits that are right). */
function inverseOf(odd: u32): u32 {
  let inverse = odd
  for (let round = 0; round < 4; round++) inverse *= 2 - odd * inverse
  return inverse
}

/** Whether four differences each from `ptr` on are multiples of the step (Granlund and Montgomery 1994, section 9). */
function areMultiples(ptr: usize, end: usize, order: i32, step: u32): bool {
  const shift = ctz<u32>(step) as i32
  const odd = step >>> shift
  const inverse = i32x4.splat(inverseOf(odd) as i32)
  const largest = i32x4.splat((0xffffffff / odd) as i32)
  const lowBits = i32x4.splat(((1 << shift) - 1) as i32)
  let misfits = i32x4.splat(0)
  for (let at = ptr; at + 16 <= end; at += 16) {
    const distances = i32x4.abs(differenceLanes(at, order))
    const quotients = i32x4.mul(i32x4.shr_u(distances, shift), inverse)
    misfits = v128.or(misfits, v128.or(v128.and(distances, lowBits), i32x4.gt_u(quotients, largest)))
  }
  return !v128.any_true(misfits)
}

/** What all differences are multiples of. */
function commonStep(wordsPtr: usize, count: i32, order: i32): u32 {
  const firstPtr = wordsPtr + ((order as usize) << 2)
  const coded = count - order
  let step: u32 = 0
  const samples = min(coded, STEP_SAMPLES)
  const stride = ((coded / samples) as usize) << 2
  for (let sample = 0; sample < samples; sample++) {
    step = greatestCommonDivisor(distance(firstPtr + (sample as usize) * stride, order), step)
    if (step === 1) return 1
  }
  const end = wordsPtr + ((count as usize) << 2)
  let ptr = firstPtr
  if (step !== 0 && areMultiples(firstPtr, end, order, step)) ptr += ((coded & ~3) as usize) << 2
  for (; ptr < end; ptr += 4) {
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
  const order = isFast ? result.order : orderForSymbols(wordsPtr, count)
  const bits = order === result.order ? result.bits : orderBits(order)
  const middle = load<i32>(CENTRES + ((order as usize) << 2))
  const step: u32 = isFast ? 1 : commonStep(wordsPtr, count, order)
  // worth its bytes only when it is well outside what the differences spread over
  const isWorth = bitWidth(zigzag(middle)) * result.samples >= bits + result.samples
  plan.order = order
  plan.bits = bits / result.samples
  plan.step = step
  // as 64-bit integers: the step may be 2^31
  plan.centre = isWorth ? (((middle as i64) / (step as i64)) as i32) : 0
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
  const centre = plan.centre
  const end = wordsPtr + ((count as usize) << 2)
  // dividing what is a multiple: shift, then times the inverse of what is left of the step
  const shift = ctz<u32>(plan.step) as i32
  const inverse = inverseOf(plan.step >>> shift)
  const centres = i32x4.splat(centre)
  const inverses = i32x4.splat(inverse as i32)
  let all = i32x4.splat(0)
  let ptr = wordsPtr + ((order as usize) << 2)
  let target = codesPtr
  if (plan.step === 1) {
    for (; ptr + 16 <= end; ptr += 16, target += 16) {
      const codes = zigzagLanes(i32x4.sub(differenceLanes(ptr, order), centres))
      all = v128.or(all, codes)
      v128.store(target, codes)
    }
  } else {
    for (; ptr + 16 <= end; ptr += 16, target += 16) {
      const steps = i32x4.mul(i32x4.shr_s(differenceLanes(ptr, order), shift), inverses)
      const codes = zigzagLanes(i32x4.sub(steps, centres))
      all = v128.or(all, codes)
      v128.store(target, codes)
    }
  }
  let combined: u32 = v128.extract_lane<u32>(all, 0) | v128.extract_lane<u32>(all, 1)
  combined |= v128.extract_lane<u32>(all, 2) | v128.extract_lane<u32>(all, 3)
  for (; ptr < end; ptr += 4, target += 4) {
    const code = zigzag((difference(ptr, order) >> shift) * (inverse as i32) - centre)
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
