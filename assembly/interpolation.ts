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

/** Behind the struct: offsets of the nodes from the left one, their scales, and the weights of an instant. */
const LAGRANGE_OFFSETS: usize = 16
const LAGRANGE_SCALES: usize = LAGRANGE_OFFSETS + (LAGRANGE_NODES << 3)
const LAGRANGE_WEIGHTS: usize = LAGRANGE_SCALES + (LAGRANGE_NODES << 3)

export function lagrangeBytes(): usize {
  return LAGRANGE_WEIGHTS + (LAGRANGE_NODES << 3)
}

export function lagrangeAt(ptr: usize): Lagrange {
  return changetype<Lagrange>(ptr)
}

export function lagrangePrepare(lagrange: Lagrange, nodes: Nodes, left: i32): void {
  const first = max(0, left - LAGRANGE_NODES / 2 + 1)
  const count = min(nodes.count, left + LAGRANGE_NODES / 2 + 1) - first
  const offsetsPtr = changetype<usize>(lagrange) + LAGRANGE_OFFSETS
  const scalesPtr = changetype<usize>(lagrange) + LAGRANGE_SCALES
  lagrange.first = first
  lagrange.count = count
  let longestNs: f64 = 0
  let lastNs: f64 = 0
  for (let j = 0; j < count; j++) {
    const offsetNs = spanNs(nodes, left, first + j)
    store<f64>(offsetsPtr + ((j as usize) << 3), offsetNs)
    if (j > 0) longestNs = max(longestNs, offsetNs - lastNs)
    lastNs = offsetNs
  }
  lagrange.longestNs = longestNs
  const end = offsetsPtr + ((count as usize) << 3)
  for (let j: usize = 0; j < (count as usize) << 3; j += 8) {
    const one = load<f64>(offsetsPtr + j)
    let product: f64 = 1
    for (let ptr = offsetsPtr; ptr < end; ptr += 8) {
      if (ptr !== offsetsPtr + j) product *= one - load<f64>(ptr)
    }
    store<f64>(scalesPtr + j, 1 / product)
  }
}

/** Sets the weights for an instant `offsetNs` behind the left node. */
export function lagrangeMove(lagrange: Lagrange, offsetNs: f64): void {
  const ptr = changetype<usize>(lagrange)
  const end = ptr + ((lagrange.count as usize) << 3)
  let product: f64 = 1
  for (let at = ptr; at < end; at += 8) {
    store<f64>(at, product, LAGRANGE_WEIGHTS)
    product *= offsetNs - load<f64>(at, LAGRANGE_OFFSETS)
  }
  product = 1
  for (let at = end - 8; at >= ptr; at -= 8) {
    store<f64>(at, load<f64>(at, LAGRANGE_WEIGHTS) * product * load<f64>(at, LAGRANGE_SCALES), LAGRANGE_WEIGHTS)
    product *= offsetNs - load<f64>(at, LAGRANGE_OFFSETS)
  }
}

/** Values of all channels at the instant, two at a time. */
export function lagrangeValues(lagrange: Lagrange, nodes: Nodes, targetPtr: usize): void {
  const stride = (nodes.stride as usize) << 3
  const weightsPtr = changetype<usize>(lagrange) + LAGRANGE_WEIGHTS
  const weightsEnd = weightsPtr + ((lagrange.count as usize) << 3)
  const valuesPtr = nodeValues(nodes, lagrange.first)
  for (let channel: usize = 0; channel < stride; channel += 16) {
    let sum = f64x2.splat(0)
    let values = valuesPtr + channel
    for (let weight = weightsPtr; weight < weightsEnd; weight += 8, values += stride) {
      sum = f64x2.add(sum, f64x2.mul(v128.load64_splat(weight), v128.load(values)))
    }
    v128.store(targetPtr + channel, sum)
  }
}

/** Linear. Equal ends come out as they are; a difference beyond the range of doubles is weighed instead. */
export function linear(before: f64, after: f64, fraction: f64): f64 {
  if (before === after) return before
  const slope = after - before
  const value = abs(slope) < Infinity ? before + slope * fraction : before * (1 - fraction) + after * fraction
  return value === value ? value : NaN
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
