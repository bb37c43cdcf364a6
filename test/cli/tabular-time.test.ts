import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseDecimalTime } from '../../src/cli/tabular/decimal-time.js'
import { parseIsoTime } from '../../src/cli/tabular/iso-time.js'
import { UNIT_SCALE } from '../../src/cli/tabular/time-reader.js'
import { decideUnit } from '../../src/cli/tabular/time-unit.js'
import { channelsOf, importText, removeFixtures } from './tabular-fixture.js'

removeFixtures()

/** Decimal text by fractions of BigInt, rounded half to even. */
function exactNs(whole: bigint, fraction: string, exponent: number, scale: number): bigint {
  let numerator = BigInt(`${whole}${fraction}`)
  let denominator = 10n ** BigInt(fraction.length)
  const shift = BigInt(Math.abs(exponent + scale))
  if (exponent + scale >= 0) numerator *= 10n ** shift
  else denominator *= 10n ** shift
  const doubled = numerator * 2n
  const floor = numerator / denominator
  const rest = doubled - floor * 2n * denominator
  return rest > denominator || (rest === denominator && floor % 2n === 1n) ? floor + 1n : floor
}

describe('decimal times', () => {
  it('become nanoseconds exactly in every unit', () => {
    const digits = fc.stringMatching(/^\d{0,14}$/)
    for (const [unit, scale] of Object.entries(UNIT_SCALE)) {
      fc.assert(
        fc.property(
          fc.bigInt(0n, 9_000_000_000n),
          digits,
          fc.integer({ min: -12, max: 0 }),
          fc.boolean(),
          (whole, fraction, exponent, isNegative) => {
            const text = `${isNegative ? '-' : ''}${whole}.${fraction}${exponent === 0 ? '' : `E${exponent}`}`
            const expected = exactNs(whole, fraction, exponent, scale)
            expect(parseDecimalTime(text, scale)?.timestampNs, `${text} ${unit}`).toBe(
              isNegative ? -expected : expected,
            )
          },
        ),
        { seed: 20_263, numRuns: 1000 },
      )
    }
  })

  it('round half to even and say so', () => {
    expect(parseDecimalTime('0.0000000005', 9)).toEqual({ timestampNs: 0n, isRounded: true })
    expect(parseDecimalTime('0.0000000015', 9)).toEqual({ timestampNs: 2n, isRounded: true })
    expect(parseDecimalTime('0.00000000050001', 9)).toEqual({ timestampNs: 1n, isRounded: true })
    expect(parseDecimalTime('3.446083327E-3', 9)).toEqual({ timestampNs: 3446083n, isRounded: true })
    expect(parseDecimalTime('3.446083000E-3', 9)).toEqual({ timestampNs: 3446083n, isRounded: false })
  })

  it('are refused outside 64 bits and when they are no numbers', () => {
    expect(parseDecimalTime('9223372036854775807', 0)?.timestampNs).toBe(2n ** 63n - 1n)
    expect(parseDecimalTime('-9223372036854775808', 0)?.timestampNs).toBe(-(2n ** 63n))
    for (const text of ['9223372036854775808', '1e99', '1e999999', '', '.', '-', 'NaN', '1 2', '0x1', '1e']) {
      expect(parseDecimalTime(text, 0), text).toBeUndefined()
    }
    expect(parseDecimalTime('0e999999', 9)?.timestampNs).toBe(0n)
    expect(parseDecimalTime('1e-999999', 9)).toEqual({ timestampNs: 0n, isRounded: true })
  })
})

describe('ISO date-times', () => {
  it('become Unix nanoseconds exactly', () => {
    expect(parseIsoTime('2016-11-24 13:58:58.081000')?.timestampNs).toBe(1_479_995_938_081_000_000n)
    expect(parseIsoTime('2016-11-24T13:58:58Z')).toEqual({
      timestampNs: 1_479_995_938_000_000_000n,
      isRounded: false,
      hasZone: true,
    })
    expect(parseIsoTime('2016-11-24T15:28:58.5+01:30')?.timestampNs).toBe(1_479_995_938_500_000_000n)
    expect(parseIsoTime('2016-11-24T08:58:58-0500')?.timestampNs).toBe(1_479_995_938_000_000_000n)
    expect(parseIsoTime('2016-11-24')?.timestampNs).toBe(1_479_945_600_000_000_000n)
    expect(parseIsoTime('2000-01-01T00:00:00.0000000015Z')).toMatchObject({
      timestampNs: 946_684_800_000_000_002n,
      isRounded: true,
    })
  })

  it('agree with Date on every day', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1700-01-01'), max: new Date('2260-01-01'), noInvalidDate: true }),
        (date) => {
          expect(parseIsoTime(date.toISOString())?.timestampNs).toBe(BigInt(date.getTime()) * 1_000_000n)
        },
      ),
      { seed: 20_264, numRuns: 2000 },
    )
  })

  it('are refused when a field is out of range', () => {
    const wrong = ['2015-02-29', '2016-13-01', '2016-00-01', '2016-01-00', '2016-01-01 24:00', '2016-01-01 00:60']
    for (const text of [
      ...wrong,
      '2016-01-01 00:00:60',
      '2016-01-01 00:00+24',
      '2016-1-1',
      '1500-01-01',
      '2300-01-01',
    ]) {
      expect(parseIsoTime(text), text).toBeUndefined()
    }
    expect(parseIsoTime('2016-02-29')).toBeDefined()
  })
})

