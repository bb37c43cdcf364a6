import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Progress } from '../../src/cli/format/progress.js'
import { formatBytes, formatDuration, formatRate, parseDuration } from '../../src/cli/format/quantity.js'
import { renderTable } from '../../src/cli/format/table.js'
import { splitCells } from '../../src/cli/tabular/cells.js'
import { csvRows, ndjsonRows } from '../../src/export/row-text.js'
import type { TablePart } from '../../src/export/table.js'
import { csvCell, formatF32, formatF64 } from '../../src/export/value-text.js'

const same = (a: number, b: number) => Object.is(a, b)

describe('values', () => {
  it('read back to the same bits as doubles', () => {
    fc.assert(
      fc.property(fc.double(), (value) => same(Number(formatF64(value)), value)),
      { seed: 20_266, numRuns: 3000 },
    )
    expect([-0, 0, Number.NaN, Infinity, 1e21].map(formatF64)).toEqual(['-0', '0', 'NaN', 'Infinity', '1e+21'])
  })

  it('read back to the same bits as 32-bit floats, with at most 9 digits', () => {
    const bits = new Uint32Array(1)
    const floats = new Float32Array(bits.buffer)
    const check = (pattern: number) => {
      bits[0] = pattern
      const float = floats[0]!
      const text = formatF32(float)
      expect(same(Math.fround(Number(text)), float), text).toBe(true)
      expect(
        text
          .replace(/e.*/, '')
          .replace(/\D/g, '')
          .replace(/^0+|0+$/g, '').length,
      ).toBeLessThanOrEqual(9)
    }
    for (let exponent = 0; exponent < 256; exponent++) for (const low of [0, 1, 0x7fffff]) check((exponent << 23) | low)
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffffffff }), check), { seed: 20_267, numRuns: 5000 })
    expect([0.1, 16777216, -0, 1054.15625, 2 ** -12, 1e-45].map((value) => formatF32(Math.fround(value)))).toEqual([
      '0.1',
      '16777216',
      '-0',
      '1054.1562',
      '0.00024414062',
      '1e-45',
    ])
  })

  it('are quoted in CSV where a reader would take them apart', () => {
    expect(['a', 'a,b', 'a"b', 'a\nb', ' a', '# a', ''].map(csvCell)).toEqual([
      'a',
      '"a,b"',
      '"a""b"',
      '"a\nb"',
      '" a"',
      '"# a"',
      '""',
    ])
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (cells) => {
        expect(splitCells(cells.map(csvCell).join(','), ',')).toEqual(cells)
      }),
      { seed: 20_268 },
    )
  })
})

describe('rows', () => {
  const validity = Uint8Array.of(0)
  const part = {
    rowCount: 1,
    columns: [
      { name: 'timestamp_ns', type: 'instant', values: BigInt64Array.of(1760838203683159380n) },
      { name: 'a', type: 'f64', values: Float64Array.of(-0) },
      { name: 'b', type: 'f64', values: Float64Array.of(0), validity },
      { name: 'c', type: 'i64', values: BigInt64Array.of(9007199254740993n) },
      { name: 'd', type: 'text', values: Int32Array.of(0), texts: ['a,"b'] },
      { name: 'e', type: 'f64', values: Float64Array.of(Number.NaN) },
      { name: 'f', type: 'f32', values: Float32Array.of(0.1) },
    ],
  } satisfies TablePart

  it('are CSV with empty cells for absent values', () => {
    expect([...csvRows(part)]).toEqual(['1760838203683159380,-0,,9007199254740993,"a,""b",NaN,0.1\n'])
  })

  it('are NDJSON with 64-bit integers as they are, NaN as text and absent values left out', () => {
    expect([...ndjsonRows(part)]).toEqual([
      '{"timestamp_ns":1760838203683159380,"a":-0,"c":9007199254740993,"d":"a,\\"b","e":"NaN","f":0.1}\n',
    ])
  })
})

describe('tables', () => {
  it('align texts to the left and numbers to the right', () => {
    expect(
      renderTable(
        ['stream', 'frames'],
        [
          ['imu', '12'],
          ['µ', '3,456'],
          ['x', ''],
        ],
      ),
    ).toBe('stream  frames\nimu         12\nµ        3,456\nx\n')
  })
})

describe('quantities', () => {
  it('are short', () => {
    expect([0, 999, 1000, 999_999, 12_345_678].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.00 kB',
      '1.00 MB',
      '12.3 MB',
    ])
    expect([0.5, 850, 15_200, 59_999, 125_000, 10_800_000, 187_200_000].map(formatDuration)).toEqual([
      '0.50 ms',
      '850 ms',
      '15.2 s',
      '1 min 00 s',
      '2 min 05 s',
      '3 h 00 min',
      '2 d 04 h',
    ])
    expect([0, 0.25, 100.68, 20_000, Number.NaN].map(formatRate)).toEqual(['–', '0.25 Hz', '100.7 Hz', '20.0 kHz', '–'])
  })

  it('are read as durations', () => {
    expect(['15s', '500ms', '2m', '1.5h', '250'].map(parseDuration)).toEqual([15_000, 500, 120_000, 5_400_000, 250])
    for (const text of ['', 's', '-1s', '1 week', '1e3']) expect(parseDuration(text), text).toBeNaN()
  })
})

describe('progress', () => {
  const run = (isTTY: boolean, lastMs: number) => {
    let nowMs = 0
    const written: string[] = []
    const progress = new Progress(
      'reading',
      'B',
      { isTTY, columns: 120, write: (text) => written.push(text) },
      () => nowMs,
    )
    for (; nowMs <= lastMs; nowMs += 50) progress.update(nowMs * 1000, 10_000_000)
    progress.end()
    return written
  }

  it('stays quiet for a second, and where there is no terminal', () => {
    expect(run(true, 950)).toEqual([])
    expect(run(false, 5000)).toEqual([])
  })

  it('shows amount, rate and time left, seldom, and clears itself', () => {
    const written = run(true, 2000)
    expect(written).toHaveLength(12)
    expect(written[0]).toContain('[##..................] 10%  1.00 MB of 10.0 MB  1.00 MB/s  9.00 s left')
    expect(written.at(-1)).toBe('\r\x1b[2K')
  })
})
