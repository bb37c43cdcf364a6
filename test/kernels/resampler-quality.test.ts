import { describe, expect, it, vi } from 'vitest'
import type { ResamplerQuality } from '../../src/kernels/types.js'
import { implementations } from './implementations.js'
import {
  framesOf,
  jitteredTimes,
  measureIrregularTone,
  measureTone,
  resampleUniform,
  type SampleKind,
} from './resampler-quality.js'
import { resample } from './resampler-streams.js'

vi.setConfig({ testTimeout: 60_000 })

const kinds: readonly (readonly [name: string, Kind: SampleKind])[] = [
  ['32 bits', Float32Array],
  ['64 bits', Float64Array],
]

/** What each preset promises: SNR of tones, level of aliases, and a tone of 48 → 44.1 kHz that comes out whole. */
const presets: Record<ResamplerQuality, { snrDb: number; aliasDb: number; wholeHz: number }> = {
  fast: { snrDb: 95, aliasDb: -95, wholeHz: 15_000 },
  standard: { snrDb: 110, aliasDb: -110, wholeHz: 17_500 },
  best: { snrDb: 135, aliasDb: -135, wholeHz: 19_800 },
}
const qualities = Object.keys(presets) as ResamplerQuality[]

describe.each(implementations)('quality of the resampler of %s', (build, kernels) => {
  // the reference has the same bits (resampler-laws): fewer of its tones will do
  const isReference = build === 'reference'

  describe.each(kinds)('48 to 44.1 kHz in %s', (_, Kind) => {
    it.each(qualities)('%s: tones are clean, at their level and in time', (quality) => {
      const { snrDb, wholeHz } = presets[quality]
      const options = { inputRateHz: 48_000, rateHz: 44_100, quality }
      for (const toneHz of isReference ? [10_000] : [1000, 10_000, 17_000, wholeHz]) {
        const tone = measureTone(kernels, options, Kind, toneHz)
        expect(tone.snrDb, `SNR at ${toneHz} Hz`).toBeGreaterThan(snrDb)
        expect(Math.abs(tone.phase), `phase at ${toneHz} Hz`).toBeLessThan(1e-5)
        if (toneHz <= wholeHz) expect(Math.abs(tone.gainDb), `gain at ${toneHz} Hz`).toBeLessThan(0.1)
      }
    })

    it.each(qualities)('%s: nothing above half the output rate comes back', (quality) => {
      const options = { inputRateHz: 48_000, rateHz: 44_100, quality }
      const step = isReference ? 1900 : 190
      for (let toneHz = 22_060; toneHz < 24_000; toneHz += step) {
        const { levelDb } = measureTone(kernels, options, Kind, toneHz, 3000)
        expect(levelDb, `alias of ${toneHz} Hz`).toBeLessThan(presets[quality].aliasDb)
      }
    })
  })

  it.each([
    [44_100, 48_000],
    [48_000, 16_000],
    [16_000, 48_000],
    [48_000, 44_099.7],
    [44_100.03, 48_000],
    [100, 97.31],
  ])('from %d to %d Hz: each preset as good as it says', (inputRateHz, rateHz) => {
    if (isReference) return
    for (const quality of qualities) {
      for (const place of [0.05, 0.2, 0.33]) {
        const toneHz = place * Math.min(inputRateHz, rateHz)
        const tone = measureTone(kernels, { inputRateHz, rateHz, quality }, Float64Array, toneHz)
        expect(tone.snrDb, `${quality} at ${toneHz} Hz`).toBeGreaterThan(presets[quality].snrDb)
        expect(Math.abs(tone.gainDb), `${quality} at ${toneHz} Hz`).toBeLessThan(0.1)
      }
      if (rateHz >= inputRateHz) continue
      for (const place of [0.505, 0.51, 0.53]) {
        const toneHz = Math.min(place * rateHz, 0.499 * inputRateHz)
        const { levelDb } = measureTone(kernels, { inputRateHz, rateHz, quality }, Float64Array, toneHz)
        expect(levelDb, `${quality}, alias of ${toneHz} Hz`).toBeLessThan(presets[quality].aliasDb)
      }
    }
  })

  it.each([
    ['even', 0.05, 0.05, 110],
    ['even', 0.05, 0.1, 100],
    ['even', 0.05, 0.2, 65],
    ['even', 0.2, 0.1, 90],
    ['gaussian', 0.05, 0.1, 90],
    ['gaussian', 0.2, 0.1, 80],
  ] as const)(
    'irregular, %s jitter of %d of a period, a tone at %d of the rate: %d dB',
    (kind, jitter, place, snrDb) => {
      for (const seed of isReference ? [1] : [1, 2, 3]) {
        const times = jitteredTimes(4000, 100, jitter, kind, seed)
        const tone = measureIrregularTone(kernels, { rateHz: 100, channels: 1 }, times, 100 * place)
        expect(tone.snrDb).toBeGreaterThan(snrDb)
        expect(Math.abs(tone.phase)).toBeLessThan(1e-4)
      }
    },
  )

  it('irregular, 405 to 50 Hz: a tone of 60 Hz does not come back', () => {
    for (const jitter of [0, 0.05]) {
      const times = jitteredTimes(8000, 405, jitter, 'even')
      const { levelDb } = measureIrregularTone(kernels, { rateHz: 50, channels: 1 }, times, 60)
      expect(levelDb).toBeLessThan(-95)
    }
  })

  it('irregular, to a higher rate: no images', () => {
    const times = jitteredTimes(2000, 100, 0.05, 'even')
    for (const rateHz of [150, 250, 1000, 3333.3]) {
      const tone = measureIrregularTone(kernels, { rateHz, channels: 1 }, times, 10)
      expect(tone.snrDb).toBeGreaterThan(108)
    }
  })

  it('keeps the figures of linear and cubic honest: 27 and 48 dB at a tenth of the rate', () => {
    const times = jitteredTimes(4000, 100, 0.05, 'even')
    const linear = measureIrregularTone(kernels, { rateHz: 100, channels: 1, method: 'linear' }, times, 10)
    const cubic = measureIrregularTone(kernels, { rateHz: 100, channels: 1, method: 'cubic' }, times, 10)
    expect(linear.snrDb).toBeGreaterThan(25)
    expect(linear.snrDb).toBeLessThan(60)
    expect(cubic.snrDb).toBeGreaterThan(46)
    expect(cubic.snrDb).toBeLessThan(90)
  })

  it('brings constants out exactly, from end to end', () => {
    const fround = (value: number): number => (Math.abs(value) < 3e38 ? Math.fround(value) : 3e38)
    for (const constant of [0.1, -273.15, 101_325.008, 1e300, 5e-324, -0]) {
      for (const quality of qualities) {
        const out = resampleUniform(
          kernels,
          { inputRateHz: 48_000, rateHz: 44_100, quality },
          Float64Array,
          500,
          () => constant,
        )
        expect(out.length).toBe(Math.ceil((500 * 147) / 160))
        for (const value of out) expect(value).toBe(constant)
      }
      const single = resampleUniform(kernels, { inputRateHz: 100, rateHz: 37.7 }, Float32Array, 500, () =>
        Math.fround(fround(constant)),
      )
      for (const value of single) expect(value).toBe(Math.fround(fround(constant)))
      const times = jitteredTimes(500, 100, 0.2, 'gaussian')
      for (const method of ['sinc', 'linear', 'cubic', 'hold'] as const) {
        const { values } = resample(
          kernels,
          { rateHz: 73, channels: 1, method },
          framesOf(times, () => constant),
        )
        // +0 beside −0 where a slope of 0 was added
        for (const value of values) expect(value + 0).toBe(constant + 0)
      }
    }
  })

  it('keeps the digits of a small signal on a large offset', () => {
    const times = jitteredTimes(3000, 25, 0.05, 'even')
    const small = (s: number): number => 0.004 * Math.sin(2 * Math.PI * s)
    const out = resample(
      kernels,
      { rateHz: 25, channels: 1 },
      framesOf(times, (s) => 101_325 + small(s)),
    )
    for (let index = 100; index < out.values.length - 100; index++) {
      const expected = 101_325 + small(Number(out.timestampsNs[index]) / 1e9)
      expect(Math.abs(out.values[index]! - expected)).toBeLessThan(1e-8)
    }
  })

  it('is exact for ramps, and cubic and sinc for parabolas too, from end to end', () => {
    const times = jitteredTimes(600, 100, 0.1, 'even')
    const ramp = (s: number): number => 3 * s - 2
    const parabola = (s: number): number => s * s - 2 * s + 0.5
    const worst = (method: 'sinc' | 'linear' | 'cubic', valueAt: (s: number) => number, edge = 0): number => {
      const out = resample(kernels, { rateHz: 61, channels: 1, method }, framesOf(times, valueAt))
      let most = 0
      for (let index = edge; index < out.values.length - edge; index++) {
        most = Math.max(most, Math.abs(out.values[index]! - valueAt(Number(out.timestampsNs[index]) / 1e9)))
      }
      return most
    }
    expect(worst('linear', ramp)).toBeLessThan(1e-12)
    expect(worst('cubic', ramp)).toBeLessThan(1e-12)
    expect(worst('cubic', parabola)).toBeLessThan(1e-11)
    expect(worst('sinc', ramp)).toBeLessThan(2e-6)
    expect(worst('sinc', parabola, 40)).toBeLessThan(2e-5)
  })

  it('gives the instants of the input at the same rate, uniform in and out', () => {
    const times = BigInt64Array.from({ length: 2000 }, (_, index) => BigInt(index) * 10_000_000n)
    const valueAt = (s: number): number => Math.sin(2 * Math.PI * 7 * s) + Math.sin(2 * Math.PI * 13 * s + 1)
    const out = resample(kernels, { rateHz: 100, channels: 1 }, framesOf(times, valueAt))
    expect([...out.timestampsNs]).toEqual([...times])
    expect(out.edgeFrames).toBeLessThan(80)
    for (let index = 60; index < 1940; index++) {
      expect(Math.abs(out.values[index]! - valueAt(index / 100))).toBeLessThan(2e-4)
    }
  })
})
