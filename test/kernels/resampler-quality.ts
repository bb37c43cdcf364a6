import type { Frames, Kernels, ResamplerOptions, UniformResamplerOptions } from '../../src/kernels/types.js'
import { seededRandom } from './implementations.js'
import { resample } from './resampler-streams.js'

/** What a tone has become. */
export interface Tone {
  /** Power of the tone over the power of all that is neither tone nor offset. */
  snrDb: number
  gainDb: number
  /** Radians the tone is early. */
  phase: number
}

export function decibels(powerRatio: number): number {
  return 10 * Math.log10(powerRatio)
}

/** Least-squares fit of a tone and an offset: the sine of `turnsAt(index)` turns went in with amplitude 1. */
export function fitTone(values: ArrayLike<number>, turnsAt: (index: number) => number, from: number, to: number): Tone {
  const normal = [0, 1, 2].map(() => [0, 0, 0, 0])
  const basisAt = (index: number): number[] => {
    const angle = 2 * Math.PI * (turnsAt(index) % 1)
    return [Math.sin(angle), Math.cos(angle), 1]
  }
  for (let index = from; index < to; index++) {
    const basis = basisAt(index)
    for (let row = 0; row < 3; row++) {
      for (let column = 0; column < 3; column++) normal[row]![column]! += basis[row]! * basis[column]!
      normal[row]![3]! += basis[row]! * values[index]!
    }
  }
  const [sine, cosine, offset] = solve(normal)
  let tone = 0
  let rest = 0
  for (let index = from; index < to; index++) {
    const [s, c] = basisAt(index)
    const fitted = sine! * s! + cosine! * c!
    tone += fitted ** 2
    rest += (values[index]! - fitted - offset!) ** 2
  }
  return {
    snrDb: decibels(tone / rest),
    gainDb: 20 * Math.log10(Math.hypot(sine!, cosine!)),
    phase: Math.atan2(cosine!, sine!),
  }
}

/** Solves three equations by elimination. */
function solve(rows: number[][]): number[] {
  for (let pivot = 0; pivot < 3; pivot++) {
    for (let row = 0; row < 3; row++) {
      if (row === pivot) continue
      const factor = rows[row]![pivot]! / rows[pivot]![pivot]!
      for (let column = pivot; column < 4; column++) rows[row]![column]! -= factor * rows[pivot]![column]!
    }
  }
  return rows.map((row, index) => row[3]! / row[index]!)
}

/** Power of what is left, in decibels below a tone of amplitude 1. */
export function levelDb(values: ArrayLike<number>, from: number, to: number): number {
  let power = 0
  for (let index = from; index < to; index++) power += values[index]! ** 2
  return decibels((2 * power) / (to - from))
}

export type SampleKind = Float32ArrayConstructor | Float64ArrayConstructor

/** All outputs for `seconds` of a function of time, in seconds, sampled at the input's rate. */
export function resampleUniform(
  kernels: Kernels,
  options: Omit<UniformResamplerOptions, 'channels'>,
  Kind: SampleKind,
  frames: number,
  valueAt: (seconds: number) => number,
): Float32Array | Float64Array {
  const resampler = kernels.createResampler({ ...options, channels: 1 })
  const input = new Kind(frames)
  for (let index = 0; index < frames; index++) input[index] = valueAt(index / options.inputRateHz)
  const first = resampler.pushUniform(input).values
  const rest = resampler.flush().values
  const output = new Kind(first.length + rest.length)
  output.set(first)
  output.set(rest, first.length)
  return output
}

/** A tone through a uniform resampler: frames near the ends, where input is reflected, are left out. */
export function measureTone(
  kernels: Kernels,
  options: Omit<UniformResamplerOptions, 'channels'>,
  Kind: SampleKind,
  toneHz: number,
  frames = 6000,
): Tone & { levelDb: number } {
  const output = resampleUniform(kernels, options, Kind, frames, (s) => Math.sin(2 * Math.PI * ((toneHz * s) % 1)))
  const edge = Math.ceil(120 * Math.max(1, options.rateHz / options.inputRateHz))
  const [from, to] = [edge, output.length - edge]
  const tone = fitTone(output, (index) => (toneHz * index) / options.rateHz, from, to)
  return { ...tone, levelDb: levelDb(output, from, to) }
}

/** Times of about `rateHz` with jitter of so much of a period, evenly within it or as its standard deviation. */
export function jitteredTimes(
  frames: number,
  rateHz: number,
  jitter: number,
  kind: 'even' | 'gaussian',
  seed = 3,
): BigInt64Array {
  const random = seededRandom(seed)
  const draw = (): number =>
    kind === 'even' ? 2 * random() - 1 : Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const times = Array.from({ length: frames }, (_, index) => ((index + jitter * draw()) * 1e9) / rateHz)
  return BigInt64Array.from(
    times.sort((a, b) => a - b),
    (ns) => BigInt(Math.round(ns)),
  )
}

/** One channel whose values are a function of time in seconds. */
export function framesOf(timestampsNs: BigInt64Array, valueAt: (seconds: number) => number): Frames {
  return { timestampsNs, values: Float64Array.from(timestampsNs, (ns) => valueAt(Number(ns) / 1e9)) }
}

/** A tone given at irregular times; 60 periods of the lower rate are left out at both ends. */
export function measureIrregularTone(
  kernels: Kernels,
  options: ResamplerOptions,
  timestampsNs: BigInt64Array,
  toneHz: number,
): Tone & { levelDb: number } {
  const input = framesOf(timestampsNs, (s) => Math.sin(2 * Math.PI * toneHz * s))
  const output = resample(kernels, options, input)
  const edge = Math.ceil(60 * Math.max(1, options.rateHz / (output.inputRateHz ?? options.rateHz)))
  const [from, to] = [edge, output.values.length - edge]
  const tone = fitTone(output.values, (index) => (toneHz * Number(output.timestampsNs[index]!)) / 1e9, from, to)
  return { ...tone, levelDb: levelDb(output.values, from, to) }
}
