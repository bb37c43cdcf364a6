import { RESAMPLER_HOLE_HALF_PERIODS, RESAMPLER_MERGE_DIVISOR, STATUS_FILTER_MISSING } from '../../assembly/layout'
import { KymographError } from '../errors.js'
import { expectFrames, expectTimestampsInRange } from './arguments.js'
import { leastMergeNs, planInner, planResampler, type ResamplerPlan } from './resampler-plan.js'
import type { Resampled, Resampler, ResamplerOptions } from './types.js'
import { aligned, runStateful, stageFramesOf, WasmArena } from './wasm-arena.js'
import { initFilter } from './wasm-filter.js'

/** One array of all pieces, or the only one. */
function joined<Values extends BigInt64Array | Float64Array>(
  pieces: Values[],
  create: (length: number) => Values,
): Values {
  if (pieces.length === 1) return pieces[0]!
  const whole = create(pieces.reduce((length, piece) => length + piece.length, 0))
  let end = 0
  for (const piece of pieces) {
    whole.set(piece as never, end)
    end += piece.length
  }
  return whole
}

/** What came out of the stages, piece by piece. */
class Pieces {
  readonly #timestampsNs: BigInt64Array[] = []
  readonly #values: Float64Array[] = []
  readonly #segments: number[] = []
  #frames = 0

  add(timestampsNs: BigInt64Array, values: Float64Array, segments: Uint32Array): void {
    for (const index of segments) this.#segments.push(this.#frames + index)
    this.#timestampsNs.push(timestampsNs)
    this.#values.push(values)
    this.#frames += timestampsNs.length
  }