describe('the unit of a time column', () => {
  const unit = (cells: string[], name?: string) => decideUnit(name, cells).unit

  it('is told by the name', () => {
    const names = {
      timestamp_ns: 'ns',
      'Time (s)': 's',
      timeMs: 'ms',
      t_us: 'us',
      seconds_elapsed: 's',
      'time [ms]': 'ms',
    }
    for (const [name, expected] of Object.entries(names)) expect(unit(['1', '2'], name), name).toBe(expected)
  })

  it('is told by the magnitude of Unix times', () => {
    expect(unit(['1764585664362463200'])).toBe('ns')
    expect(unit(['1764585664362463', '1764585664372463'])).toBe('us')
    expect(unit(['1764585664362', '1764585664372'])).toBe('ms')
    expect(unit(['1764585664', '1764585665'])).toBe('s')
    expect(unit(['1764585664.362', '1764585664.372'])).toBe('s')
  })

  it('is not mistaken for Unix milliseconds when nanoseconds since boot have 13 digits', () => {
    expect(unit(['1874368805293', '1874376168678', '1874386138105'])).toBe('ns')
  })

  it('is told by the median step', () => {
    expect(unit(['6', '1030', '1044', '1051'])).toBe('ms')
    expect(unit(['0', '10000', '20000'])).toBe('us')
    expect(unit(['584391996435789', '584392016146510'])).toBe('ns')
    expect(unit(['0', '0.0025', '0.005'])).toBe('s')
    expect(unit(['0.5', '10.5', '20.5'])).toBe('ms')
  })
})

describe('the time column', () => {
  it('need not be the first', async () => {
    const { plan, timestampsNs } = await importText('x,timestamp,label\n1,1657540253062,a\n2,1657540253072,a\n')
    expect(channelsOf(plan)).toBe('x:i32 label:enum')
    expect(timestampsNs).toEqual([1_657_540_253_062_000_000n, 1_657_540_253_072_000_000n])
    expect(plan.streams[0]!.descriptor.clock).toBe('unix')
    expect(plan.startedAtNs).toBe(timestampsNs[0])
    expect(plan.notes[0]).toBe("time column 'timestamp' read as ms (13 digits, Unix time)")
  })

  it('is the absolute one of two', async () => {
    const { plan } = await importText('seconds_elapsed,time,x\n0.1,1764585664362463200,1\n0.2,1764585664372417300,2\n')
    expect(channelsOf(plan)).toBe('seconds_elapsed:f32 x:i32')
  })

  it('is found by its values without header row', async () => {
    const { plan, timestampsNs } = await importText(
      '3,584391996435789,0.5\n3,584392016146510,0.4\n3,584392016146510,0.7\n',
    )
    expect(channelsOf(plan)).toBe('c1:i32 c3:f32')
    expect(plan.streams[0]!.descriptor.clock).toBe('relative')
    expect(plan.startedAtNs).toBeUndefined()
    expect(timestampsNs[0]).toBe(584_391_996_435_789n)
  })

  it('is the one asked for, by name or number', async () => {
    const text = 'a,b,x\n1,5,9\n2,6,9\n'
    for (const timeColumn of ['b', '2', 'B']) {
      const { plan, timestampsNs } = await importText(text, { timeColumn, timeUnit: 'us' })
      expect(channelsOf(plan)).toBe('a:i32 x:i32')
      expect(timestampsNs).toEqual([5000n, 6000n])
    }
  })

  it('keeps repeats and steps back', async () => {
    const { timestampsNs } = await importText('t_ms,x\n5,1\n5,1\n3,1\n9,1\n')
    expect(timestampsNs).toEqual([5_000_000n, 5_000_000n, 3_000_000n, 9_000_000n])
  })

  it('says what was rounded and which zone was assumed', async () => {
    const { plan } = await importText('t,x\n0.1234567891,1\n0.2,1\n0.30000000001,1\n')
    expect(plan.notes).toContain('2 timestamps carried fractions of a nanosecond and were rounded')
    const iso = await importText('datetime,x\n2016-11-24 13:58:58.081000,1\n2016-11-24 13:58:59,2\n')
    expect(iso.plan.notes).toContain("no time zone in 'datetime': read as UTC")
    expect(iso.timestampsNs[1]).toBe(1_479_995_939_000_000_000n)
  })
})
