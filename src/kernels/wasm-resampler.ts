import { KymographError } from '../errors.js'
import { expectFrames, expectTimestampsInRange } from './arguments.js'
import { FrameCollector } from './frame-collector.js'
import { planResampler } from './resampler-plan.js'
import type { Resampled, Resampler, ResamplerOptions } from './types.js'
import { runStateful, stageFramesOf, WasmArena } from './wasm-arena.js'

/** A resampler in an instance of its own: its memory goes when the object does. Never grown after construction. */
export class WasmResampler implements Resampler {
  readonly rateHz: number
  readonly channels: number
  readonly #statePtr: number
  readonly #stageFrames: number
  #arena: WasmArena | undefined
  #repeatedFrames = 0
  #lateFrames = 0
  readonly #discard = () => {
    this.#arena = undefined
  }

  constructor(module: WebAssembly.Module, options: ResamplerOptions) {
    const plan = planResampler(options)
    this.rateHz = options.rateHz
    this.channels = plan.channels
    const arena = WasmArena.create(module)
    this.#arena = arena
    this.#statePtr = arena.basePtr
    this.#stageFrames = stageFramesOf(plan.channels)
    arena.reserve(arena.exports.resamplerStateBytes(plan.channels, this.#stageFrames))
    arena.exports.resamplerInit(
      this.#statePtr,
      plan.channels,
      this.#stageFrames,
      plan.periodNumerator,
      plan.periodDenominator,
      plan.gapNs,
      plan.gapLimitNs,
    )
  }

  get repeatedFrames(): number {
    return this.#arena?.exports.resamplerRepeatedFrames(this.#statePtr) ?? this.#repeatedFrames
  }

  get lateFrames(): number {
    return this.#arena?.exports.resamplerLateFrames(this.#statePtr) ?? this.#lateFrames
  }

  push(timestampsNs: BigInt64Array, values: Float64Array): Resampled {
    const arena = this.#usable()
    expectFrames(timestampsNs, values, this.channels)
    expectTimestampsInRange(timestampsNs)
    return runStateful(() => this.#push(arena, timestampsNs, values), this.#discard)
  }

  flush(): Resampled {
    const arena = this.#usable()
    const output = new FrameCollector(this.channels, 0)
    return runStateful(() => {
      this.#collect(arena, arena.exports.resamplerFlush(this.#statePtr), output)
      return output.finish()
    }, this.#discard)
  }

  dispose(): void {
    this.#repeatedFrames = this.repeatedFrames
    this.#lateFrames = this.lateFrames
    this.#arena = undefined
  }

  #push(arena: WasmArena, timestampsNs: BigInt64Array, values: Float64Array): Resampled {
    const { channels } = this
    const output = new FrameCollector(channels, timestampsNs.length)
    const stageTimestamps = arena.timestamps(
      arena.exports.resamplerInputTimestampsPtr(this.#statePtr),
      this.#stageFrames,
    )
    const stageValues = arena.values(
      arena.exports.resamplerInputValuesPtr(this.#statePtr),
      this.#stageFrames * channels,
    )
    for (let first = 0; first < timestampsNs.length; first += this.#stageFrames) {
      const end = Math.min(first + this.#stageFrames, timestampsNs.length)
      stageTimestamps.set(timestampsNs.subarray(first, end))
      stageValues.set(values.subarray(first * channels, end * channels))
      this.#collect(arena, arena.exports.resamplerPush(this.#statePtr, end - first), output)
    }
    return output.finish()
  }

  /** Takes the output stage, and as long as it was full, the next one. */
  #collect(arena: WasmArena, framesProduced: number, output: FrameCollector): void {
    const { exports } = arena
    const state = this.#statePtr
    let frames = framesProduced
    while (true) {
      const firstFrame = output.lengthFrames
      const segments = arena.indices(exports.resamplerOutputSegmentsPtr(state), exports.resamplerSegmentCount(state))
      for (const index of segments) output.markSegment(firstFrame + index)
      output.append(
        arena.timestamps(exports.resamplerOutputTimestampsPtr(state), frames),
        arena.values(exports.resamplerOutputValuesPtr(state), frames * this.channels),
      )
      if (frames < this.#stageFrames) return
      frames = exports.resamplerPull(state)
    }
  }

  #usable(): WasmArena {
    if (!this.#arena) throw new KymographError('disposed', 'the resampler was disposed: create a new one')
    return this.#arena
  }
}
