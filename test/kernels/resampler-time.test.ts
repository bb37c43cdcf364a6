import { describe, expect, it } from 'vitest'
import { implementations } from './implementations.js'
import { bitsOf, frames, resample } from './resampler-streams.js'

const evenly = (count: number, fromMs = 0, stepMs = 10): number[] =>
  Array.from({ length: count }, (_, index) => fromMs + index * stepMs)
const toMs = (timestampsNs: BigInt64Array): number[] => Array.from(timestampsNs, (ns) => Number(ns) / 1e6)

describe.each(implementations)('the resampler of %s', (_, kernels) => {
  it('starts at the first grid instant in a segment and ends at the last', () => {
    const out = resample(kernels, { rateHz: 50, channels: 1, method: 'linear' }, frames([1011, 1025, 1039, 1050, 1061]))
    expect(toMs(out.timestampsNs)).toEqual([1020, 1040, 1060])
    for (const [index, expected] of [1020, 1040, 1060].entries()) expect(out.values[index]).toBeCloseTo(expected, 9)
    expect(out.segments).toEqual([0])
  })

  it('gives a node its own bits where an instant falls on it', () => {
    const input = frames([-20, 0, 20, 40], [0, 0, 0, 0])
    bitsOf(input.values).set([0x7ff0000000000001n, -(2n ** 63n), 0x7ff8dead00000000n, 1n])
    const out = resample(kernels, { rateHz: 50, channels: 1, method: 'linear' }, input)
    expect(bitsOf(out.values)).toEqual(bitsOf(input.values))
  })

  it('keeps a NaN between the nodes that touch it, as the canonical one', () => {
    const input = frames([0, 10, 20, 30, 40], [1, 2, 0, 4, 5])
    bitsOf(input.values)[2] = 0x7ff8dead00000000n
    const out = resample(kernels, { rateHz: 200, channels: 1, method: 'linear' }, input)
    const bits = [...bitsOf(out.values)]
    expect(bits.slice(3, 6)).toEqual([0x7ff8000000000000n, 0x7ff8dead00000000n, 0x7ff8000000000000n])
    expect([...out.values.slice(0, 3), ...out.values.slice(6)]).toEqual([1, 1.5, 2, 4, 4.5, 5])
  })

  it('keeps constants exact and crosses the whole range of doubles without overflow (F5)', () => {
    const times = evenly(6, 0, 7)
    for (const one of [0.1, -0, 1e308, Infinity, 5e-324]) {
      const out = resample(
        kernels,
        { rateHz: 1000, channels: 1, method: 'linear' },
        frames(
          times,
          times.map(() => one),
        ),
      )
      expect(out.values.length).toBe(36)
      for (const value of out.values) expect(value).toBe(one)
    }
    const wide = resample(kernels, { rateHz: 400, channels: 1, method: 'linear' }, frames([0, 10], [-1e308, 1e308]))
    expect([...wide.values]).toEqual([-1e308, -5e307, 0, 5e307, 1e308])
  })

  it.each([
    [3, 1_000_000_000n, 3n],
    [29.97, 100_000_000_000n, 2997n],
    [30000 / 1001, 1_001_000_000_000n, 30000n],
    [104.17, 100_000_000_000n, 10417n],
    [0.3, 10_000_000_000n, 3n],
    [999_983, 1_000_000_000n, 999_983n],
  ])('puts instant n of %d Hz at round(n × period) for any n', (rateHz, numerator, denominator) => {
    const floorDiv = (a: bigint, b: bigint): bigint => (a - (((a % b) + b) % b)) / b
    const instant = (n: bigint): bigint => floorDiv(2n * n * numerator + denominator, 2n * denominator)
    for (const startNs of [
      0n,
      1n,
      -1n,
      12_345_678_901n,
      -987_654_321_987n,
      1_700_000_000_123_456_789n,
      2n ** 62n - 10n ** 14n,
      -(2n ** 62n),
    ]) {
      const stepNs = (numerator / denominator) * 2n
      const timestampsNs = BigInt64Array.from({ length: 20 }, (_, index) => startNs + stepNs * BigInt(index))
      const out = resample(
        kernels,
        { rateHz, channels: 1, method: 'linear' },
        { timestampsNs, values: new Float64Array(20) },
      )
      let n = floorDiv(startNs * denominator, numerator)
      while (instant(n) < startNs) n++
      const expected: bigint[] = []
      for (; instant(n) <= timestampsNs[19]; n++) expected.push(instant(n))
      expect([...out.timestampsNs]).toEqual(expected)
    }
  })

  it('invents nothing across a gap (F9)', () => {
    const times = [...evenly(70), ...evenly(70, 5690)]
    const out = resample(kernels, { rateHz: 100, channels: 1, method: 'linear' }, frames(times))
    expect(toMs(out.timestampsNs)).toEqual(times)
    expect(out.segments).toEqual([0, 70])
  })

  it('bridges up to the threshold and not a nanosecond more', () => {
    const times = evenly(70)
    const at = (gapNs: bigint) => {
      const input = frames([...times, 0, 0])
      input.timestampsNs[70] = 690_000_000n + gapNs
      input.timestampsNs[71] = input.timestampsNs[70] + 10_000_000n
      return resample(kernels, { rateHz: 100, channels: 1, method: 'linear' }, input).segments
    }
    expect(at(40_000_000n)).toEqual([0])
    expect(at(40_000_001n)).toEqual([0, 70])
    const given = { rateHz: 100, channels: 1, method: 'linear' as const, maxGapMs: 25 }
    expect(resample(kernels, given, frames([0, 25, 50.000001, 60])).segments).toEqual([0, 3])
  })

  it('takes the threshold from the first 64 intervals, or from what there is at flush', () => {
    // the median stays 10 ms although later intervals are 100 ms: each of those is a gap
    const late = [...evenly(65), ...evenly(5, 740, 100)]
    expect(resample(kernels, { rateHz: 100, channels: 1, method: 'linear' }, frames(late)).segments).toEqual([
      0, 65, 66, 67, 68, 69,
    ])
    expect(
      resample(kernels, { rateHz: 100, channels: 1, method: 'linear' }, frames([0, 10, 20, 61, 70])).segments,
    ).toEqual([0, 3])
    const held = kernels.createResampler({ rateHz: 100, channels: 1, method: 'linear' })
    expect(held.push(frames(evenly(65)).timestampsNs, new Float64Array(65)).timestampsNs.length).toBe(0)
    // 64 intervals are known when the eight that wait to be sorted lie behind them
    expect(held.push(frames(evenly(7, 650)).timestampsNs, new Float64Array(7)).timestampsNs.length).toBe(0)
    expect(held.inputRateHz).toBeUndefined()
    expect(held.push(frames([720]).timestampsNs, new Float64Array(1)).timestampsNs.length).toBe(65)
    expect(held.inputRateHz).toBe(100)
  })

  it('gives a handful of frames for a time a year ahead (F6)', () => {
    const yearMs = 365 * 86_400_000
    const out = resample(kernels, { rateHz: 1e6, channels: 1, method: 'linear' }, frames([0, 1, 2, yearMs, yearMs + 1]))
    expect(out.timestampsNs.length).toBe(2001 + 1001)
    expect(out.segments).toEqual([0, 2001])
    const yearly = resample(kernels, { rateHz: 1e6, channels: 1, method: 'linear' }, frames(evenly(70, 0, yearMs)))
    expect(yearly.timestampsNs.length).toBe(70)
  })

  it('lets the last frame of a repeated timestamp win, and counts the others (F6)', () => {
    const out = resample(
      kernels,
      { rateHz: 100, channels: 1, method: 'linear' },
      frames([0, 0, 10, 10, 10, 20], [1, 2, 3, 4, 5, 6]),
    )
    expect([...out.values]).toEqual([2, 5, 6])
    expect(out.repeatedFrames).toBe(3)
  })

  it('puts the newest eight frames in order, and counts them (F6)', () => {
    const out = resample(
      kernels,
      { rateHz: 100, channels: 1, method: 'linear' },
      frames([0, 10, 20, 50, 30, 40, 60, 55, 60], [0, 1, 2, 5, 3, 4, 99, 5.5, 6]),
    )
    expect([...out.values]).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect([out.sortedFrames, out.repeatedFrames, out.lateFrames]).toEqual([3, 1, 0])
    // the very first may come late too, before anything has left
    const first = resample(kernels, { rateHz: 100, channels: 1, method: 'hold' }, frames([10, 20, 0, 30]))
    expect([toMs(first.timestampsNs), first.segments]).toEqual([[0, 10, 20, 30], [0]])
  })

  it('drops and counts what is older than the newest eight (F6)', () => {
    const times = evenly(20)
    const out = resample(
      kernels,
      { rateHz: 100, channels: 1, method: 'linear' },
      frames([...times, 110, 109, 108, 200], [...times, 99, 99, 99, 200]),
    )
    expect(toMs(out.timestampsNs)).toEqual([...times, 200])
    expect([...out.values]).toEqual([...times, 200])
    expect([out.lateFrames, out.sortedFrames]).toEqual([3, 0])
    const inTime = resample(kernels, { rateHz: 100, channels: 1, method: 'hold' }, frames([...times, 115, 200]))
    expect([inTime.lateFrames, inTime.sortedFrames]).toEqual([0, 1])
  })

  it('takes eight advancing late frames for a clock reset, seven for late ones', () => {
    const before = evenly(20, 1000)
    const reset = resample(
      kernels,
      { rateHz: 100, channels: 1, method: 'linear' },
      frames([...before, ...evenly(9, 200)]),
    )
    expect(toMs(reset.timestampsNs)).toEqual([...before, ...evenly(9, 200)])
    expect([reset.segments, reset.lateFrames]).toEqual([[0, 20], 0])
    const late = resample(
      kernels,
      { rateHz: 100, channels: 1, method: 'linear' },
      frames([...before, ...evenly(7, 200), 1200]),
    )
    expect(toMs(late.timestampsNs)).toEqual([...before, 1200])
    expect([late.segments, late.lateFrames]).toEqual([[0], 7])
    const broken = resample(
      kernels,
      { rateHz: 100, channels: 1, method: 'linear' },
      frames([...before, ...evenly(5, 200), ...evenly(5, 100)]),
    )
    expect([toMs(broken.timestampsNs), broken.lateFrames]).toEqual([before, 10])
  })

  it('starts over at each of many clock resets while the threshold is unknown', () => {
    const times = Array.from({ length: 6 }, (_, index) => evenly(10, 10_000 - index * 500)).flat()
    const out = resample(kernels, { rateHz: 100, channels: 1, method: 'linear' }, frames(times))
    expect(toMs(out.timestampsNs)).toEqual(times)
    expect(out.segments).toEqual(Array.from({ length: 6 }, (_, index) => index * 10))
  })

  it('names the argument, the expectation and the value it refuses', () => {
    const create = (options: object) => () =>
      kernels.createResampler({ rateHz: 50, channels: 1, method: 'linear', ...options })
    for (const rateHz of [0, -5, Number.NaN, Infinity, 1_000_001, 1e-9]) {
      expect(create({ rateHz })).toThrow(new RangeError(`"rateHz" expected 0.001–1000000 Hz, got ${rateHz}`))
    }
    expect(create({ rateHz: '50' })).toThrow(new TypeError('"rateHz" expected 0.001–1000000 Hz, got "50"'))
    expect(create({ method: 'best' })).toThrow(
      new RangeError(`"method" expected 'sinc' | 'linear' | 'cubic' | 'hold', got "best"`),
    )
    expect(create({ quality: 'high' })).toThrow(
      new RangeError(`"quality" expected 'fast' | 'standard' | 'best', got "high"`),
    )
    expect(create({ nominalRateHz: -1 })).toThrow(new RangeError('"nominalRateHz" expected 0.001–1000000 Hz, got -1'))
    expect(create({ kinds: 'value' })).toThrow(new TypeError('"kinds" expected an array of 1 kinds, got "value"'))
    expect(create({ kinds: [] })).toThrow(new RangeError('"kinds.length" expected 1, one per channel, got 0'))
    expect(create({ kinds: ['turns'] })).toThrow(
      new RangeError(`"kinds[0]" expected 'value' | 'degrees' | 'radians' | 'quaternion', got "turns"`),
    )
    expect(create({ channels: 5, kinds: ['value', 'quaternion', 'quaternion', 'quaternion', 'value'] })).toThrow(
      new RangeError(`"kinds[4]" expected 'quaternion' as kinds[1], four in a row, got "value"`),
    )
    expect(create({ channels: 0 })).toThrow(new RangeError('"channels" expected an integer in 1–64, got 0'))
    for (const maxGapMs of [0, -1, Number.NaN, 1e9])
      expect(create({ maxGapMs })).toThrow(/^"maxGapMs" expected > 0 and at most /)
    const resampler = kernels.createResampler({ rateHz: 50, channels: 2 })
    expect(() => resampler.push(BigInt64Array.of(1n), new Float64Array(1))).toThrow(
      new RangeError('"values.length" expected 2 (1 timestamps × 2 channels), got 1'),
    )
    expect(() => resampler.push(BigInt64Array.of(1n, 2n ** 62n), new Float64Array(4))).toThrow(
      new RangeError('"timestampsNs[1]" expected within ±2^62 ns, got 4611686018427387904n'),
    )
    expect(resampler.flush().timestampsNs.length).toBe(0)
    resampler.dispose()
    expect(() => resampler.flush()).toThrow(expect.objectContaining({ code: 'disposed' }))
  })
})
