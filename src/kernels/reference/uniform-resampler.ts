import { KymographError } from '../../errors.js'
import { expectUniformValues } from '../arguments.js'
import type { FilterPlan } from '../filter-plan.js'
import { planUniformResampler } from '../resampler-plan.js'
import type { UniformResampler, UniformResamplerOptions } from '../types.js'
import { Polyphase } from './polyphase.js'

/** Resampling from one uniform rate to another in plain TypeScript. */
export class ReferenceUniformResampler implements UniformResampler {
  readonly inputRateHz: number
  readonly rateHz: number
  readonly channels: number
  readonly #plan: FilterPlan
  #isSingle = false
  #filter: Polyphase | undefined
  #disposed = false

  constructor(options: UniformResamplerOptions) {
    this.#plan = planUniformResampler(options)
    this.inputRateHz = options.inputRateHz
    this.rateHz = options.rateHz
    this.channels = options.channels
  }

  pushUniform<Values extends Float32Array | Float64Array>(values: Values): { values: Values } {
    this.#expectUsable()
    const { channels } = this
    const isSingle = expectUniformValues(values, channels, this.#filter && this.#isSingle)
    this.#isSingle = isSingle
    this.#filter ??= new Polyphase(this.#plan, channels, isSingle)
    const filter = this.#filter
    const output: number[] = []
    const sample = new Float64Array(channels)
    for (let first = 0; first < values.length; first += channels) {
      for (let channel = 0; channel < channels; channel++) {
        sample[channel] = filter.difference(channel, values[first + channel]!)
      }
      filter.append(sample)
      this.#takeReady(filter, output)
    }
    return { values: this.#valuesOf(output) as Values }
  }

  flush(): { values: Float32Array | Float64Array } {
    this.#expectUsable()
    const output: number[] = []
    if (this.#filter) {
      this.#filter.end()
      this.#takeReady(this.#filter, output)
    }
    this.#filter = undefined
    return { values: this.#valuesOf(output) }
  }

  dispose(): void {
    this.#disposed = true
    this.#filter = undefined
  }

  #takeReady(filter: Polyphase, output: number[]): void {
    const frame = new Float64Array(this.channels)
    while (filter.isReady) {
      filter.take(frame, 0)
      output.push(...frame)
    }
  }

  #valuesOf(output: number[]): Float32Array | Float64Array {
    return this.#isSingle ? Float32Array.from(output) : Float64Array.from(output)
  }

  #expectUsable(): void {
    if (this.#disposed) throw new KymographError('disposed', 'the resampler was disposed: create a new one')
  }
}
