// Values between the nodes of a segment.

import { LAGRANGE_NODES } from './layout'
import { Nodes, nodeValues, spanNs } from './nodes'

/** Lagrange interpolation in one interval: up to eight nodes, four to each side where they are. */
@unmanaged
class Lagrange {
  first: i32
  count: i32
  /** Longest step between two of the nodes. */
  longestNs: f64
}

//  Behind the struct, f64 × 8 each, a lane per node; lanes without one multiply by 1 and weigh 0:
//  offsets from the left node, 1 or 0 for a lane without one, scales, and the weights of an instant.
const LAGRANGE_OFFSETS: usize = 16
const LAGRANGE_UNITS: usize = LAGRANGE_OFFSETS + (LAGRANGE_NODES << 3)
const LAGRANGE_SCALES: usize = LAGRANGE_UNITS + (LAGRANGE_NODES << 3)
const LAGRANGE_WEIGHTS: usize = LAGRANGE_SCALES + (LAGRANGE_NODES << 3)

export function lagrangeBytes(): usize {
  return LAGRANGE_WEIGHTS + (LAGRANGE_NODES << 3)
}

export function lagrangeAt(ptr: usize): Lagrange {
  return changetype<Lagrange>(ptr)
}

/** The difference, or 1 where it is 0. */
function factor(offsets: v128, offset: v128): v128 {
  const difference = f64x2.sub(offsets, offset)
  return v128.or(difference, v128.and(f64x2.eq(difference, f64x2.splat(0)), f64x2.splat(1)))
}

export function lagrangePrepare(lagrange: Lagrange, nodes: Nodes, left: i32): void {
  const first = max(0, left - LAGRANGE_NODES / 2 + 1)
  const count = min(nodes.count, left + LAGRANGE_NODES / 2 + 1) - first
  lagrange.first = first
  lagrange.count = count
  const ptr = changetype<usize>(lagrange)
  let longestNs: f64 = 0
  let lastNs: f64 = 0
  for (let j = 0; j < LAGRANGE_NODES; j++) {
    const lanePtr = ptr + ((j as usize) << 3)
    const isThere = j < count
    const offsetNs = isThere ? spanNs(nodes, left, first + j) : -1
    store<f64>(lanePtr, offsetNs, LAGRANGE_OFFSETS)
    store<f64>(lanePtr, isThere ? 1 : 0, LAGRANGE_UNITS)
    if (isThere && j > 0) longestNs = max(longestNs, offsetNs - lastNs)
    lastNs = offsetNs
  }
  lagrange.longestNs = longestNs
  const a = v128.load(ptr, LAGRANGE_OFFSETS)
  const b = v128.load(ptr, LAGRANGE_OFFSETS + 16)
  const c = v128.load(ptr, LAGRANGE_OFFSETS + 32)
  const d = v128.load(ptr, LAGRANGE_OFFSETS + 48)
  let pa = f64x2.splat(1)
  let pb = pa
  let pc = pa
  let pd = pa
  for (let k: usize = 0; k < (count as usize) << 3; k += 8) {
    const offset = v128.load64_splat(ptr + k, LAGRANGE_OFFSETS)
    pa = f64x2.mul(pa, factor(a, offset))
    pb = f64x2.mul(pb, factor(b, offset))
    pc = f64x2.mul(pc, factor(c, offset))
    pd = f64x2.mul(pd, factor(d, offset))
  }
  v128.store(ptr, f64x2.div(v128.load(ptr, LAGRANGE_UNITS), pa), LAGRANGE_SCALES)
  v128.store(ptr, f64x2.div(v128.load(ptr, LAGRANGE_UNITS + 16), pb), LAGRANGE_SCALES + 16)
  v128.store(ptr, f64x2.div(v128.load(ptr, LAGRANGE_UNITS + 32), pc), LAGRANGE_SCALES + 32)
  v128.store(ptr, f64x2.div(v128.load(ptr, LAGRANGE_UNITS + 48), pd), LAGRANGE_SCALES + 48)
}

/** Two lanes' distances from the instant. */
function distances(lagrange: usize, offsetNs: v128): v128 {
  return f64x2.sub(
    f64x2.mul(offsetNs, v128.load(lagrange, LAGRANGE_UNITS)),
    v128.load(lagrange, LAGRANGE_OFFSETS),
  )
}

function swapped(lanes: v128): v128 {
  return v128.shuffle<f64>(lanes, lanes, 1, 0)
}

