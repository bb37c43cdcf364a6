import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import type { ResamplerOptions } from '../../src/kernels/types.js'
import { bytesOf, implementations, referenceKernels, seededRandom, wasmKernels } from './implementations.js'
import { bitsOf, frames, resample, sensorStream, streams } from './resampler-streams.js'

vi.setConfig({ testTimeout: 60_000 })

const optionSets: ResamplerOptions[] = [
  { rateHz: 100, channels: 2 },
  { rateHz: 29.97, channels: 2, maxGapMs: 40, quality: 'fast' },
  { rateHz: 1000, channels: 2, maxGapMs: 120 },
  { rateHz: 0.5, channels: 2, quality: 'best' },
  { rateHz: 75, channels: 2, nominalRateHz: 60, kinds: ['degrees', 'radians'] },
  { rateHz: 100, channels: 2, method: 'linear' },
  { rateHz: 29.97, channels: 2, method: 'linear', maxGapMs: 40, kinds: ['value', 'degrees'] },
  { rateHz: 1000, channels: 2, method: 'cubic', maxGapMs: 120 },
  { rateHz: 333, channels: 2, method: 'hold' },
]

describe.each(implementations)('a resampler of %s', (_, kernels) => {
  it('gives the same frames however the input is cut', () => {
    fc.assert(
      fc.property(
        streams,
        fc.constantFrom(...optionSets),
        fc.array(fc.nat(140), { maxLength: 6 }),
        (input, options, at) => {
          const cuts = at.map((cut) => Math.min(cut, input.timestampsNs.length)).sort((a, b) => a - b)
          expect(resample(kernels, options, input, cuts)).toEqual(resample(kernels, options, input))
        },
      ),
      { seed: 71, numRuns: 150 },
    )
  })

  it('gives the same frames for all pairs of cuts of a stream with everything in it', () => {
    const input = sensorStream(96, 1, 5)
    for (const method of ['sinc', 'cubic'] as const) {
      const options = { rateHz: 50, channels: 1, method }
      const whole = resample(kernels, options, input)
      for (let first = 0; first <= 96; first += 5) {
        for (let second = first; second <= 96; second += 7) {
          expect(resample(kernels, options, input, [first, second])).toEqual(whole)
        }
      }
    }
  })

  it('gives the same frames one at a time, above the size of one stage', () => {
    const input = sensorStream(6000, 3, 6)
    const options = { rateHz: 300, channels: 3 }
    const whole = resample(kernels, options, input)
    expect(whole.timestampsNs.length).toBeGreaterThan(10_000)
    const cuts = Array.from({ length: 6000 }, (_, index) => index)
    expect(resample(kernels, options, input, cuts)).toEqual(whole)
  })

  it('gives the same instants and segments by every method', () => {
    fc.assert(
      fc.property(streams, fc.constantFrom(12.5, 100, 900), (input, rateHz) => {
        const all = (['sinc', 'linear', 'cubic', 'hold'] as const).map((method) => {
          const { timestampsNs, segments } = resample(kernels, { rateHz, channels: 2, method }, input)
          return { timestampsNs, segments }
        })
        for (const other of all) expect(other).toEqual(all[0])
      }),
      { seed: 74, numRuns: 60 },
    )
  })

  it('counts every frame as a node, a repeat or late', () => {
    fc.assert(
      fc.property(streams, (input) => {
        const resampler = kernels.createResampler({ rateHz: 100, channels: 2 })
        let counted = 0
        for (let index = 0; index < input.timestampsNs.length; index++) {
          resampler.push(input.timestampsNs.subarray(index, index + 1), input.values.subarray(index * 2, index * 2 + 2))
          const now = resampler.repeatedFrames + resampler.lateFrames
          expect(now).toBeGreaterThanOrEqual(counted)
          expect(now).toBeLessThanOrEqual(index + 1)
          counted = now
        }
      }),
      { seed: 72, numRuns: 50 },
    )
  })

  it('begins anew after flush, as a fresh one would, the counts going on', () => {
    const input = sensorStream(200, 1, 9)
    const options = { rateHz: 75, channels: 1 }
    const fresh = resample(kernels, options, input)
    const used = kernels.createResampler(options)
    used.push(frames([1, 2, 2, 1.5, 900]).timestampsNs, new Float64Array(5))
    used.flush()
    const counts = [used.repeatedFrames, used.sortedFrames]
    expect(counts).toEqual([1, 1])
    const first = used.push(input.timestampsNs, input.values)
    const rest = used.flush()
    expect([...first.timestampsNs, ...rest.timestampsNs]).toEqual([...fresh.timestampsNs])
    expect([...bitsOf(first.values), ...bitsOf(rest.values)]).toEqual([...bitsOf(fresh.values)])
    expect(used.repeatedFrames).toBe(fresh.repeatedFrames + 1)
    expect(used.flush().timestampsNs.length).toBe(0)
  })

  it('makes no more of noise that comes in bursts than there is', () => {
    const random = seededRandom(3)
    const times = Array.from({ length: 100 }, (_, burst) => [0, 1.3, 2.6, 3.9].map((ms) => burst * 23 + ms)).flat()
    const input = frames(
      times,
      times.map(() => random() - 0.5),
    )
    const { values } = resample(kernels, { rateHz: 100, channels: 1, nominalRateHz: 100 }, input)
    expect(Math.max(...values.map(Math.abs))).toBeLessThan(3)
  })

  it('forgets what it knew of angles at flush, and keeps the hemisphere beside a quaternion of length 0', () => {
    const turned = kernels.createResampler({ rateHz: 100, channels: 1, method: 'linear', kinds: ['degrees'] })
    turned.push(frames([0, 10, 20]).timestampsNs, Float64Array.of(-90, -90, -90))
    expect([...turned.flush().values]).toEqual([-90, -90, -90])
    turned.push(frames([100, 110, 120]).timestampsNs, Float64Array.of(270, 270, 270))
    expect([...turned.flush().values]).toEqual([270, 270, 270])
    const kinds = Array.from({ length: 4 }, () => 'quaternion' as const)
    const rotated = kernels.createResampler({ rateHz: 100, channels: 4, method: 'linear', kinds })
    rotated.push(frames([0, 10, 20]).timestampsNs, Float64Array.of(1, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0))
    const { values } = rotated.flush()
    expect([...values.filter((_, index) => index % 4 === 0)]).toEqual([1, Number.NaN, 1])
  })

  it('stays apart from another one that runs at the same time', () => {
    const inputs = [sensorStream(300, 2, 21), sensorStream(300, 2, 22)]
    const options = { rateHz: 80, channels: 2 }
    const alone = inputs.map((input) => resample(kernels, options, input).timestampsNs)
    const pair = inputs.map(() => kernels.createResampler(options))
    const out: bigint[][] = [[], []]
    for (let index = 0; index < 300; index += 7) {
      for (const [which, input] of inputs.entries()) {
        const { timestampsNs } = pair[which].push(
          input.timestampsNs.subarray(index, index + 7),
          input.values.subarray(index * 2, (index + 7) * 2),
        )
        out[which].push(...timestampsNs)
      }
    }
    for (const which of [0, 1]) expect([...out[which], ...pair[which].flush().timestampsNs]).toEqual([...alone[which]])
  })
})

