import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKeptByF64, isPlainInteger, isShortestF32, numberOf } from '../../src/cli/tabular/number-cell.js'
import { channelsOf, importText, removeFixtures } from './tabular-fixture.js'

removeFixtures()

/** A table of one channel. */
const column = (cells: string[], header = 'x') => `t,${header}\n${cells.map((cell, i) => `${i},${cell}\n`).join('')}`
const typeOf = async (cells: string[]) => channelsOf((await importText(column(cells))).plan).slice(2)

describe('the type of a column', () => {
  it('is i32 for integers that fit', async () => {
    expect(await typeOf(['0', '-2147483648', '2147483647'])).toBe('i32')
  })

  it('is i64 for larger integers, every digit kept', async () => {
    const { plan, values } = await importText(column(['9223372036854775807', '-9223372036854775808', '1']))
    expect(channelsOf(plan)).toBe('x:i64')
    expect(values.x).toEqual([9223372036854775807n, -9223372036854775808n, 1n])
  })

  it('is f64 for integers beyond 64 bits', async () => {
    const { plan, values } = await importText(column(['9223372036854775808', '1']))
    expect(channelsOf(plan)).toBe('x:f64')
    expect(values.x).toEqual([2 ** 63, 1])
  })

  it('is text for integers that neither 64 bits nor a double keep', async () => {
    const { plan, values } = await importText(column(['12345678901234567891', '7', '12345678901234567000']))
    expect(channelsOf(plan)).toBe('x:text')
    expect(values.x).toEqual(['12345678901234567891', '7', '12345678901234567000'])
    expect(await typeOf(['7', '12345678901234567000'])).toBe('text')
    expect(plan.notes).toContain("integers of 'x' go beyond 64 bits: recorded as text")
    const told = await importText(column(['12345678901234567891', '7']), { types: { x: 'f64' } })
    expect(told.values.x).toEqual([Number('12345678901234567891'), 7])
    expect(told.plan.notes).toContain("1 cell of 'x' has more digits than a 64-bit float keeps")
  })

  it('is no integer type for leading zeros, plus signs and minus zero', async () => {
    for (const cell of ['007', '+5', '-0', '1.0']) expect(await typeOf(['1', cell])).toBe('f32')
  })

  it('keeps the sign of zero', async () => {
    const { values } = await importText(column(['1', '-0', '0.1']))
    expect(Object.is(values.x![1], -0)).toBe(true)
  })

  it('is f32 only when every cell is the shortest decimal of its float', async () => {
    expect(await typeOf(['0.1', '-2.548301', '1054.1562'])).toBe('f32')
    expect(await typeOf(['0.1', '0.10000000149011612'])).toBe('f64')
    expect(await typeOf(['0.1', '1054.1563'])).toBe('f64')
    expect(await typeOf(['0.5', '16777217'])).toBe('f64')
    expect(await typeOf(['0.5', '1e39'])).toBe('f64')
  })

  it('is the nearest double for more digits than one holds', async () => {
    const { values } = await importText(column(['0.1000000000000000055511151231257827', '3.141592653589793238']))
    expect(values.x).toEqual([0.1, Math.PI])
  })

  it('is told of when a double does not keep every digit', async () => {
    const notesOf = async (cells: string[]) => (await importText(column(cells))).plan.notes.slice(1)
    expect(await notesOf(['3.14159265358979323846', '1e999', '0.5', '1e-999'])).toEqual([
      "3 cells of 'x' have more digits than a 64-bit float keeps",
    ])
    expect(await notesOf(['9007199254740993', '0.5'])).toEqual([
      "1 cell of 'x' has more digits than a 64-bit float keeps",
    ])
    expect(await notesOf(['9007199254740993', '-9223372036854775808'])).toEqual([])
    expect(await notesOf(['0.1000000000000000055511151231257827', '5e-324', '-0.000', 'NaN', 'inf'])).toEqual([])
  })

  it('knows NaN and the infinities in number columns', async () => {
    const cells = ['NaN', 'nan', 'inf', '-Infinity', '+Inf', '1.5']
    const { values } = await importText(column(cells))
    expect(values.x).toEqual([Number.NaN, Number.NaN, Infinity, -Infinity, Infinity, 1.5])
  })

  it('leaves empty cells absent', async () => {
    const { plan, values } = await importText('t,x,y\n0,,1\n1,5,\n2,,3\n')
    expect(channelsOf(plan)).toBe('x:i32 y:i32')
    expect(values).toEqual({ x: [undefined, 5, undefined], y: [1, undefined, 3] })
  })

  it('is f64, all absent, for a column without values', async () => {
    const { plan, values } = await importText('t,x,y\n0,1,\n1,2,\n')
    expect(channelsOf(plan)).toBe('x:i32 y:f64')
    expect(values.y).toEqual([undefined, undefined])
  })

  it('is enum for few texts that repeat, values in order of appearance', async () => {
    const { plan, values } = await importText(column(['up', 'down', 'up', 'down']))
    expect(plan.streams[0]!.descriptor.channels).toEqual([{ name: 'x', type: 'enum', values: ['up', 'down'] }])
    expect(values.x).toEqual(['up', 'down', 'up', 'down'])
  })

  it('is text where values hardly repeat, are many, long or not in normal form', async () => {
    expect(await typeOf(['up', 'down', 'left'])).toBe('text')
    const many = Array.from({ length: 65 }, (_, i) => `v${i}`)
    expect(await typeOf([...many, ...many])).toBe('text')
    expect(await typeOf([...many.slice(1), ...many.slice(1)])).toBe('enum')
    expect(await typeOf(Array(4).fill('a'.repeat(501)))).toBe('text')
    expect(await typeOf(Array(4).fill('e\u0301'))).toBe('text')
  })

  it('is what is asked for', async () => {
    const types = { 'x (m)': 'text', y: 'f32', z: 'enum' } as const
    const { plan, values } = await importText('t,x (m),y,z\n0,1,0.3,a\n1,2.50,4,b\n', { types })
    expect(channelsOf(plan)).toBe('x:text y:f32 z:enum')
    expect(values).toEqual({ x: ['1', '2.50'], y: [Math.fround(0.3), 4], z: ['a', 'b'] })
  })
})

