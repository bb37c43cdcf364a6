import fc from 'fast-check'
import type { Frames, Kernels, Resampled, ResamplerOptions } from '../../src/kernels/types.js'
import { seededRandom } from './implementations.js'

/** Everything a resampler gives for some input, cut wherever `cuts` says. */
export function resample(kernels: Kernels, options: ResamplerOptions, input: Frames, cuts: readonly number[] = []) {
  const resampler = kernels.createResampler(options)
  const { channels } = options
  const pieces: Resampled[] = []
  const ends = [...cuts, input.timestampsNs.length]
  let first = 0
  for (const [index, end] of ends.entries()) {
    const timestampsNs = input.timestampsNs.subarray(first, end)
    const values = input.values.subarray(first * channels, end * channels)
    // views and copies in turn
    pieces.push(index % 2 ? resampler.push(timestampsNs, values) : resampler.push(timestampsNs.slice(), values.slice()))
    first = end
  }
  pieces.push(resampler.flush())
  const output = joined(pieces)
  const { repeatedFrames, sortedFrames, mergedFrames, lateFrames, edgeFrames, inputRateHz } = resampler
  return { ...output, repeatedFrames, sortedFrames, mergedFrames, lateFrames, edgeFrames, inputRateHz }
}

export function joined(pieces: readonly Resampled[]): Resampled {
  const timestampsNs: bigint[] = []
  const bits: bigint[] = []
  const segments: number[] = []
  for (const piece of pieces) {
    for (const index of piece.segments) segments.push(index + timestampsNs.length)
    for (const timestampNs of piece.timestampsNs) timestampsNs.push(timestampNs)
    for (const one of bitsOf(piece.values)) bits.push(one)
  }
  const values = new Float64Array(BigInt64Array.from(bits).buffer)
  return { timestampsNs: BigInt64Array.from(timestampsNs), values, segments }
}

/** Bits of values, for comparing NaN and −0 too. */
export function bitsOf(values: Float64Array): BigInt64Array {
  return new BigInt64Array(values.buffer, values.byteOffset, values.length)
}

export function frames(timesMs: readonly number[], values: readonly number[] = timesMs): Frames {
  return {
    timestampsNs: BigInt64Array.from(timesMs, (ms) => BigInt(Math.round(ms * 1e6))),
    values: Float64Array.from(values),
  }
}

/** A sensor at about 100 Hz: jitter, repeats, steps back, gaps, a clock reset, and a NaN now and then. */
export function sensorStream(count: number, channels: number, seed: number, startNs = 1_000_000_000n): Frames {
  const random = seededRandom(seed)
  const timestampsNs = new BigInt64Array(count)
  const values = new Float64Array(count * channels)
  let now = startNs
  for (let index = 0; index < count; index++) {
    const kind = random()
    if (kind < 0.03) now += 0n
    else if (kind < 0.05) now -= 15_000_000n
    else if (kind < 0.06) now += 300_000_000n
    else if (kind < 0.063) now -= 600_000_000_000n
    else now += 10_000_000n + BigInt(Math.round((random() - 0.5) * 6_000_000))
    timestampsNs[index] = now
    for (let channel = 0; channel < channels; channel++) {
      const value = Math.sin(index / 7 + channel) * 9.81
      values[index * channels + channel] = random() < 0.01 ? Number.NaN : value
    }
  }
  return { timestampsNs, values }
}

/** Time steps of every sort, in ms: forward, none, back, gaps. */
const steps = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.integer({ min: 1, max: 30 }) },
    { weight: 2, arbitrary: fc.constantFrom(0, 10) },
    { weight: 2, arbitrary: fc.integer({ min: -60, max: -1 }) },
    { weight: 1, arbitrary: fc.constantFrom(500, 100_000, -100_000, 31_536_000_000) },
  ),
  { maxLength: 140 },
)

const anyValue = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, -0, Infinity, -Infinity, 1e308, -1e308, 5e-324))

/** Streams of two channels, with values of every sort. */
export const streams: fc.Arbitrary<Frames> = fc
  .tuple(fc.integer({ min: -1000, max: 1000 }), steps, fc.array(anyValue, { minLength: 2, maxLength: 12 }))
  .map(([startMs, all, palette]) => {
    let now = startMs
    const times = all.map((step) => (now += step))
    return frames(
      times,
      times.flatMap((_, index) => [palette[(index * 2) % palette.length], palette[(index * 2 + 1) % palette.length]]),
    )
  })
