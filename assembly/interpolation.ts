// Values between the nodes of a segment.

import { LAGRANGE_GAIN_MAX, LAGRANGE_NODES } from './layout'
import { Nodes, nodeTime, nodeValues, spanNs } from './nodes'

/** Lagrange interpolation in one interval: up to eight nodes, four to each side where they are. */
@unmanaged
class Lagrange {
  first: i32
  count: i32
  /** Longest step between two of the nodes. */
  longestNs: f64
}

//  Behind the struct, f64 × 8 each, a lane per node; lanes without one multiply by 1 and weigh 0:
//  offsets from the left node, 1 or 0 for a lane without one, and scales.
const LAGRANGE_OFFSETS: usize = 16
const LAGRANGE_UNITS: usize = LAGRANGE_OFFSETS + (LAGRANGE_NODES << 3)
const LAGRANGE_SCALES: usize = LAGRANGE_UNITS + (LAGRANGE_NODES << 3)

export function lagrangeBytes(): usize {
  return LAGRANGE_SCALES + (LAGRANGE_NODES << 3)
}

export function lagrangeAt(ptr: usize): Lagrange {
  return changetype<Lagrange>(ptr)
}

/** Offset of lane `j` from the left node; −1 without one, so that 0 × anything − (−1) is 1. */
function laneOffset(nodes: Nodes, left: i32, first: i32, count: i32, j: i32): f64 {
  return j < count ? spanNs(nodes, left, first + j) : -1
}

function laneUnit(count: i32, j: i32): f64 {
  return j < count ? 1 : 0
}

function pairOf(low: f64, high: f64): v128 {
  return f64x2.replace_lane(f64x2.splat(low), 1, high)
}

function swapped(lanes: v128): v128 {
  return v128.shuffle<f64>(lanes, lanes, 1, 0)
}

/** Distances of `from` from two lanes: 1 for a lane without a node. */
function distances(from: v128, units: v128, offsets: v128): v128 {
  return f64x2.sub(f64x2.mul(from, units), offsets)
}

/** Distances of `from` from both lanes of a pair, multiplied. */
function bothDistances(from: v128, units: v128, offsets: v128): v128 {
  return f64x2.mul(distances(from, units, offsets), distances(from, swapped(units), swapped(offsets)))
}

/** 1 over the products; 0 for a lane without a node, whose product may be anything. */
function scalesOf(units: v128, products: v128): v128 {
  return v128.and(f64x2.div(units, products), f64x2.eq(units, f64x2.splat(1)))
}

export function lagrangePrepare(lagrange: Lagrange, nodes: Nodes, left: i32): void {
  const first = max(0, left - LAGRANGE_NODES / 2 + 1)
  const count = min(nodes.count, left + LAGRANGE_NODES / 2 + 1) - first
  lagrange.first = first
  lagrange.count = count
  const ptr = changetype<usize>(lagrange)
  let longest: i64 = 0
  for (let j = 1; j < count; j++) longest = max(longest, nodeTime(nodes, first + j) - nodeTime(nodes, first + j - 1))
  lagrange.longestNs = longest as f64
  const a = pairOf(laneOffset(nodes, left, first, count, 0), laneOffset(nodes, left, first, count, 1))
  const b = pairOf(laneOffset(nodes, left, first, count, 2), laneOffset(nodes, left, first, count, 3))
  const c = pairOf(laneOffset(nodes, left, first, count, 4), laneOffset(nodes, left, first, count, 5))
  const d = pairOf(laneOffset(nodes, left, first, count, 6), laneOffset(nodes, left, first, count, 7))
  const ua = pairOf(laneUnit(count, 0), laneUnit(count, 1))
  const ub = pairOf(laneUnit(count, 2), laneUnit(count, 3))
  const uc = pairOf(laneUnit(count, 4), laneUnit(count, 5))
  const ud = pairOf(laneUnit(count, 6), laneUnit(count, 7))
  v128.store(ptr, a, LAGRANGE_OFFSETS)
  v128.store(ptr, b, LAGRANGE_OFFSETS + 16)
  v128.store(ptr, c, LAGRANGE_OFFSETS + 32)
  v128.store(ptr, d, LAGRANGE_OFFSETS + 48)
  v128.store(ptr, ua, LAGRANGE_UNITS)
  v128.store(ptr, ub, LAGRANGE_UNITS + 16)
  v128.store(ptr, uc, LAGRANGE_UNITS + 32)
  v128.store(ptr, ud, LAGRANGE_UNITS + 48)
  let pa = f64x2.mul(distances(a, swapped(ua), swapped(a)), bothDistances(a, ub, b))
  let pb = f64x2.mul(distances(b, swapped(ub), swapped(b)), bothDistances(b, ua, a))
  let pc = f64x2.mul(distances(c, swapped(uc), swapped(c)), bothDistances(c, ua, a))
  let pd = f64x2.mul(distances(d, swapped(ud), swapped(d)), bothDistances(d, ua, a))
  pa = f64x2.mul(f64x2.mul(pa, bothDistances(a, uc, c)), bothDistances(a, ud, d))
  pb = f64x2.mul(f64x2.mul(pb, bothDistances(b, uc, c)), bothDistances(b, ud, d))
  pc = f64x2.mul(f64x2.mul(pc, bothDistances(c, ub, b)), bothDistances(c, ud, d))
  pd = f64x2.mul(f64x2.mul(pd, bothDistances(d, ub, b)), bothDistances(d, uc, c))
  v128.store(ptr, scalesOf(ua, pa), LAGRANGE_SCALES)
  v128.store(ptr, scalesOf(ub, pb), LAGRANGE_SCALES + 16)
  v128.store(ptr, scalesOf(uc, pc), LAGRANGE_SCALES + 32)
  v128.store(ptr, scalesOf(ud, pd), LAGRANGE_SCALES + 48)
}