describe('the resamplers of both builds', () => {
  it('give the same bits where frames are a nanosecond apart', () => {
    for (const count of [2, 5, 20, 100]) {
      const random = seededRandom(count)
      const timestampsNs = BigInt64Array.from({ length: count }, (_, index) => BigInt(index - 5))
      const input = { timestampsNs, values: Float64Array.from({ length: count }, () => random() * 20 - 10) }
      const wasm = resample(wasmKernels, { rateHz: 1e6, channels: 1 }, input)
      expect(wasm).toEqual(resample(referenceKernels, { rateHz: 1e6, channels: 1 }, input))
    }
  })

  it('give the same bits for any number of channels', () => {
    for (let channels = 1; channels <= 64; channels++) {
      const input = sensorStream(150, channels, channels)
      const kinds = Array.from({ length: channels }, (_, c) =>
        c < (channels & ~3) ? ('quaternion' as const) : ('degrees' as const),
      )
      for (const options of [{}, { kinds }, { method: 'cubic' as const }]) {
        const wasm = resample(wasmKernels, { rateHz: 130, channels, ...options }, input)
        const reference = resample(referenceKernels, { rateHz: 130, channels, ...options }, input)
        expect(Buffer.compare(bytesOf(wasm.values), bytesOf(reference.values)), `${channels} channels`).toBe(0)
      }
    }
  })

  it('give the same bits', () => {
    fc.assert(
      fc.property(streams, fc.constantFrom(...optionSets), (input, options) => {
        const wasm = resample(
          wasmKernels,
          options,
          input,
          [3, 50].map((cut) => Math.min(cut, input.timestampsNs.length)),
        )
        const reference = resample(referenceKernels, options, input)
        expect(bitsOf(wasm.values)).toEqual(bitsOf(reference.values))
        expect(wasm).toEqual(reference)
      }),
      { seed: 73, numRuns: 300 },
    )
  })

  it.each([1, 3, 64])('give the same bits for a long stream of %i channels', (channels) => {
    const input = sensorStream(600 + Math.floor(2400 / channels), channels, 40 + channels, 1_700_000_000_000_000_000n)
    for (const options of [
      { rateHz: 12.5 },
      { rateHz: 59.94, method: 'linear' as const },
      { rateHz: 404.3, quality: 'fast' as const },
      { rateHz: 404.3, method: 'cubic' as const },
    ]) {
      const wasm = resample(wasmKernels, { ...options, channels }, input)
      const reference = resample(referenceKernels, { ...options, channels }, input)
      expect(wasm.segments.length).toBeGreaterThan(2)
      expect(wasm.segments).toEqual(reference.segments)
      expect(Buffer.compare(bytesOf(wasm.timestampsNs), bytesOf(reference.timestampsNs))).toBe(0)
      expect(Buffer.compare(bytesOf(wasm.values), bytesOf(reference.values))).toBe(0)
    }
  })
})
