import { KymographError } from '../errors.js'
import { expectUniformValues } from './arguments.js'
import type { FilterPlan } from './filter-plan.js'
import { planUniformResampler } from './resampler-plan.js'
import type { UniformResampler, UniformResamplerOptions } from './types.js'
import { runStateful, STAGE_BYTES, WasmArena } from './wasm-arena.js'
import { initFilter } from './wasm-filter.js'

type Samples = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>

/** Frames the filter always has room for. */
const PUSH_FRAMES = 4096

/** A resampler of uniform samples in an instance of its own: input stage, output stage, filter. */
export class WasmUniformResampler implements UniformResampler {
  readonly inputRateHz: number
  readonly rateHz: number
  readonly channels: number
  readonly #plan: FilterPlan
  readonly #inputPtr: number
  readonly #outputPtr: number
  readonly #filterPtr: number
  #arena: WasmArena | undefined
  /** Whether samples are of 32 bits; undefined until the first. */
  #isSingle: boolean | undefined
  readonly #discard = () => {
    this.#arena = undefined
  }

  constructor(module: WebAssembly.Module, options: UniformResamplerOptions) {
    this.#plan = planUniformResampler(options)
    this.inputRateHz = options.inputRateHz
    this.rateHz = options.rateHz
    this.channels = options.channels
    const arena = WasmArena.create(module)
    this.#arena = arena
    this.#inputPtr = arena.basePtr
    this.#outputPtr = this.#inputPtr + STAGE_BYTES
    this.#filterPtr = this.#outputPtr + STAGE_BYTES
    arena.reserve(2 * STAGE_BYTES)
  }

  pushUniform<Values extends Float32Array | Float64Array>(values: Values): { values: Values } {
    const arena = this.#usable()
    const isSingle = expectUniformValues(values, this.channels, this.#isSingle)
    return runStateful(() => {
      if (this.#isSingle === undefined) initFilter(arena, this.#filterPtr, this.#plan, this.channels, isSingle)
      this.#isSingle = isSingle
      return { values: this.#push(arena, values, isSingle) as Values }
    }, this.#discard)
  }

  flush(): { values: Float32Array | Float64Array } {
    const arena = this.#usable()
    const isSingle = this.#isSingle
    if (isSingle === undefined) return { values: new Float64Array(0) }
    return runStateful(() => {
      arena.exports.polyphaseFlush(this.#filterPtr)
      this.#isSingle = undefined
      const output = this.#create(arena, isSingle, 0)
      this.#pull(arena, isSingle, output, 0)
      return { values: output }
    }, this.#discard)
  }

  dispose(): void {
    this.#arena = undefined
  }

  #push(arena: WasmArena, values: Float32Array | Float64Array, isSingle: boolean): Samples {
    const { channels } = this
    const stageFrames = Math.min(this.#stageFrames(isSingle), PUSH_FRAMES)
    const frames = values.length / channels
    const output = this.#create(arena, isSingle, frames)
    let length = 0
    for (let first = 0; first < frames; ) {
      const end = Math.min(first + stageFrames, frames)
      const piece = values.subarray(first * channels, end * channels)
      this.#view(arena, isSingle, this.#inputPtr, piece.length).set(piece)
      first += arena.exports.polyphasePush(this.#filterPtr, this.#inputPtr, end - first)
      length = this.#pull(arena, isSingle, output, length)
    }
    return output
  }

  /** Writes all outputs that are ready to `output` from `at` on; returns where they end. */
  #pull(arena: WasmArena, isSingle: boolean, output: Samples, at: number): number {
    const stageFrames = this.#stageFrames(isSingle)
    let end = at
    while (true) {
      const frames = arena.exports.polyphasePull(this.#filterPtr, this.#outputPtr, stageFrames)
      output.set(this.#view(arena, isSingle, this.#outputPtr, frames * this.channels), end)
      end += frames * this.channels
      if (frames < stageFrames) return end
    }
  }

  /** Room for all that `frames` more inputs give. */
  #create(arena: WasmArena, isSingle: boolean, frames: number): Samples {
    const length = arena.exports.polyphaseOutputs(this.#filterPtr, frames) * this.channels
    return isSingle ? new Float32Array(length) : new Float64Array(length)
  }

  #view(arena: WasmArena, isSingle: boolean, ptr: number, length: number): Samples {
    return isSingle ? arena.singles(ptr, length) : arena.values(ptr, length)
  }

  #stageFrames(isSingle: boolean): number {
    return Math.floor(STAGE_BYTES / ((isSingle ? 4 : 8) * this.channels))
  }

  #usable(): WasmArena {
    if (!this.#arena) throw new KymographError('disposed', 'the resampler was disposed: create a new one')
    return this.#arena
  }
}
