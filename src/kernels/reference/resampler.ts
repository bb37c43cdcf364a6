import { KymographError } from '../../errors.js'
import { expectFrames, expectTimestampsInRange } from '../arguments.js'
import { FrameCollector } from '../frame-collector.js'
import { planResampler } from '../resampler-plan.js'
import type { Resampled, Resampler, ResamplerOptions } from '../types.js'
import { type FrameNode, FrameOrder } from './frame-order.js'
import { Grid } from './grid.js'

/** Equal ends come out as they are; a difference beyond the range of doubles is weighed instead. */
function interpolate(before: number, after: number, fraction: number): number {
  if (before === after) return before
  const slope = after - before
  const value = Number.isFinite(slope) ? before + slope * fraction : before * (1 - fraction) + after * fraction
  return Number.isNaN(value) ? Number.NaN : value
}

/** Linear resampling in plain TypeScript. */
export class ReferenceResampler implements Resampler {
  readonly rateHz: number
  readonly channels: number
  readonly #grid: Grid
  readonly #order: FrameOrder
  #previous: FrameNode | undefined
  #segmentPending = false
  #disposed = false

  constructor(options: ResamplerOptions) {
    const plan = planResampler(options)
    this.rateHz = options.rateHz
    this.channels = plan.channels
    this.#grid = new Grid(plan.periodNumerator, plan.periodDenominator)
    this.#order = new FrameOrder(plan.gapNs, plan.gapLimitNs)
  }

  get repeatedFrames(): number {
    return this.#order.repeatedFrames
  }

  get lateFrames(): number {
    return this.#order.lateFrames
  }

  push(timestampsNs: BigInt64Array, values: Float64Array): Resampled {
    this.#expectUsable()
    expectFrames(timestampsNs, values, this.channels)
    expectTimestampsInRange(timestampsNs)
    const output = new FrameCollector(this.channels, timestampsNs.length)
    for (let frame = 0; frame < timestampsNs.length; frame++) {
      this.#order.take(timestampsNs[frame], values.slice(frame * this.channels, (frame + 1) * this.channels))
      this.#drain(output)
    }
    return output.finish()
  }

  flush(): Resampled {
    this.#expectUsable()
    const output = new FrameCollector(this.channels, 0)
    this.#order.finish()
    this.#drain(output)
    this.#order.restart()
    this.#previous = undefined
    this.#segmentPending = false
    return output.finish()
  }

  dispose(): void {
    this.#disposed = true
    this.#order.restart()
    this.#previous = undefined
  }

  #drain(output: FrameCollector): void {
    if (this.#order.gapNs === 0n) return
    for (const node of this.#order.queue) this.#advance(node, output)
    this.#order.queue.length = 0
  }

  #advance(node: FrameNode, output: FrameCollector): void {
    const previous = this.#previous
    const grid = this.#grid
    if (previous === undefined || node.starts || node.timestampNs - previous.timestampNs > this.#order.gapNs) {
      grid.seek(node.timestampNs)
      this.#segmentPending = true
    }
    for (; grid.instantNs <= node.timestampNs; grid.step()) {
      if (this.#segmentPending) output.markSegment()
      this.#segmentPending = false
      const { values, at } = output.open(grid.instantNs)
      if (grid.instantNs === node.timestampNs) {
        values.set(node.values, at)
        continue
      }
      // Not at the node, so not at the first of a segment: there is a previous one.
      const startNs = previous!.timestampNs
      const fraction = Number(grid.instantNs - startNs) / Number(node.timestampNs - startNs)
      for (let channel = 0; channel < this.channels; channel++) {
        values[at + channel] = interpolate(previous!.values[channel], node.values[channel], fraction)
      }
    }
    this.#previous = node
  }

  #expectUsable(): void {
    if (this.#disposed) throw new KymographError('disposed', 'the resampler was disposed: create a new one')
  }
}
