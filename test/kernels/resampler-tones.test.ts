import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import type { ResamplerMethod, ResamplerQuality } from '../../src/kernels/types.js'
import { implementations } from './implementations.js'
import {
  convert,
  EDGE_OUTPUTS,
  evenInstants,
  f32,
  f64,
  fitTones,
  type JitterKind,
  jitteredClock,
  resampleAll,
  secondsSince,
  sendTimedTone,
  sendTones,
  spuriousDb,
  toneAt,
  uniformConverter,
} from './resampler-tones.js'

vi.setConfig({ testTimeout: 60_000 })

const SAMPLES = { Float32Array: f32, Float64Array: f64 }
/** What images and aliases stay below, of each quality. */
const STOPBAND_DB = { fast: -95, standard: -100, best: -120 }
const QUALITIES = Object.keys(STOPBAND_DB) as ResamplerQuality[]
const METHODS: ResamplerMethod[] = ['sinc', 'linear', 'cubic', 'hold']
const RATES: [inputRateHz: number, rateHz: number][] = [
  [48_000, 44_100],
  [44_100, 48_000],
  [48_000, 16_000],
  [16_000, 48_000],
  // no simple ratio
  [48_000, 44_099.7],
  [44_100.03, 48_000],
]
const UNIX_NS = 1_700_000_000_123_456_789n

/** A real phone's clock of about 405 Hz. */
function pocketClock(): BigInt64Array {
  const [, ...intervals] = readFileSync('test/recordings/pocket_clock_405hz.csv', 'utf8').trim().split('\n')
  let now = UNIX_NS
  return BigInt64Array.from([now, ...intervals.map((interval) => (now += BigInt(interval)))])
}

const worst = (figures: readonly number[]): number => Math.max(...figures.map(Math.abs))

describe('the measure', () => {
  const seconds = evenInstants(2000, 44_100)

  it('finds nothing amiss with a tone in doubles, and the rounding of 32 bits', () => {
    const tone = toneAt(seconds, 17_000)
    expect(fitTones(seconds, tone, [17_000]).snrDb).toBeGreaterThan(250)
    expect(fitTones(seconds, tone, [17_000]).fidelityDb).toBeGreaterThan(250)
    const { snrDb } = fitTones(seconds, Float32Array.from(tone), [17_000])
    expect(snrDb).toBeGreaterThan(147)
    expect(snrDb).toBeLessThan(157)
  })

  it('reads gain, phase and the level of another tone', () => {
    const delayed = toneAt(
      seconds.map((instant) => instant - 1e-9),
      10_000,
    )
    const ghost = toneAt(seconds, 3333)
    const fit = fitTones(
      seconds,
      delayed.map((value, index) => 0.5 * value + 1e-6 * ghost[index]),
      [10_000],
    )
    expect(fit.gainsDb[0]).toBeCloseTo(-6.0206, 4)
    expect(fit.phaseErrorsRad[0]).toBeCloseTo(-2 * Math.PI * 1e-5, 7)
    expect(fit.residualDb).toBeCloseTo(-120, 1)
    expect(fit.snrDb).toBeCloseTo(114, 1)
    expect(fit.fidelityDb).toBeCloseTo(6.02, 2)
  })

  it('tells how bad it is to take the nearest sample', () => {
    const nearest = {
      inputRateHz: 48_000,
      rateHz: 44_100,
      edgeOutputs: 0,
      samples: f64,
      convert: (input: Float64Array | Float32Array) =>
        Float64Array.from({ length: 2000 }, (_, index) => input[Math.round((index * 48_000) / 44_100)]),
    }
    const { snrDb } = sendTones(nearest, [1000])
    expect(snrDb).toBeGreaterThan(20)
    expect(snrDb).toBeLessThan(35)
    expect(spuriousDb(nearest, 10)).toBeGreaterThan(-1)
  })
})

