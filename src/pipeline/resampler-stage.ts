import type { Kernels } from '../kernels/types.js'
import type { ChannelDescriptor } from '../wire/model.js'
import type { Dictionaries, FrameBlock } from './frame-block.js'
import type { GridPlan } from './plan.js'
import {
  HELD_CHANNELS_MAX,
  HeldLane,
  InterpolatedLane,
  type PlacedChannel,
  type ResamplerLane,
  resampledKindOf,
} from './resampler-lane.js'

/** Frames of the grid, fresh. */
export interface GridFrames {
  block: FrameBlock
  dictionaries: Dictionaries
}

/**
 * Resamples a stream. Numbers go the way of the grid's method, `enum` and `text` are held, each kind through a
 * resampler of its own. All of them give frames at the same instants, some later than others: a frame leaves when it is
 * complete.
 */
export class ResamplerStage {
  readonly #lanes: readonly ResamplerLane[]
  readonly #channels: number
  #inputRateHz: number | undefined

  /** nominalRateHz: the declared rate of the frames that come, if there is one. */
  constructor(kernels: Kernels, grid: GridPlan, channels: readonly ChannelDescriptor[], nominalRateHz?: number) {
    this.#channels = channels.length
    const { rateHz, method, quality, maxGapMs } = grid
    const open = (lane: readonly PlacedChannel[], held: boolean) =>
      kernels.createResampler({
        rateHz,
        maxGapMs,
        nominalRateHz,
        quality,
        channels: held ? lane.length + 1 : lane.length,
        method: held ? 'hold' : method,
        kinds: held ? undefined : lane.map(({ channel }) => resampledKindOf(channel)),
      })
    const placed = channels.map((channel, index) => ({ index, channel }))
    const isHeld = ({ channel: { type } }: PlacedChannel) => method === 'hold' || type === 'enum' || type === 'text'
    const held = placed.filter(isHeld)
    const interpolated = placed.filter((channel) => !isHeld(channel))
    const lanes: ResamplerLane[] = []
    if (interpolated.length > 0) lanes.push(new InterpolatedLane(open(interpolated, false), interpolated))
    for (let first = 0; first < held.length; first += HELD_CHANNELS_MAX) {
      const some = held.slice(first, first + HELD_CHANNELS_MAX)
      lanes.push(new HeldLane(open(some, true), some))
    }
    this.#lanes = lanes
  }

  get lateFrames(): number {
    return this.#lanes[0]!.lateFrames
  }

  /** Rate of the frames that come, declared or measured; undefined as long as it is unknown. */
  get inputRateHz(): number | undefined {
    return this.#inputRateHz
  }

  /** Takes frames, their times apart, and returns those of the grid that are certain by now. */
  push(timestampsNs: BigInt64Array, block: FrameBlock, dictionaries: Dictionaries): GridFrames {
    for (const lane of this.#lanes) lane.push(timestampsNs, block, dictionaries)
    return this.#take()
  }

  /** Ends the input: the rest. */
  flush(): GridFrames {
    for (const lane of this.#lanes) lane.flush()
    return this.#take()
  }

  dispose(): void {
    for (const lane of this.#lanes) lane.dispose()
  }

  #take(): GridFrames {
    const [first] = this.#lanes
    this.#inputRateHz = first!.inputRateHz ?? this.#inputRateHz
    const frameCount = Math.min(...this.#lanes.map(({ timestampsNs }) => timestampsNs.length))
    const block: FrameBlock = {
      timeHalves: new Int32Array(first!.timestampsNs.slice(0, frameCount).buffer),
      masks: new Int32Array(2 * frameCount),
      valueHalves: new Int32Array(2 * frameCount * this.#channels),
      stride: frameCount,
      from: 0,
      frameCount,
    }
    const dictionaries = new Map<number, string[]>()
    for (const lane of this.#lanes) lane.take(block, dictionaries)
    return { block, dictionaries }
  }
}