/** Sets the weights for an instant `offsetNs` behind the left node: each the product of the other lanes' distances. */
export function lagrangeMove(lagrange: Lagrange, offsetNs: f64): void {
  const ptr = changetype<usize>(lagrange)
  const at = f64x2.splat(offsetNs)
  const a = distances(ptr, at)
  const b = distances(ptr + 16, at)
  const c = distances(ptr + 32, at)
  const d = distances(ptr + 48, at)
  const sa = swapped(a)
  const sb = swapped(b)
  const sc = swapped(c)
  const sd = swapped(d)
  const pa = f64x2.mul(a, sa)
  const pb = f64x2.mul(b, sb)
  const pc = f64x2.mul(c, sc)
  const pd = f64x2.mul(d, sd)
  const low = f64x2.mul(pa, pb)
  const high = f64x2.mul(pc, pd)
  const scales = ptr + LAGRANGE_SCALES
  const weights = ptr + LAGRANGE_WEIGHTS
  v128.store(weights, f64x2.mul(f64x2.mul(sa, f64x2.mul(pb, high)), v128.load(scales)))
  v128.store(weights, f64x2.mul(f64x2.mul(sb, f64x2.mul(pa, high)), v128.load(scales, 16)), 16)
  v128.store(weights, f64x2.mul(f64x2.mul(sc, f64x2.mul(pd, low)), v128.load(scales, 32)), 32)
  v128.store(weights, f64x2.mul(f64x2.mul(sd, f64x2.mul(pc, low)), v128.load(scales, 48)), 48)
}

/** Values of all channels at the instant, two at a time; false when one is no number. */
export function lagrangeValues(lagrange: Lagrange, nodes: Nodes, targetPtr: usize): bool {
  const stride = (nodes.stride as usize) << 3
  const weightsPtr = changetype<usize>(lagrange) + LAGRANGE_WEIGHTS
  const weightsEnd = weightsPtr + ((lagrange.count as usize) << 3)
  const valuesPtr = nodeValues(nodes, lagrange.first)
  let odd = f64x2.splat(0)
  for (let channel: usize = 0; channel < stride; channel += 16) {
    let sum = f64x2.splat(0)
    let values = valuesPtr + channel
    for (let weight = weightsPtr; weight < weightsEnd; weight += 8, values += stride) {
      sum = f64x2.add(sum, f64x2.mul(v128.load64_splat(weight), v128.load(values)))
    }
    v128.store(targetPtr + channel, sum)
    odd = f64x2.add(odd, f64x2.sub(sum, sum))
  }
  return f64x2.extract_lane(odd, 0) + f64x2.extract_lane(odd, 1) === 0
}

/** Linear. Equal ends come out as they are; a difference beyond the range of doubles is weighed instead. */
export function linear(before: f64, after: f64, fraction: f64): f64 {
  if (before === after) return before
  const slope = after - before
  const value = abs(slope) < Infinity ? before + slope * fraction : before * (1 - fraction) + after * fraction
  return isNaN(value) ? NaN : value
}

/** Slope of the parabola through three nodes, the middle one `middle`: where it is, or at its `side`, −1 or 1. */
function parabolaSlope(nodes: Nodes, middle: i32, side: i32, channel: usize): f64 {
  const spanBefore = spanNs(nodes, middle - 1, middle)
  const spanAfter = spanNs(nodes, middle, middle + 1)
  const value = load<f64>(nodeValues(nodes, middle) + channel)
  const before = (value - load<f64>(nodeValues(nodes, middle - 1) + channel)) / spanBefore
  const after = (load<f64>(nodeValues(nodes, middle + 1) + channel) - value) / spanAfter
  const curvature = (after - before) / (spanBefore + spanAfter)
  if (side > 0) return after + curvature * spanAfter
  return side < 0 ? before - curvature * spanBefore : before + curvature * spanBefore
}

/**
 * Cubic Hermite with parabolic slopes, `offsetNs` behind node `left`, from one node before to one after the interval
 * where they are. Exact for parabolas. Not a finite number: linear. `channel`: its offset in bytes.
 */
export function cubic(nodes: Nodes, left: i32, offsetNs: f64, channel: usize): f64 {
  const span = spanNs(nodes, left, left + 1)
  const fraction = offsetNs / span
  const before = load<f64>(nodeValues(nodes, left) + channel)
  const after = load<f64>(nodeValues(nodes, left + 1) + channel)
  const hasLeft = left > 0
  const hasRight = left + 2 < nodes.count
  if (!hasLeft && !hasRight) return linear(before, after, fraction)
  const rise = after - before
  const start = span * (hasLeft ? parabolaSlope(nodes, left, 0, channel) : parabolaSlope(nodes, left + 1, -1, channel))
  const end = span * (hasRight ? parabolaSlope(nodes, left + 1, 0, channel) : parabolaSlope(nodes, left, 1, channel))
  const value =
    before + fraction * (start + fraction * (3 * rise - 2 * start - end + fraction * (start + end - 2 * rise)))
  return abs(value) < Infinity ? value : linear(before, after, fraction)
}