describe.each(implementations)('a uniform resampler of %s', (build, kernels) => {
  const tones = build === 'wasm' ? 96 : 12

  describe.each(Object.entries(SAMPLES))('of a %s', (_, samples) => {
    it('passes tones from 48 to 44.1 kHz with over 110 dB, `best` with over 135', () => {
      for (const [quality, leastDb] of [
        ['standard', 110],
        ['best', 135],
      ] as const) {
        const converter = uniformConverter(kernels, { inputRateHz: 48_000, rateHz: 44_100, quality }, samples)
        for (const frequencyHz of [1000, 10_000, 17_000]) {
          const { snrDb, gainsDb, phaseErrorsRad } = sendTones(converter, [frequencyHz])
          expect(snrDb).toBeGreaterThan(leastDb)
          expect(worst(gainsDb)).toBeLessThan(0.01)
          expect(worst(phaseErrorsRad)).toBeLessThan(1e-6)
        }
      }
    })

    it('passes 17.5 kHz of 22.05 whole, `best` 19.8 kHz', () => {
      for (const [inputRateHz, rateHz] of RATES.filter((rates) => Math.min(...rates) > 40_000)) {
        for (const [quality, frequencyHz] of [
          ['standard', 17_500],
          ['best', 19_800],
        ] as const) {
          const converter = uniformConverter(kernels, { inputRateHz, rateHz, quality }, samples)
          expect(worst(sendTones(converter, [frequencyHz], 500).gainsDb)).toBeLessThan(0.1)
        }
      }
    })

    it.each(RATES)('keeps images and aliases in the stopband, from %d to %d Hz', (inputRateHz, rateHz) => {
      for (const quality of QUALITIES) {
        const converter = uniformConverter(kernels, { inputRateHz, rateHz, quality }, samples)
        expect(spuriousDb(converter, tones, 600)).toBeLessThan(STOPBAND_DB[quality])
      }
    })

    it('keeps constants exact', () => {
      for (const [inputRateHz, rateHz] of RATES) {
        for (const quality of QUALITIES) {
          const resampler = kernels.createResampler({ inputRateHz, rateHz, channels: 1, quality })
          for (const constant of [0.1, -9.81, 1e30, 3]) {
            const input = samples(600).fill(constant)
            const output = convert(resampler, input)
            expect(output.length).toBe(Math.ceil((600 * rateHz) / inputRateHz))
            expect(output.every((value) => value === input[0])).toBe(true)
          }
        }
      }
    })
  })

  it('keeps channels apart, each with tones of its own', () => {
    const [inputRateHz, rateHz, channels] = [48_000, 44_100, 3]
    const frequencies = [
      [997, 15_013],
      [5003, 23_500],
      [9001, 12_007],
    ]
    const seconds = evenInstants(2400, inputRateHz)
    const columns = frequencies.map((pair) => pair.map((frequencyHz) => toneAt(seconds, frequencyHz)))
    for (const samples of [f32, f64]) {
      const resampler = kernels.createResampler({ inputRateHz, rateHz, channels })
      const input = samples(2400 * channels).map((_, index) => {
        const [one, other] = columns[index % channels]
        return (one[Math.floor(index / channels)] + other[Math.floor(index / channels)]) / 2
      })
      const output = convert(resampler, input)
      for (const [channel, pair] of frequencies.entries()) {
        const mine = output.filter((_, index) => index % channels === channel)
        const judged = mine.slice(EDGE_OUTPUTS.standard, -EDGE_OUTPUTS.standard)
        const instants = evenInstants(mine.length, rateHz).slice(EDGE_OUTPUTS.standard, -EDGE_OUTPUTS.standard)
        const inside = pair.filter((frequencyHz) => frequencyHz < rateHz / 2)
        expect(fitTones(instants, judged, inside).snrDb).toBeGreaterThan(108)
      }
    }
  })

  it('keeps ramps and quadratics to within the stopband', () => {
    for (const [inputRateHz, rateHz] of RATES) {
      for (const quality of QUALITIES) {
        const resampler = kernels.createResampler({ inputRateHz, rateHz, channels: 1, quality })
        // the error of a line is the stopband's ripple, a few times, on what half the filter spans: one unit of time
        const limit = 4 * 10 ** (STOPBAND_DB[quality] / 20)
        const unit = EDGE_OUTPUTS[quality] * Math.max(1, inputRateHz / rateHz)
        const edge = 3 * EDGE_OUTPUTS[quality]
        for (const power of [1, 2]) {
          const output = convert(
            resampler,
            f64(1500).map((_, index) => ((index - 750) / unit) ** power),
          )
          const errors = output.map((value, index) => {
            const time = ((index * inputRateHz) / rateHz - 750) / unit
            return (value - time ** power) / (1 + power * Math.abs(time) ** (power - 1))
          })
          expect(worst([...errors.slice(edge, -edge)])).toBeLessThan(limit)
        }
      }
    }
  })
})