/** Shortest decimals by trying all digit counts. */
function shortestByForce(float: number): number[] {
  for (let digits = 1; digits <= 9; digits++) {
    const [mantissa, exponent] = float.toExponential(digits - 1).split('e') as [string, string]
    const unit = Number(mantissa.replace('.', ''))
    const hits = [unit - 1, unit, unit + 1]
      .map((n) => Number(`${n}e${Number(exponent) - digits + 1}`))
      .filter((decimal) => Math.fround(decimal) === float)
    if (hits.length > 0) {
      const distance = Math.min(...hits.map((hit) => Math.abs(hit - float)))
      return hits.filter((hit) => Math.abs(hit - float) === distance)
    }
  }
  throw new Error(`no decimal of 9 digits for ${float}`)
}

/** The decimal with the cell's count of digits nearest to the cell's double, as digits; by fractions of BigInt. */
function nearestDecimal(cell: string): string {
  const exponent = BigInt(cell.split('e')[1]!)
  const bits = new BigUint64Array(new Float64Array([Number(cell)]).buffer)[0]!
  let numerator = (bits & (2n ** 52n - 1n)) | (2n ** 52n)
  let denominator = 1n
  const power = (bits >> 52n) - 1075n
  if (power >= 0n) numerator *= 2n ** power
  else denominator *= 2n ** -power
  if (exponent >= 0n) denominator *= 10n ** exponent
  else numerator *= 10n ** -exponent
  return String((2n * numerator + denominator) / (2n * denominator))
}

describe('number cells', () => {
  it('are 32-bit floats where brute force says so', () => {
    const float = fc.float({ noNaN: true, noDefaultInfinity: true }).map(Math.abs)
    fc.assert(
      fc.property(float, fc.integer({ min: -2, max: 2 }), (value, nudge) => {
        const shortest = shortestByForce(value)
        expect(shortest.filter(isShortestF32)).toHaveLength(1)
        const other = value + nudge * value * 2 ** -40
        if (isShortestF32(other)) expect(shortest).toContain(other)
      }),
      { seed: 20_261, numRuns: 3000 },
    )
    // doubles of few digits lie near floats, all others hardly ever do
    const few = fc.tuple(fc.integer({ min: -99_999_999, max: 99_999_999 }), fc.integer({ min: -44, max: 30 }))
    fc.assert(
      fc.property(
        fc.oneof(
          few.map(([n, exponent]) => Number(`${n}e${exponent}`)),
          fc.float({ noNaN: true }),
        ),
        (value) => {
          const float = Math.fround(value)
          fc.pre(Number.isFinite(float))
          const hits = shortestByForce(Math.abs(float))
          if (isShortestF32(value)) expect(hits).toContain(Math.abs(value))
          else if (hits.length === 1) expect(hits).not.toContain(Math.abs(value))
        },
      ),
      { seed: 20_262, numRuns: 3000 },
    )
  })

  it('are kept by a double where fractions of BigInt say that its nearest decimal of as many digits is the cell', () => {
    const digits = fc.stringMatching(/^[1-9](\d{0,23}[1-9])?$/)
    fc.assert(
      fc.property(digits, fc.integer({ min: -30, max: 30 }), fc.boolean(), (text, exponent, isShort) => {
        const cell = isShort ? `${text.slice(0, 17)}e${exponent}` : `${text}e${exponent}`
        expect(isKeptByF64(cell, Number(cell)), cell).toBe(nearestDecimal(cell) === cell.replace(/e.*/, ''))
      }),
      { seed: 20_269, numRuns: 3000 },
    )
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => isKeptByF64(String(value), value)),
      { seed: 20_270, numRuns: 3000 },
    )
  })

  it('are told from other texts', () => {
    for (const text of ['0x10', '0b1', '0o7', '1_0', '1,5', '--1', 'e5', '.', '-', '1n', ' ']) {
      expect(numberOf(text), text).toBeUndefined()
    }
    for (const text of ['1', '-1.', '.5', '0e5', '1E-3', '+7', '00']) expect(numberOf(text), text).toBe(Number(text))
    expect(['0', '10', '-1', '-0', '01', '1.0', '', '-', '1e3'].map(isPlainInteger)).toEqual([
      ...[true, true, true],
      ...[false, false, false, false, false, false],
    ])
  })
})
