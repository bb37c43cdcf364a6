import { LAGRANGE_GAIN_MAX, LAGRANGE_NODES } from '../../../assembly/layout'

/** Nodes of a segment in the order of time; values one array per node. */
export interface Nodes {
  timesNs: bigint[]
  values: Float64Array[]
}

/** Linear. Equal ends come out as they are; a difference beyond the range of doubles is weighed instead. */
export function linear(before: number, after: number, fraction: number): number {
  if (before === after) return before
  const slope = after - before
  const value = Number.isFinite(slope) ? before + slope * fraction : before * (1 - fraction) + after * fraction
  return Number.isNaN(value) ? Number.NaN : value
}

function spanNs(nodes: Nodes, from: number, to: number): number {
  return Number(nodes.timesNs[to]! - nodes.timesNs[from]!)
}

/** Slopes of the parabola through three nodes, the middle one `middle`: where it is, or at its `side`, −1 or 1. */
function parabolaSlope(nodes: Nodes, middle: number, side: number, channel: number): number {
  const { values } = nodes
  const spanBefore = spanNs(nodes, middle - 1, middle)
  const spanAfter = spanNs(nodes, middle, middle + 1)
  const before = (values[middle]![channel]! - values[middle - 1]![channel]!) / spanBefore
  const after = (values[middle + 1]![channel]! - values[middle]![channel]!) / spanAfter
  const curvature = (after - before) / (spanBefore + spanAfter)
  if (side > 0) return after + curvature * spanAfter
  return side < 0 ? before - curvature * spanBefore : before + curvature * spanBefore
}

/**
 * Cubic Hermite with parabolic slopes, `offsetNs` behind node `left`, from one node before to one after the interval
 * where they are. Exact for parabolas. Not a finite number: linear.
 */
export function cubic(nodes: Nodes, left: number, offsetNs: number, channel: number): number {
  const span = spanNs(nodes, left, left + 1)
  const fraction = offsetNs / span
  const before = nodes.values[left]![channel]!
  const after = nodes.values[left + 1]![channel]!
  const hasLeft = left > 0
  const hasRight = left + 2 < nodes.timesNs.length
  if (!hasLeft && !hasRight) return linear(before, after, fraction)
  const rise = after - before
  const start = span * (hasLeft ? parabolaSlope(nodes, left, 0, channel) : parabolaSlope(nodes, left + 1, -1, channel))
  const end = span * (hasRight ? parabolaSlope(nodes, left + 1, 0, channel) : parabolaSlope(nodes, left, 1, channel))
  const value =
    before + fraction * (start + fraction * (3 * rise - 2 * start - end + fraction * (start + end - 2 * rise)))
  return Number.isFinite(value) ? value : linear(before, after, fraction)
}

/**
 * Lagrange interpolation in one interval: up to eight nodes, four to each side where they are. Eight lanes, a node each;
 * those without one multiply by 1 and weigh 0.
 */
export class Lagrange {
  readonly #nodes: Nodes
  readonly #first: number
  readonly #offsets: number[] = []
  readonly #scales: number[]
  readonly #weights = new Array<number>(LAGRANGE_NODES).fill(0)

  constructor(nodes: Nodes, left: number) {
    this.#nodes = nodes
    this.#first = Math.max(0, left - LAGRANGE_NODES / 2 + 1)
    const end = Math.min(nodes.timesNs.length, left + LAGRANGE_NODES / 2 + 1)
    for (let node = this.#first; node < end; node++) this.#offsets.push(spanNs(nodes, left, node))
    this.#scales = this.#offsets.map((offset, lane) => 1 / this.#productOf(offset, lane))
  }

  /** Whether the longest step between two of the nodes is above `holeNs`. */
  isHoled(holeNs: number): boolean {
    return this.#offsets.some((offset, k) => k > 0 && offset - this.#offsets[k - 1]! > holeNs)
  }

  /**
   * Sets the weights for an instant `offsetNs` behind the left node: each the product of the other lanes' distances.
   * False when they would make much more of noise than there is.
   */
  moveTo(offsetNs: number): boolean {
    const pairs = [0, 2, 4, 6].map((lane) => this.#distance(offsetNs, lane) * this.#distance(offsetNs, lane + 1))
    const low = pairs[0]! * pairs[1]!
    const high = pairs[2]! * pairs[3]!
    for (let lane = 0; lane < this.#offsets.length; lane++) {
      const pair = lane >> 1
      const others = pairs[pair ^ 1]! * (pair < 2 ? high : low)
      this.#weights[lane] = this.#distance(offsetNs, lane ^ 1) * others * this.#scales[lane]!
    }
    const [w0, w1, w2, w3, w4, w5, w6, w7] = this.#weights.map(Math.abs) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    return w0 + w2 + (w4 + w6) + (w1 + w3 + (w5 + w7)) < LAGRANGE_GAIN_MAX
  }

  valueOf(channel: number): number {
    let sum = 0
    for (let lane = 0; lane < this.#offsets.length; lane++) {
      sum += this.#weights[lane]! * this.#nodes.values[this.#first + lane]![channel]!
    }
    return sum
  }

  #distance(offsetNs: number, lane: number): number {
    return lane < this.#offsets.length ? offsetNs - this.#offsets[lane]! : 1
  }

  /** Product of a lane's distances from the others: its pair's other lane, then pair by pair. */
  #productOf(offset: number, lane: number): number {
    let product = this.#distance(offset, lane ^ 1)
    for (let pair = 0; pair < LAGRANGE_NODES; pair += 2) {
      if (pair === (lane & ~1)) continue
      const same = pair + (lane & 1)
      product *= this.#distance(offset, same) * this.#distance(offset, same ^ 1)
    }
    return product
  }
}