describe.each(implementations)('a resampler of timed frames of %s', (build, kernels) => {
  const seeds = build === 'wasm' ? [1, 2, 3] : [1]

  it.each([
    ['even', 0.05, 85],
    ['normal', 0.05, 85],
    ['even', 0.2, 75],
    ['normal', 0.2, 75],
  ] as [JitterKind, number, number][])(
    'sees through %s jitter of %d periods with over %d dB',
    (kind, jitter, leastDb) => {
      for (const seed of seeds) {
        // the clocks drift past each other, so that outputs lie at every place between frames
        const clock = jitteredClock(2000, 100.13, { jitter, kind, seed, startNs: UNIX_NS })
        for (const frequencyHz of [1, 3, 10]) {
          const { fidelityDb } = sendTimedTone(kernels, { rateHz: 100 }, clock, frequencyHz)
          expect(fidelityDb).toBeGreaterThan(leastDb)
        }
      }
    },
  )

  it('interpolates as well as each method can', () => {
    const clock = jitteredClock(1000, 100.13, { jitter: 0.05, startNs: UNIX_NS })
    const fidelity = (method: ResamplerMethod, frequencyHz: number): number =>
      sendTimedTone(kernels, { rateHz: 100, method }, clock, frequencyHz).fidelityDb
    expect(fidelity('linear', 1)).toBeGreaterThan(66)
    expect(fidelity('linear', 10)).toBeGreaterThan(26)
    expect(fidelity('cubic', 1)).toBeGreaterThan(105)
    expect(fidelity('cubic', 10)).toBeGreaterThan(46)
    expect(fidelity('hold', 1)).toBeGreaterThan(20)
  })

  it('lets nothing of 60 Hz into 50 Hz', () => {
    const even = jitteredClock(3000, 405, { startNs: UNIX_NS })
    for (const quality of QUALITIES) {
      expect(sendTimedTone(kernels, { rateHz: 50, quality }, even, 60).residualDb).toBeLessThan(-95)
      expect(sendTimedTone(kernels, { rateHz: 50, quality }, pocketClock(), 60).residualDb).toBeLessThan(-95)
    }
  })

  it('keeps in the stopband what the input has above the output, up to where interpolation ends', () => {
    for (const [inputRateHz, rateHz] of [
      [405, 50],
      [405, 100],
      [1000, 100],
    ]) {
      const clock = jitteredClock(12 * inputRateHz, inputRateHz, { startNs: UNIX_NS })
      for (const quality of QUALITIES) {
        for (let frequencyHz = rateHz / 2 + 0.01; frequencyHz < 0.13 * inputRateHz; frequencyHz += rateHz / 9) {
          const { residualDb } = sendTimedTone(kernels, { rateHz, quality }, clock, frequencyHz)
          expect(residualDb).toBeLessThan(Math.max(STOPBAND_DB[quality], -100))
        }
      }
    }
  })

  it.each(METHODS)('keeps constants exact by %s', (method) => {
    const timestampsNs = jitteredClock(500, 100, { jitter: 0.2, kind: 'normal', startNs: UNIX_NS })
    for (const rateHz of [20, 99.7, 250]) {
      for (const constant of [0.1, -9.81, 101_325.25, 1e300, 5e-324, 0]) {
        const resampler = kernels.createResampler({ rateHz, channels: 1, method })
        const output = resampleAll(resampler, { timestampsNs, values: new Float64Array(500).fill(constant) })
        expect(output.values.length).toBeGreaterThan(4.9 * rateHz)
        expect(output.values.every((value) => value === constant)).toBe(true)
      }
    }
  })

  /** The largest error with input that is a power of time, −1 to 1 over the whole. */
  function powerError(method: ResamplerMethod, rateHz: number, power: number, edgeOutputs: number): number {
    const timestampsNs = jitteredClock(1000, 100.13, { jitter: 0.05, startNs: UNIX_NS })
    const scaled = (stamps: BigInt64Array) => secondsSince(stamps, UNIX_NS).map((second) => (second - 5) / 5)
    const values = scaled(timestampsNs).map((time) => time ** power)
    const output = resampleAll(kernels.createResampler({ rateHz, channels: 1, method }), { timestampsNs, values })
    const truth = scaled(output.timestampsNs).map((time) => time ** power)
    const errors = truth.map((value, index) => output.values[index] - value)
    return worst([...errors.slice(edgeOutputs, errors.length - edgeOutputs)])
  }

  it('keeps ramps by linear, ramps and quadratics by cubic, up to the first and last frame', () => {
    for (const rateHz of [20, 100, 250]) {
      expect(powerError('linear', rateHz, 1, 0)).toBeLessThan(1e-12)
      for (const power of [1, 2]) expect(powerError('cubic', rateHz, power, 0)).toBeLessThan(1e-12)
    }
  })

  it('keeps ramps and quadratics by sinc to within the stopband', () => {
    for (const rateHz of [20, 99.7, 250]) {
      for (const power of [1, 2]) expect(powerError('sinc', rateHz, power, 100)).toBeLessThan(1e-6)
    }
  })

  it.each(['sinc', 'linear', 'cubic'] as const)('keeps time by %s', (method) => {
    for (const [inputRateHz, rateHz] of [
      [100.13, 100],
      [100.13, 431],
      [405, 50],
    ]) {
      const clock = jitteredClock(3000, inputRateHz, { jitter: 0.05, startNs: UNIX_NS })
      const edgeOutputs = EDGE_OUTPUTS.standard * Math.ceil(Math.max(1, rateHz / inputRateHz))
      const { phaseErrorsRad } = sendTimedTone(kernels, { rateHz, method }, clock, 2, edgeOutputs)
      expect(worst(phaseErrorsRad)).toBeLessThan(1e-4)
    }
  })

  it.each([
    ['sinc', 1e-4],
    ['linear', 1e-5],
    ['cubic', 1e-5],
  ] as const)('crosses half of a step where it happens, by %s within %d s', (method, limitS) => {
    const timestampsNs = jitteredClock(400, 100, { startNs: UNIX_NS })
    const values = Float64Array.from({ length: 400 }, (_, index) => (index < 200 ? 0 : 1))
    const middleS = 1.995
    const { timestampsNs: grid, values: stepped } = resampleAll(
      kernels.createResampler({ rateHz: 1000, channels: 1, method }),
      { timestampsNs, values },
    )
    const seconds = secondsSince(grid, UNIX_NS)
    const after = stepped.findIndex((value) => value >= 0.5)
    const share = (0.5 - stepped[after - 1]) / (stepped[after] - stepped[after - 1])
    const crossingS = seconds[after - 1] + share * (seconds[after] - seconds[after - 1])
    expect(Math.abs(crossingS - middleS)).toBeLessThan(limitS)
  })
})
