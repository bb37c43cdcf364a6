import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/kernels/index.js'
import { planResampler } from '../../src/kernels/resampler-plan.js'
import { RESAMPLER_GAP_MAX_PERIODS, RESAMPLER_RATE_MIN_HZ } from '../../src/limits.js'
import { declareStreams, type StreamOptions } from '../../src/worker/checks/declaration.js'

function gridOf(resample: object, more: Partial<StreamOptions> = {}) {
  const options = { channels: ['x'], ...more, resample } as StreamOptions
  return declareStreams({ s: options })[0]!.plan.grid
}

describe('the option "resample"', () => {
  it('is sinc of standard quality by default', () => {
    expect(gridOf({ rateHz: 50 })).toEqual({
      rateHz: 50,
      method: 'sinc',
      quality: 'standard',
      maxGapMs: undefined,
      align: undefined,
      keepRaw: false,
    })
    expect(gridOf({ rateHz: 50, method: 'hold', quality: 'best' })).toMatchObject({
      method: 'hold',
      quality: undefined,
    })
  })

  it('bridges what the stream does not call a gap, unless it says otherwise', () => {
    expect(gridOf({ rateHz: 50 }, { maxGapMs: 70 })!.maxGapMs).toBe(70)
    expect(gridOf({ rateHz: 50, maxGapMs: 200 }, { maxGapMs: 70 })!.maxGapMs).toBe(200)
    // as far as it can
    expect(gridOf({ rateHz: 1000 }, { maxGapMs: 1e9 })!.maxGapMs! / RESAMPLER_GAP_MAX_PERIODS).toBeCloseTo(1, 3)
  })

  it('has the limits of the kernel', async () => {
    const kernels = await loadKernels({ build: 'reference' })
    const create = (rateHz: number, periods: number) => () =>
      kernels.createResampler({ rateHz, channels: 1, maxGapMs: (1000 * periods) / rateHz })
    expect(create(1000, RESAMPLER_GAP_MAX_PERIODS)).not.toThrow()
    expect(create(1000, RESAMPLER_GAP_MAX_PERIODS + 1)).toThrow(RangeError)
    expect(create(RESAMPLER_RATE_MIN_HZ, 1)).not.toThrow()
    expect(create(RESAMPLER_RATE_MIN_HZ / 2, 1)).toThrow(RangeError)
    for (let rateHz = RESAMPLER_RATE_MIN_HZ; rateHz < 1e6; rateHz *= 1.037) {
      const { maxGapMs } = gridOf({ rateHz }, { maxGapMs: 1e300 })!
      expect(() => planResampler({ rateHz, channels: 1, maxGapMs: maxGapMs! })).not.toThrow()
    }
  })

  it.each<[string, unknown, ErrorConstructor, RegExp]>([
    ['no object', 50, TypeError, /"streams\.s\.resample" expected \{ rateHz \}, got 50/],
    ['null', null, TypeError, /"streams\.s\.resample" expected/],
    ['an unknown field', { rateHz: 50, rate: 1 }, TypeError, /"streams\.s\.resample" has no "rate"; it knows rateHz,/],
    ['no rate', {}, TypeError, /"streams\.s\.resample\.rateHz" is missing/],
    ['a rate that is a text', { rateHz: '50' }, TypeError, /resample\.rateHz" expected a number, got "50"/],
    ['a rate of 0', { rateHz: 0 }, RangeError, /"streams\.s\.resample\.rateHz" expected > 0 and ≤ 1000000, got 0/],
    ['a negative rate', { rateHz: -1 }, RangeError, /resample\.rateHz" expected > 0.*got -1/],
    ['a rate of NaN', { rateHz: Number.NaN }, RangeError, /resample\.rateHz" expected > 0.*got NaN/],
    ['a rate above a megahertz', { rateHz: 1_000_001 }, RangeError, /rateHz" expected > 0 and ≤ 1000000, got 1000001/],
    ['a rate below a millihertz', { rateHz: 0.0001 }, RangeError, /resample\.rateHz" expected ≥ 0\.001.*got 0\.0001/],
    [
      'an unknown method',
      { rateHz: 1, method: 'spline' },
      RangeError,
      /method" expected one of sinc, linear,.*"spline"/,
    ],
    ['an unknown quality', { rateHz: 1, quality: 'high' }, RangeError, /quality" expected one of fast,.*"high"/],
    ['a gap of 0', { rateHz: 1, maxGapMs: 0 }, RangeError, /resample\.maxGapMs" expected > 0.*got 0/],
    [
      'a gap over 65,536 periods',
      { rateHz: 1000, maxGapMs: 65_537 },
      RangeError,
      /maxGapMs" expected.*≤ 65536, got 65537/,
    ],
    ['an empty align', { rateHz: 1, align: '' }, RangeError, /resample\.align" expected 1–64 characters.*got ""/],
    ['a long align', { rateHz: 1, align: 'a'.repeat(65) }, RangeError, /resample\.align" expected 1–64 characters/],
    ['an align that is no text', { rateHz: 1, align: 1 }, TypeError, /resample\.align" expected a string, got 1/],
    ['a keepRaw that is no boolean', { rateHz: 1, keepRaw: 1 }, TypeError, /keepRaw" expected true or false, got 1/],
  ])('is refused with %s', (_, resample, error, message) => {
    const refused = () => gridOf(resample as object)
    expect(refused).toThrow(error)
    expect(refused).toThrow(message)
  })

  it.each(['i32', 'i64'] as const)('interpolates no %s, and says what to do', (type) => {
    const channels = ['y', { name: 'x', type }]
    expect(() => gridOf({ rateHz: 1 }, { channels })).toThrow(
      `"streams.s.x.type" expected f64 or f32 with "resample", got ${type}; declare f64, or use resample.method "hold"`,
    )
    expect(gridOf({ rateHz: 1, method: 'hold' }, { channels })).toBeDefined()
  })

  it('knows angles in degrees and radians', () => {
    const channels = (unit?: string) => [{ name: 'yaw', kind: 'angle' as const, ...(unit ? { unit } : {}) }]
    for (const unit of [undefined, 'deg', 'rad'])
      expect(gridOf({ rateHz: 1 }, { channels: channels(unit) })).toBeDefined()
    expect(() => gridOf({ rateHz: 1 }, { channels: channels('gon') })).toThrow(
      /"streams\.s\.yaw\.unit" expected deg or rad to resample an angle, got "gon"/,
    )
    expect(gridOf({ rateHz: 1, method: 'hold' }, { channels: channels('gon') })).toBeDefined()
  })

  it('takes quaternions four in a row', () => {
    const q = (name: string, type: 'f64' | 'f32' | 'text' = 'f64') => ({ name, type, kind: 'quaternion' as const })
    const four = [q('w'), q('x'), q('y', 'f32'), q('z')]
    const twice = ['a', ...four, ...four.map(({ name }) => q(`${name}2`)), 'b']
    expect(gridOf({ rateHz: 1 }, { channels: twice })).toBeDefined()
    expect(() => gridOf({ rateHz: 1 }, { channels: four.slice(1) })).toThrow(
      /"streams\.s\.x\.kind" expected four f64 or f32 channels of kind "quaternion" in a row.*got 3/,
    )
    expect(() => gridOf({ rateHz: 1 }, { channels: [q('w'), q('x'), 'a', q('y'), q('z')] })).toThrow(
      /"streams\.s\.w\.kind"/,
    )
    expect(() => gridOf({ rateHz: 1 }, { channels: [...four, q('v')] })).toThrow(/"streams\.s\.v\.kind"/)
    expect(gridOf({ rateHz: 1, method: 'hold' }, { channels: four.slice(1) })).toBeDefined()
  })

  it('takes the names of the streams it adds', () => {
    const kept: StreamOptions = { channels: ['x'], resample: { rateHz: 1, keepRaw: true } }
    expect(() => declareStreams({ 'a.resampled': { channels: ['x'] }, a: kept })).toThrow(
      /"streams\.a\.resample\.keepRaw" records a stream "a\.resampled", which is declared too/,
    )
    expect(() => declareStreams({ ['a'.repeat(55)]: kept })).toThrow(/keepRaw stream name" expected 1–64 characters/)
    expect(declareStreams({ ['a'.repeat(54)]: kept })).toHaveLength(1)
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`s${i}`, kept]))
    expect(() => declareStreams(many)).toThrow(/at most 64 streams, got 66 with those that "keepRaw" adds/)
  })

  it('is aligned only with streams of the same rate and clock', () => {
    const aligned = (rateHz: number, clock?: 'unix' | 'relative', align = 'imu'): StreamOptions => ({
      channels: ['x'],
      ...(clock ? { clock } : {}),
      resample: { rateHz, align },
    })
    expect(declareStreams({ a: aligned(50, 'unix'), b: aligned(50), c: aligned(50, 'unix') })).toHaveLength(3)
    expect(declareStreams({ a: aligned(50, 'unix'), b: aligned(60, 'relative', 'other') })).toHaveLength(2)
    expect(() => declareStreams({ a: aligned(50), b: aligned(60) })).toThrow(
      /streams "a" and "b" are aligned as "imu" and expected to have one resample\.rateHz, got 50 and 60/,
    )
    expect(() => declareStreams({ a: aligned(50, 'unix'), b: aligned(50), c: aligned(50, 'relative') })).toThrow(
      /streams "a" and "c" are aligned as "imu" and expected to have one clock, got unix and relative/,
    )
  })
})
