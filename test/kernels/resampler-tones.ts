import type {
  Frames,
  Kernels,
  Resampled,
  Resampler,
  ResamplerOptions,
  UniformResampler,
  UniformResamplerOptions,
} from '../../src/kernels/types.js'
import { seededRandom } from './implementations.js'

// How good a resampler is, by tones: what comes out is fitted by the tone that went in, and what is left is the error.
// The fit is by least squares at the instants the outputs stand for, so no window is needed and nothing leaks.

type Samples = Float32Array | Float64Array
type SamplesOf = (length: number) => Samples

/** Outputs left out at both ends, where reflected data stand in: half a filter of each quality, and some. */
export const EDGE_OUTPUTS = { fast: 28, standard: 44, best: 104 }

export const AMPLITUDE = 0.9
/** Of the tones that go in; any phase that is not a special one. */
const PHASE = 0.7
const SEED = 20

export const decibels = (ratio: number): number => 20 * Math.log10(ratio)

function rootMeanSquare(values: Samples): number {
  let sum = 0
  for (const value of values) sum += value ** 2
  return Math.sqrt(sum / values.length)
}

/** A tone at some instants, in seconds. */
export function toneAt(seconds: Float64Array, frequencyHz: number): Float64Array {
  return seconds.map((instant) => AMPLITUDE * Math.sin(2 * Math.PI * frequencyHz * instant + PHASE))
}

/** Solves a small symmetric system by elimination with pivots; both arguments are used up. */
function solve(matrix: number[][], right: number[]): number[] {
  const order = right.length
  for (let column = 0; column < order; column++) {
    let pivot = column
    for (let row = column + 1; row < order; row++) {
      if (Math.abs(matrix[row][column]) > Math.abs(matrix[pivot][column])) pivot = row
    }
    ;[matrix[column], matrix[pivot]] = [matrix[pivot], matrix[column]]
    ;[right[column], right[pivot]] = [right[pivot], right[column]]
    for (let row = column + 1; row < order; row++) {
      const factor = matrix[row][column] / matrix[column][column]
      for (let k = column; k < order; k++) matrix[row][k] -= factor * matrix[column][k]
      right[row] -= factor * right[column]
    }
  }
  for (let row = order - 1; row >= 0; row--) {
    for (let k = row + 1; k < order; k++) right[row] -= matrix[row][k] * right[k]
    right[row] /= matrix[row][row]
  }
  return right
}

export interface ToneFit {
  /** Against the tones as they went in, one per frequency. */
  gainsDb: number[]
  phaseErrorsRad: number[]
  /** Power of the fitted tones over that of all else. */
  snrDb: number
  /** All else over one tone as it went in. */
  residualDb: number
  /** Power of the tones as they went in over that of all that differs from them, in gain and phase too. */
  fidelityDb: number
}

/** Fits tones of the frequencies to values at the instants. */
export function fitTones(seconds: Float64Array, values: Samples, frequenciesHz: readonly number[]): ToneFit {
  const columns = frequenciesHz.flatMap((frequencyHz) => [
    seconds.map((instant) => Math.sin(2 * Math.PI * frequencyHz * instant + PHASE)),
    seconds.map((instant) => Math.cos(2 * Math.PI * frequencyHz * instant + PHASE)),
  ])
  const dot = (a: Samples, b: Samples): number => {
    let sum = 0
    for (let index = 0; index < a.length; index++) sum += a[index] * b[index]
    return sum
  }
  const weights = solve(
    columns.map((column) => columns.map((other) => dot(column, other))),
    columns.map((column) => dot(column, values)),
  )
  const fitted = new Float64Array(values.length)
  for (const [index, column] of columns.entries()) {
    for (let at = 0; at < fitted.length; at++) fitted[at] += weights[index] * column[at]
  }
  const residual = fitted.map((value, index) => values[index] - value)
  const strayed = Float64Array.from(values, (value, at) =>
    frequenciesHz.reduce((left, _, index) => left - AMPLITUDE * columns[2 * index][at], value),
  )
  const parts = frequenciesHz.map((_, index) => [weights[2 * index], weights[2 * index + 1]])
  return {
    gainsDb: parts.map(([inPhase, across]) => decibels(Math.hypot(inPhase, across) / AMPLITUDE)),
    phaseErrorsRad: parts.map(([inPhase, across]) => Math.atan2(across, inPhase)),
    snrDb: decibels(rootMeanSquare(fitted) / rootMeanSquare(residual)),
    residualDb: decibels((rootMeanSquare(residual) * Math.SQRT2) / AMPLITUDE),
    fidelityDb: decibels((AMPLITUDE * Math.sqrt(frequenciesHz.length / 2)) / rootMeanSquare(strayed)),
  }
}

/** All outputs of a uniform resampler for some input, pushed in pieces of uneven length; it can be used again. */
export function convert(resampler: UniformResampler, input: Samples): Samples {
  const pieces: Samples[] = []
  for (let first = 0, end = 100; first < input.length; first = end, end += 700 + (end % 89)) {
    pieces.push(resampler.pushUniform(input.subarray(first * resampler.channels, end * resampler.channels)).values)
  }
  pieces.push(resampler.flush().values)
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  const joined = input instanceof Float32Array ? new Float32Array(length) : new Float64Array(length)
  let at = 0
  for (const piece of pieces) {
    joined.set(piece, at)
    at += piece.length
  }
  return joined
}

/** A mono converter of uniform rates under test; any that has these will do. */
export interface Converter {
  inputRateHz: number
  rateHz: number
  /** Outputs at both ends that are not judged. */
  edgeOutputs: number
  convert(input: Samples): Samples
  samples: SamplesOf
}