  join(): Resampled {
    return {
      timestampsNs: joined(this.#timestampsNs, (length) => new BigInt64Array(length)),
      values: joined(this.#values, (length) => new Float64Array(length)),
      segments: this.#segments,
    }
  }
}

/** A resampler in an instance of its own: its memory goes when the object does. */
export class WasmResampler implements Resampler {
  readonly rateHz: number
  readonly channels: number
  readonly #plan: ResamplerPlan
  readonly #statePtr: number
  readonly #filterPtr: number
  readonly #stageFrames: number
  #arena: WasmArena | undefined
  #hasFilter = false
  /** Edge frames of the filters before the present one. */
  #edgeFrames = 0
  /** What the counts were when the instance went. */
  #last = { inputRateHz: undefined as number | undefined, repeated: 0, sorted: 0, merged: 0, late: 0, edge: 0 }
  readonly #discard = () => {
    this.#arena = undefined
  }

  constructor(module: WebAssembly.Module, options: ResamplerOptions) {
    const plan = planResampler(options)
    this.rateHz = options.rateHz
    this.channels = plan.channels
    this.#plan = plan
    const arena = WasmArena.create(module)
    const { exports } = arena
    this.#arena = arena
    this.#statePtr = arena.basePtr
    this.#stageFrames = stageFramesOf(plan.channels)
    const stateBytes = aligned(exports.resamplerStateBytes(plan.channels, this.#stageFrames))
    this.#filterPtr = this.#statePtr + stateBytes
    arena.reserve(stateBytes)
    exports.resamplerInit(
      this.#statePtr,
      plan.channels,
      plan.method,
      this.#stageFrames,
      plan.periodNumerator,
      plan.periodDenominator,
      plan.nominalNs,
      plan.gapNs,
      plan.gapLimitNs,
    )
    plan.kinds?.forEach((kind, channel) => {
      exports.resamplerSetKind(this.#statePtr, channel, kind)
    })
  }

  get inputRateHz(): number | undefined {
    return this.#counts().inputRateHz
  }

  get repeatedFrames(): number {
    return this.#counts().repeated
  }

  get sortedFrames(): number {
    return this.#counts().sorted
  }

  get mergedFrames(): number {
    return this.#counts().merged
  }

  get lateFrames(): number {
    return this.#counts().late
  }

  get edgeFrames(): number {
    return this.#counts().edge
  }

  push(timestampsNs: BigInt64Array, values: Float64Array): Resampled {
    const arena = this.#usable()
    expectFrames(timestampsNs, values, this.channels)
    expectTimestampsInRange(timestampsNs)
    return runStateful(() => this.#push(arena, timestampsNs, values), this.#discard)
  }

  flush(): Resampled {
    const arena = this.#usable()
    return runStateful(() => {
      const output = new Pieces()
      this.#collect(arena, arena.exports.resamplerFlush(this.#statePtr), output)
      if (this.#hasFilter) this.#edgeFrames += arena.exports.polyphaseEdgeFrames(this.#filterPtr)
      this.#hasFilter = false
      return output.join()
    }, this.#discard)
  }

  dispose(): void {
    this.#last = this.#counts()
    this.#arena = undefined
  }

  #counts() {
    if (!this.#arena) return this.#last
    const { exports } = this.#arena
    const state = this.#statePtr
    const nominalNs = Number(exports.resamplerNominalNs(state))
    return {
      inputRateHz: nominalNs === 0 ? undefined : 1e9 / nominalNs,
      repeated: exports.resamplerRepeatedFrames(state),
      sorted: exports.resamplerSortedFrames(state),
      merged: exports.resamplerMergedFrames(state),
      late: exports.resamplerLateFrames(state),
      edge: this.#edgeFrames + (this.#hasFilter ? exports.polyphaseEdgeFrames(this.#filterPtr) : 0),
    }
  }

  #push(arena: WasmArena, timestampsNs: BigInt64Array, values: Float64Array): Resampled {
    const { channels } = this
    const { exports } = arena
    const output = new Pieces()
    for (let first = 0; first < timestampsNs.length; first += this.#stageFrames) {
      const end = Math.min(first + this.#stageFrames, timestampsNs.length)
      const frames = end - first
      const state = this.#statePtr
      arena.timestamps(exports.resamplerInputTimestampsPtr(state), frames).set(timestampsNs.subarray(first, end))
      const stage = arena.values(exports.resamplerInputValuesPtr(state), frames * channels)
      stage.set(values.subarray(first * channels, end * channels))
      this.#collect(arena, exports.resamplerPush(state, frames), output)
    }
    return output.join()
  }

  /** Takes the output stage, and as long as it was full, the next one. */
  #collect(arena: WasmArena, framesProduced: number, output: Pieces): void {
    const { exports } = arena
    const state = this.#statePtr
    let frames = framesProduced
    while (true) {
      if (frames === STATUS_FILTER_MISSING) {
        this.#setFilter(arena)
        frames = exports.resamplerPull(state)
        continue
      }
      output.add(
        arena.timestamps(exports.resamplerOutputTimestampsPtr(state), frames).slice(),
        arena.values(exports.resamplerOutputValuesPtr(state), frames * this.channels).slice(),
        arena.indices(exports.resamplerOutputSegmentsPtr(state), exports.resamplerSegmentCount(state)),
      )
      if (frames < this.#stageFrames) return
      frames = exports.resamplerPull(state)
    }
  }

  /** Designs the filter for the nominal period, which is known by now. Memory may grow: views made before are gone. */
  #setFilter(arena: WasmArena): void {
    const { exports } = arena
    const nominalNs = exports.resamplerNominalNs(this.#statePtr)
    const { multiple, divisor, filter } = planInner(this.#plan, nominalNs)
    initFilter(arena, this.#filterPtr, filter, this.channels, false)
    this.#hasFilter = true
    exports.resamplerSetFilter(
      this.#statePtr,
      this.#filterPtr,
      multiple,
      divisor,
      Number(this.#plan.periodNumerator) / Number(this.#plan.periodDenominator) / multiple,
      Math.max(Number(nominalNs) / RESAMPLER_MERGE_DIVISOR, leastMergeNs(this.#plan)),
      (Number(nominalNs) * RESAMPLER_HOLE_HALF_PERIODS) / 2,
    )
  }

  #usable(): WasmArena {
    if (!this.#arena) throw new KymographError('disposed', 'the resampler was disposed: create a new one')
    return this.#arena
  }
}
