import {
  LAGRANGE_NODES,
  METHOD_CUBIC,
  METHOD_HOLD,
  METHOD_LINEAR,
  METHOD_SINC,
  RESAMPLER_HOLE_HALF_PERIODS,
  RESAMPLER_MERGE_DIVISOR,
} from '../../../assembly/layout'
import { KymographError } from '../../errors.js'
import { expectFrames, expectTimestampsInRange } from '../arguments.js'
import { leastMergeNs, planInner, planResampler, type ResamplerPlan } from '../resampler-plan.js'
import type { Resampled, Resampler, ResamplerOptions } from '../types.js'
import { ChannelKinds } from './channel-kinds.js'
import { FrameCollector } from './frame-collector.js'
import { type FrameNode, FrameOrder } from './frame-order.js'
import { Grid } from './grid.js'
import { cubic, Lagrange, linear, type Nodes } from './interpolation.js'
import { Polyphase } from './polyphase.js'

/** Nodes an interval needs behind its left one. */
const LOOKAHEAD = {
  [METHOD_HOLD]: 1,
  [METHOD_LINEAR]: 1,
  [METHOD_CUBIC]: 2,
  [METHOD_SINC]: LAGRANGE_NODES / 2,
} as Record<number, number>

/** The inner grid: points of uniform time between the frames and the low-pass filter. */
interface InnerGrid {
  multiple: number
  divisor: number
  stepNs: number
  mergeNs: number
  holeNs: number
  filter: Polyphase
}

/** Resampling of irregular frames in plain TypeScript. */
export class ReferenceResampler implements Resampler {
  readonly rateHz: number
  readonly channels: number
  readonly #plan: ResamplerPlan
  readonly #order: FrameOrder
  readonly #kinds: ChannelKinds | undefined
  /** Next instant of the output. */
  readonly #grid: Grid
  /** Instant the inner grid's next point is counted from, and how many points behind it. */
  readonly #innerBase: Grid
  #innerIndex = 0
  #inner: InnerGrid | undefined
  #mergedFrames = 0
  #edgeFrames = 0
  /** Nodes of the open segment, from the first one still needed. */
  #nodes: Nodes = { timesNs: [], values: [] }
  /** Left node of the interval that is next. */
  #interval = 0
  #isOpen = false
  #segmentPending = false
  /** Timestamp of the segment's newest frame. */
  #lastNs = 0n
  /** Frames in the newest node. */
  #clusterFrames = 0
  #disposed = false

  constructor(options: ResamplerOptions) {
    const plan = planResampler(options)
    this.rateHz = options.rateHz
    this.channels = plan.channels
    this.#plan = plan
    this.#grid = new Grid(plan.periodNumerator, plan.periodDenominator)
    this.#innerBase = new Grid(plan.periodNumerator, plan.periodDenominator)
    this.#order = new FrameOrder(plan)
    this.#kinds = plan.kinds && new ChannelKinds(plan.kinds)
  }

  get inputRateHz(): number | undefined {
    const { knownNominalNs } = this.#order
    return knownNominalNs === 0n ? undefined : 1e9 / Number(knownNominalNs)
  }

  get repeatedFrames(): number {
    return this.#order.repeatedFrames
  }

  get sortedFrames(): number {
    return this.#order.sortedFrames
  }

  get mergedFrames(): number {
    return this.#mergedFrames
  }

  get lateFrames(): number {
    return this.#order.lateFrames
  }

  get edgeFrames(): number {
    return this.#edgeFrames + (this.#inner?.filter.edgeFrames ?? 0)
  }

  push(timestampsNs: BigInt64Array, values: Float64Array): Resampled {
    this.#expectUsable()
    expectFrames(timestampsNs, values, this.channels)
    expectTimestampsInRange(timestampsNs)
    const output = new FrameCollector(this.channels, timestampsNs.length)
    for (let frame = 0; frame < timestampsNs.length; frame++) {
      this.#order.take(timestampsNs[frame]!, values.slice(frame * this.channels, (frame + 1) * this.channels))
      this.#takeQueue(output)
    }
    return output.finish()
  }

