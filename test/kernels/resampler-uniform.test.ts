import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { planUniformResampler } from '../../src/kernels/resampler-plan.js'
import type { Kernels, UniformResamplerOptions } from '../../src/kernels/types.js'
import { bytesOf, implementations, referenceKernels, seededRandom, wasmKernels } from './implementations.js'

vi.setConfig({ testTimeout: 60_000 })

type Samples = Float32Array | Float64Array

/** Everything a uniform resampler gives, cut after each of `cuts` frames. */
function convert(kernels: Kernels, options: UniformResamplerOptions, input: Samples, cuts: readonly number[] = []) {
  const resampler = kernels.createResampler(options)
  const pieces: Samples[] = []
  let first = 0
  for (const cut of [...cuts, input.length / options.channels]) {
    pieces.push(resampler.pushUniform(input.subarray(first * options.channels, cut * options.channels)).values)
    first = cut
  }
  pieces.push(resampler.flush().values)
  const Kind = input.constructor as Float64ArrayConstructor
  const output = new Kind(pieces.reduce((length, piece) => length + piece.length, 0))
  let end = 0
  for (const piece of pieces) {
    output.set(piece, end)
    end += piece.length
  }
  return output as Samples
}

function noise(Kind: Float32ArrayConstructor | Float64ArrayConstructor, length: number, seed: number): Samples {
  const random = seededRandom(seed)
  const values = new Kind(length)
  for (let index = 0; index < length; index++) {
    const kind = random()
    values[index] = kind < 0.002 ? Number.NaN : kind < 0.003 ? Infinity : random() * 20 - 5
  }
  return values
}

const rates = fc.oneof(
  fc.constantFrom(48_000, 44_100, 16_000, 8000, 100, 97.31, 29.97),
  fc.double({ min: 5000, max: 100_000, noNaN: true }),
)

describe('uniform resamplers', () => {
  it('give the same bits in both builds, however cut, and ⌈N × rateHz / inputRateHz⌉ frames', () => {
    fc.assert(
      fc.property(
        rates,
        fc.double({ min: 0.3, max: 3, noNaN: true }),
        fc.boolean(),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom('fast' as const, 'standard' as const),
        fc.integer({ min: 0, max: 900 }),
        fc.array(fc.nat(900), { maxLength: 4 }),
        (inputRateHz, ratio, isSingle, channels, quality, frames, at) => {
          const options = { inputRateHz, rateHz: ratio === 1 ? 48_000 : inputRateHz * ratio, channels, quality }
          const input = noise(isSingle ? Float32Array : Float64Array, frames * channels, frames)
          const cuts = at.map((cut) => Math.min(cut, frames)).sort((a, b) => a - b)
          const wasm = convert(wasmKernels, options, input)
          // a rate a hair beside a fraction is taken for it
          const expected = (frames * options.rateHz) / inputRateHz
          expect(wasm.length / channels).toBeGreaterThanOrEqual(Math.ceil(expected - 1e-6))
          expect(wasm.length / channels).toBeLessThanOrEqual(Math.ceil(expected + 1e-6))
          expect(Buffer.compare(bytesOf(wasm), bytesOf(convert(wasmKernels, options, input, cuts)))).toBe(0)
          expect(Buffer.compare(bytesOf(wasm), bytesOf(convert(referenceKernels, options, input, cuts)))).toBe(0)
        },
      ),
      { seed: 81, numRuns: 150 },
    )
  })

  it('keep their filters small at any ratio', () => {
    for (const [inputRateHz, rateHz] of [
      [51_200, 59.94],
      [48_000, 100.01],
      [1_000_000, 999.9],
      [1_000_000, 976.6],
      [100, 1_000_000],
      [44_100.003, 44_100],
      [1023, 1024],
    ]) {
      for (const quality of ['fast', 'standard', 'best'] as const) {
        const plan = planUniformResampler({ inputRateHz: inputRateHz!, rateHz: rateHz!, channels: 1, quality })
        expect(plan.coefficients.length).toBeLessThan(600_000)
      }
    }
  })
})

describe.each(implementations)('a uniform resampler of %s', (_, kernels) => {
  const options = { inputRateHz: 48_000, rateHz: 44_100, channels: 1 }

  it('keeps what is no number beside its place and in its channel', () => {
    const input = new Float64Array(600).fill(2)
    input[2 * 150] = Number.NaN
    input[2 * 200] = Infinity
    const output = convert(kernels, { ...options, rateHz: 48_000, channels: 2 }, input)
    const missing = [...output.keys()].filter((index) => Number.isNaN(output[index]))
    expect(missing).toEqual([300, 400])
    expect(output.filter((_value, index) => !missing.includes(index)).every((value) => value === 2)).toBe(true)
  })

  it('begins anew after flush, of either width', () => {
    const resampler = kernels.createResampler(options)
    const first = noise(Float32Array, 700, 5)
    const whole = convert(kernels, options, first)
    for (let round = 0; round < 2; round++) {
      const output = [...resampler.pushUniform(first).values, ...resampler.flush().values]
      expect(Buffer.compare(bytesOf(Float32Array.from(output)), bytesOf(whole))).toBe(0)
      expect(resampler.pushUniform(new Float64Array(300)).values).toBeInstanceOf(Float64Array)
      expect(resampler.flush().values).toBeInstanceOf(Float64Array)
    }
    expect(resampler.flush().values.length).toBe(0)
  })

  it('names the argument, the expectation and the value it refuses', () => {
    const create = (given: object) => () => kernels.createResampler({ ...options, ...given } as UniformResamplerOptions)
    for (const rate of [0, -1, Number.NaN, 1_000_001]) {
      expect(create({ inputRateHz: rate })).toThrow(
        new RangeError(`"inputRateHz" expected 0.001–1000000 Hz, got ${rate}`),
      )
      expect(create({ rateHz: rate })).toThrow(new RangeError(`"rateHz" expected 0.001–1000000 Hz, got ${rate}`))
    }
    expect(create({ rateHz: 10 })).toThrow(
      new RangeError('"rateHz" expected 46.875–3145728000 Hz, for inputRateHz, got 10'),
    )
    expect(create({ channels: 65 })).toThrow(new RangeError('"channels" expected an integer in 1–64, got 65'))
    expect(create({ method: 'linear' })).toThrow(
      new RangeError('"method" expected nothing beside inputRateHz (uniform input), got "linear"'),
    )
    const resampler = kernels.createResampler({ ...options, channels: 2 })
    expect(() => resampler.pushUniform(new Float32Array(3))).toThrow(
      new RangeError('"values.length" expected a multiple of 2 channels, got 3'),
    )
    expect(() => resampler.pushUniform([1, 2] as unknown as Float32Array)).toThrow(
      new TypeError('"values" expected a Float32Array or Float64Array, got Array'),
    )
    resampler.pushUniform(new Float32Array(4))
    expect(() => resampler.pushUniform(new Float64Array(4))).toThrow(
      new TypeError('"values" expected a Float32Array as before, until flush(), got Float64Array'),
    )
    resampler.dispose()
    expect(() => resampler.pushUniform(new Float32Array(4))).toThrow(expect.objectContaining({ code: 'disposed' }))
    expect(() => resampler.flush()).toThrow(expect.objectContaining({ code: 'disposed' }))
  })
})