export const f64: SamplesOf = (length) => new Float64Array(length)
export const f32: SamplesOf = (length) => new Float32Array(length)

export function uniformConverter(kernels: Kernels, options: Omit<UniformResamplerOptions, 'channels'>, samples = f64) {
  const resampler = kernels.createResampler({ ...options, channels: 1 })
  const { inputRateHz, rateHz, quality = 'standard' } = options
  return {
    inputRateHz,
    rateHz,
    edgeOutputs: EDGE_OUTPUTS[quality] * Math.ceil(Math.max(1, rateHz / inputRateHz)),
    convert: (input: Samples) => convert(resampler, input),
    samples,
  }
}

export const evenInstants = (count: number, rateHz: number): Float64Array =>
  Float64Array.from({ length: count }, (_, index) => index / rateHz)

/** Sends tones through, as many outputs long as asked for, and fits those of them that lie in the output's band. */
export function sendTones(converter: Converter, frequenciesHz: readonly number[], outputs = 2000): ToneFit {
  const { inputRateHz, rateHz, edgeOutputs, samples } = converter
  const count = Math.ceil(((outputs + 2 * edgeOutputs) * inputRateHz) / rateHz)
  const input = samples(count)
  for (const frequencyHz of frequenciesHz) {
    const tone = toneAt(evenInstants(count, inputRateHz), frequencyHz)
    for (let index = 0; index < count; index++) input[index] += tone[index]
  }
  const output = converter.convert(input)
  const inside = frequenciesHz.filter((frequencyHz) => frequencyHz < rateHz / 2)
  const judged = output.slice(edgeOutputs, edgeOutputs + outputs)
  return fitTones(evenInstants(output.length, rateHz).slice(edgeOutputs, edgeOutputs + outputs), judged, inside)
}

/**
 * The worst of all images and aliases: tones are swept over the whole band of the input, and all that comes out beside
 * them, or at all where they lie above the output's band, is held against the tone that went in.
 */
export function spuriousDb(converter: Converter, tones: number, outputs = 1000): number {
  const { inputRateHz, rateHz } = converter
  const frequencies = Array.from({ length: tones }, (_, index) => ((index + 0.5) / tones) * (inputRateHz / 2))
  const edges = rateHz < inputRateHz ? [1.0002, 1.002, 1.01, 1.03, 1.06].map((factor) => (factor * rateHz) / 2) : []
  const inBand = [...frequencies, ...edges].filter((frequencyHz) => frequencyHz < inputRateHz / 2)
  return Math.max(...inBand.map((frequencyHz) => sendTones(converter, [frequencyHz], outputs).residualDb))
}

/** How far one jittered timestamp lies off, in periods: drawn evenly from ±`jitter`, or normal with that deviation. */
export type JitterKind = 'even' | 'normal'

/** Timestamps of a jittered clock, in ns. */
export function jitteredClock(
  count: number,
  rateHz: number,
  { jitter = 0, kind = 'even' as JitterKind, seed = SEED, startNs = 0n } = {},
): BigInt64Array {
  const random = seededRandom(seed)
  const draw = (): number => {
    if (kind === 'even') return 2 * random() - 1
    return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  }
  return BigInt64Array.from(
    { length: count },
    (_, index) => startNs + BigInt(Math.round(((index + (jitter === 0 ? 0 : jitter * draw())) / rateHz) * 1e9)),
  )
}

/** Seconds since an origin, exact to the nanosecond. */
export function secondsSince(timestampsNs: BigInt64Array, originNs: bigint): Float64Array {
  return Float64Array.from(timestampsNs, (timestampNs) => Number(timestampNs - originNs) / 1e9)
}

/** All frames of a resampler for some input, pushed in pieces. */
export function resampleAll(resampler: Resampler, input: Frames): Resampled {
  const timestampsNs: bigint[] = []
  const values: number[] = []
  const segments: number[] = []
  const take = (piece: Resampled): void => {
    for (const index of piece.segments) segments.push(index + timestampsNs.length)
    for (const timestampNs of piece.timestampsNs) timestampsNs.push(timestampNs)
    for (const value of piece.values) values.push(value)
  }
  const { channels } = resampler
  for (let first = 0; first < input.timestampsNs.length; first += 333) {
    const end = first + 333
    take(
      resampler.push(input.timestampsNs.subarray(first, end), input.values.subarray(first * channels, end * channels)),
    )
  }
  take(resampler.flush())
  return { timestampsNs: BigInt64Array.from(timestampsNs), values: Float64Array.from(values), segments }
}

/** Sends a tone through a resampler of timed frames, sampled where the timestamps say; the ends are left out. */
export function sendTimedTone(
  kernels: Kernels,
  options: Omit<ResamplerOptions, 'channels'>,
  timestampsNs: BigInt64Array,
  frequencyHz: number,
  edgeOutputs = EDGE_OUTPUTS[options.quality ?? 'standard'],
): ToneFit {
  const originNs = timestampsNs[0]
  const values = toneAt(secondsSince(timestampsNs, originNs), frequencyHz)
  const output = resampleAll(kernels.createResampler({ ...options, channels: 1 }), { timestampsNs, values })
  const end = output.values.length - edgeOutputs
  const inside = frequencyHz < options.rateHz / 2 ? [frequencyHz] : []
  return fitTones(
    secondsSince(output.timestampsNs, originNs).slice(edgeOutputs, end),
    output.values.slice(edgeOutputs, end),
    inside,
  )
}