  flush(): Resampled {
    this.#expectUsable()
    const output = new FrameCollector(this.channels, 0)
    this.#order.finish()
    this.#takeQueue(output)
    if (this.#isOpen) this.#closeSegment(output)
    this.#restart()
    return output.finish()
  }

  dispose(): void {
    this.#disposed = true
    this.#restart()
  }

  #restart(): void {
    this.#order.restart()
    this.#kinds?.forget()
    this.#nodes = { timesNs: [], values: [] }
    this.#isOpen = false
    this.#segmentPending = false
    this.#edgeFrames = this.edgeFrames
    this.#inner = undefined
  }

  #takeQueue(output: FrameCollector): void {
    const { queue, gapNs, nominalNs } = this.#order
    if (gapNs === 0n) return
    if (this.#plan.method === METHOD_SINC && !this.#inner) {
      if (nominalNs === 0n) return
      this.#inner = this.#createInner(nominalNs)
    }
    for (const frame of queue) {
      const isGap = frame.starts || frame.timestampNs - this.#lastNs > gapNs
      if (this.#isOpen && isGap) this.#closeSegment(output)
      if (!this.#isOpen) this.#openSegment(frame.timestampNs)
      this.#accept(frame)
      this.#advance(output, false)
    }
    queue.length = 0
  }

  #createInner(nominalNs: bigint): InnerGrid {
    const { periodNumerator, periodDenominator } = this.#plan
    const { multiple, divisor, filter } = planInner(this.#plan, nominalNs)
    return {
      multiple,
      divisor,
      stepNs: Number(periodNumerator) / Number(periodDenominator) / multiple,
      mergeNs: Math.max(Number(nominalNs) / RESAMPLER_MERGE_DIVISOR, leastMergeNs(this.#plan)),
      holeNs: (Number(nominalNs) * RESAMPLER_HOLE_HALF_PERIODS) / 2,
      filter: new Polyphase(filter, this.channels, false),
    }
  }

  #openSegment(startNs: bigint): void {
    this.#isOpen = true
    this.#segmentPending = true
    this.#interval = 0
    this.#nodes = { timesNs: [], values: [] }
    this.#kinds?.restart()
    this.#grid.seek(startNs)
    const inner = this.#inner
    if (!inner) return
    this.#innerBase.seek(startNs)
    const before =
      inner.divisor > 1
        ? 0
        : Math.min(inner.multiple - 1, Math.floor(Number(this.#grid.instantNs - startNs) / inner.stepNs))
    this.#innerIndex = 0 - before
    inner.filter.restart(before)
  }

  /** Makes a node of a frame, or merges it into the newest one. */
  #accept(frame: FrameNode): void {
    const { timesNs, values } = this.#nodes
    const inner = this.#inner
    const one = frame.values
    this.#lastNs = frame.timestampNs
    this.#kinds?.unwrap(one)
    if (inner) {
      for (let channel = 0; channel < this.channels; channel++) {
        one[channel] = inner.filter.difference(channel, one[channel]!)
      }
      const newest = timesNs.length - 1
      if (newest >= 0 && Number(frame.timestampNs - timesNs[newest]!) < inner.mergeNs) {
        const frames = ++this.#clusterFrames
        timesNs[newest]! += (frame.timestampNs - timesNs[newest]!) / BigInt(frames)
        const mean = values[newest]!
        for (let channel = 0; channel < this.channels; channel++) {
          mean[channel] = mean[channel]! + (one[channel]! - mean[channel]!) / frames
        }
        this.#mergedFrames++
        return
      }
    }
    this.#clusterFrames = 1
    timesNs.push(frame.timestampNs)
    values.push(one)
  }

  #closeSegment(output: FrameCollector): void {
    this.#advance(output, true)
    if (this.#inner) {
      const { filter } = this.#inner
      filter.end()
      while (filter.isReady && this.#grid.instantNs <= this.#lastNs) this.#takeFiltered(filter, output)
    }
    this.#isOpen = false
  }

  /** Goes through all intervals whose nodes are there; at the segment's end, through the rest. */
  #advance(output: FrameCollector, isEnd: boolean): void {
    const { timesNs, values } = this.#nodes
    const last = isEnd ? Math.max(0, timesNs.length - 2) : timesNs.length - 1 - LOOKAHEAD[this.#plan.method]!
    for (; this.#interval <= last; this.#interval++) {
      const endNs = isEnd && this.#interval === last ? this.#lastNs : timesNs[this.#interval + 1]!
      if (this.#inner) this.#fillInner(this.#inner, endNs, output)
      else this.#interpolate(endNs, output)
    }
    const passed = this.#interval - (LAGRANGE_NODES / 2 - 1)
    if (isEnd || passed <= 0) return
    timesNs.splice(0, passed)
    values.splice(0, passed)
    this.#interval -= passed
  }

  /** Gives the output's instants up to `endNs`, in the present interval. */
  #interpolate(endNs: bigint, output: FrameCollector): void {
    const { timesNs, values } = this.#nodes
    const left = this.#interval
    const grid = this.#grid
    const after = values[left + 1]
    for (; grid.instantNs <= endNs; grid.step()) {
      const { values: target, at } = this.#openFrame(output)
      const offsetNs = Number(grid.instantNs - timesNs[left]!)
      if (after && grid.instantNs === timesNs[left + 1]) target.set(after, at)
      else if (this.#plan.method === METHOD_HOLD || offsetNs === 0) target.set(values[left]!, at)
      else {
        const fraction = offsetNs / Number(timesNs[left + 1]! - timesNs[left]!)
        for (let channel = 0; channel < this.channels; channel++) {
          target[at + channel] =
            this.#plan.method === METHOD_CUBIC
              ? cubic(this.#nodes, left, offsetNs, channel)
              : linear(values[left]![channel]!, after![channel]!, fraction)
        }
      }
      this.#kinds?.wrap(target, at)
    }
  }

  /** Gives the filter the inner grid's points up to `endNs`, and takes from it what is certain. */
  #fillInner(inner: InnerGrid, endNs: bigint, output: FrameCollector): void {
    const { timesNs, values } = this.#nodes
    const left = this.#interval
    const base = this.#innerBase
    const sample = new Float64Array(this.channels)
    const isAlone = timesNs.length === 1
    const lagrange = new Lagrange(this.#nodes, left)
    const isHoled = lagrange.isHoled(inner.holeNs)
    while (Number(base.instantNs - endNs) + this.#innerIndex * inner.stepNs <= 0) {
      const offsetNs = Number(base.instantNs - timesNs[left]!) + this.#innerIndex * inner.stepNs
      const isCubic = isHoled || !lagrange.moveTo(offsetNs)
      for (let channel = 0; channel < this.channels; channel++) {
        const before = values[left]![channel]!
        let value = before
        if (!isAlone) {
          value = isCubic ? cubic(this.#nodes, left, offsetNs, channel) : lagrange.valueOf(channel)
          if (!Number.isFinite(value)) {
            const spanNs = Number(timesNs[left + 1]! - timesNs[left]!)
            value = linear(before, values[left + 1]![channel]!, offsetNs / spanNs)
          }
        }
        sample[channel] = value
      }
      inner.filter.append(sample)
      while (inner.filter.isReady) this.#takeFiltered(inner.filter, output)
      this.#stepInner(inner)
    }
  }

  #stepInner(inner: InnerGrid): void {
    if (inner.divisor > 1) {
      for (let step = 0; step < inner.divisor; step++) this.#innerBase.step()
    } else if (++this.#innerIndex === inner.multiple) {
      this.#innerIndex = 0
      this.#innerBase.step()
    }
  }

  #takeFiltered(filter: Polyphase, output: FrameCollector): void {
    const { values, at } = this.#openFrame(output)
    filter.take(values, at)
    this.#kinds?.wrap(values, at)
    this.#grid.step()
  }

  #openFrame(output: FrameCollector): { values: Float64Array; at: number } {
    if (this.#segmentPending) output.markSegment()
    this.#segmentPending = false
    return output.open(this.#grid.instantNs)
  }

  #expectUsable(): void {
    if (this.#disposed) throw new KymographError('disposed', 'the resampler was disposed: create a new one')
  }
}