function lowOf(lanes: v128): v128 {
  return v128.shuffle<f64>(lanes, lanes, 0, 0)
}

function highOf(lanes: v128): v128 {
  return v128.shuffle<f64>(lanes, lanes, 1, 1)
}

function weighed(sum: v128, weights: v128, valuesPtr: usize): v128 {
  return f64x2.add(sum, f64x2.mul(weights, v128.load(valuesPtr)))
}

/**
 * Values of all channels at an instant `offsetNs` behind the left node, two at a time. Each lane weighs the product of
 * the other lanes' distances; lanes without a node take the last node's values, times 0.
 *
 * Returns 1, or 0 when a channel has no number, or −1, nothing written, when the weights would make much more of noise
 * than there is.
 */
export function lagrangeValues(lagrange: Lagrange, nodes: Nodes, offsetNs: f64, targetPtr: usize): i32 {
  const ptr = changetype<usize>(lagrange)
  const at = f64x2.splat(offsetNs)
  const a = distances(at, v128.load(ptr, LAGRANGE_UNITS), v128.load(ptr, LAGRANGE_OFFSETS))
  const b = distances(at, v128.load(ptr, LAGRANGE_UNITS + 16), v128.load(ptr, LAGRANGE_OFFSETS + 16))
  const c = distances(at, v128.load(ptr, LAGRANGE_UNITS + 32), v128.load(ptr, LAGRANGE_OFFSETS + 32))
  const d = distances(at, v128.load(ptr, LAGRANGE_UNITS + 48), v128.load(ptr, LAGRANGE_OFFSETS + 48))
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
  const wa = f64x2.mul(f64x2.mul(sa, f64x2.mul(pb, high)), v128.load(ptr, LAGRANGE_SCALES))
  const wb = f64x2.mul(f64x2.mul(sb, f64x2.mul(pa, high)), v128.load(ptr, LAGRANGE_SCALES + 16))
  const wc = f64x2.mul(f64x2.mul(sc, f64x2.mul(pd, low)), v128.load(ptr, LAGRANGE_SCALES + 32))
  const wd = f64x2.mul(f64x2.mul(sd, f64x2.mul(pc, low)), v128.load(ptr, LAGRANGE_SCALES + 48))
  const gains = f64x2.add(f64x2.add(f64x2.abs(wa), f64x2.abs(wb)), f64x2.add(f64x2.abs(wc), f64x2.abs(wd)))
  if (!(f64x2.extract_lane(gains, 0) + f64x2.extract_lane(gains, 1) < LAGRANGE_GAIN_MAX)) return -1
  const stride = (nodes.stride as usize) << 3
  const count = lagrange.count
  const n0 = nodeValues(nodes, lagrange.first)
  const n1 = count > 1 ? n0 + stride : n0
  const n2 = count > 2 ? n1 + stride : n1
  const n3 = count > 3 ? n2 + stride : n2
  const n4 = count > 4 ? n3 + stride : n3
  const n5 = count > 5 ? n4 + stride : n4
  const n6 = count > 6 ? n5 + stride : n5
  const n7 = count > 7 ? n6 + stride : n6
  let odd = f64x2.splat(0)
  for (let channel: usize = 0; channel < stride; channel += 16) {
    let sum = weighed(f64x2.splat(0), lowOf(wa), n0 + channel)
    sum = weighed(sum, highOf(wa), n1 + channel)
    sum = weighed(sum, lowOf(wb), n2 + channel)
    sum = weighed(sum, highOf(wb), n3 + channel)
    sum = weighed(sum, lowOf(wc), n4 + channel)
    sum = weighed(sum, highOf(wc), n5 + channel)
    sum = weighed(sum, lowOf(wd), n6 + channel)
    sum = weighed(sum, highOf(wd), n7 + channel)
    v128.store(targetPtr + channel, sum)
    odd = f64x2.add(odd, f64x2.sub(sum, sum))
  }
  return f64x2.extract_lane(odd, 0) + f64x2.extract_lane(odd, 1) === 0 ? 1 : 0
}

/** Linear. Equal ends come out as they are; a difference beyond the range of doubles is weighed instead. */
export function linear(before: f64, after: f64, fraction: f64): f64 {
  if (before === after) return before
  const slope = after - before
  const value = abs(slope) < Infinity ? before + slope * fraction : before * (1 - fraction) + after * fraction
  return value < 0 || value >= 0 ? value : NaN
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
