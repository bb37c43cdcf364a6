import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitCells } from '../../src/cli/tabular/cells.js'
import { inspectFile, readFrames } from '../../src/cli/tabular/index.js'
import { channelsOf, fixture, framesByStream, importText, removeFixtures } from './tabular-fixture.js'

removeFixtures()

describe('tables', () => {
  const expected = { x: [1, 2], y: [0.5, -0.5] }

  it('are read with commas, semicolons and tabs', async () => {
    for (const delimiter of [',', ';', '\t']) {
      const { plan, values } = await importText(`t,x,y\n0,1,0.5\n1,2,-0.5\n`.replaceAll(',', delimiter))
      expect(plan).toMatchObject({ delimiter, format: delimiter === '\t' ? 'tsv' : 'csv', header: true, rows: 2 })
      expect(values).toEqual(expected)
    }
  })

  it('are unpacked by their content, whatever the name', async () => {
    const { plan, values } = await importText(gzipSync('t,x,y\n0,1,0.5\n1,2,-0.5\n'), {}, 'walk.txt')
    expect(values).toEqual(expected)
    expect(plan.streams[0]!.descriptor.name).toMatch(/^c\d+-walk$/)
  })

  it('may have a byte order mark, CRLF, comments, blank lines, blanks around cells and no last line end', async () => {
    const text = '\ufeff# made by hand\r\n%x\r\n// y\r\n\r\nt , x,  y \r\n 0,1 ,0.5\r\n   \r\n#0,9,9\r\n1, 2,-0.5'
    expect((await importText(text)).values).toEqual(expected)
  })

  it('may quote cells, line ends included', async () => {
    const { values } = await importText('t,"a ""b"", c",x\n0," one\ntwo",1\n1,"2\r\n3",2\n')
    expect(values).toEqual({ a_b_c: [' one\ntwo', '2\n3'], x: [1, 2] })
  })

  it('may not end with a carriage return alone', async () => {
    await expect(importText('t,x\r1,2\r2,3\r')).rejects.toThrow(/line 1: carriage return/)
    await expect(importText('t,x\n1,2\r2,3\n')).rejects.toThrow(/line 2: carriage return/)
  })

  it('need no header row', async () => {
    const { plan, values } = await importText('0,1,a\n10,2,a\n')
    expect(plan.header).toBe(false)
    expect(values).toEqual({ c2: [1, 2], c3: ['a', 'a'] })
    expect(plan.streams[0]!.descriptor.channels[0]).toEqual({ name: 'c2', type: 'i32' })
  })

  it('obey what is said about the header row', async () => {
    const { plan } = await importText('1,2\n3,4\n5,6\n', { header: true, timeColumn: '1', timeUnit: 's' })
    expect(plan.rows).toBe(2)
    expect(channelsOf(plan)).toBe('c2:i32')
    expect(plan.streams[0]!.descriptor.channels[0]!.originalName).toBe('2')
  })

  it('come back from any cells that are quoted', () => {
    const cell = fc.stringMatching(/^[a-c1 ,;"\n\t]{0,6}$/)
    fc.assert(
      fc.property(
        fc.array(cell, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(',', ';', '\t'),
        (cells, delimiter) => {
          const row = cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(delimiter)
          expect(splitCells(row, delimiter)).toEqual(cells)
          expect(splitCells(row.slice(0, -1), delimiter)).not.toEqual(cells)
        },
      ),
      { seed: 20_265, numRuns: 1000 },
    )
    expect(splitCells('a,5" b, "c" ', ',')).toEqual(['a', '5" b', 'c'])
    expect(splitCells('a,"b', ',')).toBeUndefined()
  })

  it('say which line has something behind a closing quote, or an open one', async () => {
    await expect(importText('t,x\n0,1\n1,"a"b\n')).rejects.toThrow(/line 3: .*closing quote/)
    await expect(importText('t,x\n0,1\n1,"a\nb\nc\n')).rejects.toThrow(/line 3: .*no closing quote/)
  })

  it('say that comments stand among the rows: a row may look like one', async () => {
    const { plan, values } = await importText('# a\ntag,t,x\n#1,0,1\nb,2,3\n\n#2,1,2\n"#3",3,4\n')
    expect(values).toEqual({ tag: ['b', '#3'], x: [3, 4] })
    expect(plan.notes.at(-1)).toBe('2 comment lines among the rows skipped, from line 3')
    expect((await importText('# a\nt,x\n0,1\n')).plan.notes).toHaveLength(1)
  })

  it('say from which line each frame is', async () => {
    const plan = await inspectFile(fixture('# a\nt,x\n0,"a\nb"\n\n1,b\n2,c\n'))
    const lines: number[] = []
    for await (const batch of readFrames(plan)) lines.push(...batch.lines)
    expect(lines).toEqual([3, 6, 7])
  })

  it('hand frames over in batches of up to 4096', async () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => `${i},${i / 2}`)
    const { timestampsNs, values, plan } = await importText(`t_ms,x\n${rows.join('\n')}\n`)
    expect(plan.rows).toBe(10_000)
    expect(timestampsNs[9999]).toBe(9_999_000_000n)
    expect(values.x!.every((value, i) => value === i / 2)).toBe(true)
  })
})

describe('names', () => {
  it('become valid, unique and keep their unit and their original', async () => {
    const header = ['t', 'X (m/s^2)', 'x y', 'x,y', 'B (µT)', 'a (G)', '2nd', 'g [g]', '__proto__', 'x y', 'ok_']
    const row = header.map((_, i) => i).join(',')
    const { plan } = await importText(`${header.map((name) => `"${name}"`).join(',')}\n${row}\n`)
    const { channels } = plan.streams[0]!.descriptor
    expect(channels.map(({ name, unit, originalName }) => [name, unit, originalName])).toEqual([
      ['X', 'm/s2', 'X (m/s^2)'],
      ['x_y', undefined, 'x y'],
      ['x_y_2', undefined, 'x,y'],
      ['B', 'uT', 'B (µT)'],
      ['a_G', undefined, 'a (G)'],
      ['c2nd', undefined, '2nd'],
      ['g', '[g]', 'g [g]'],
      ['proto', undefined, '__proto__'],
      ['x_y_3', undefined, 'x y'],
      ['ok_', undefined, undefined],
    ])
  })

  it('leave timestamp_ns to the time', async () => {
    const { plan, values } = await importText('time,timestamp_ns,x\n0,5,1\n1,6,2\n', { timeColumn: 'time' })
    expect(values).toEqual({ timestamp_ns_2: [5, 6], x: [1, 2] })
    expect(plan.streams[0]!.descriptor.channels[0]!.originalName).toBe('timestamp_ns')
  })

  it('of the stream come from the file or the caller', async () => {
    const path = fixture('t,x\n0,1\n', 'Walk #1.v2.csv')
    expect((await inspectFile(path)).streams[0]!.descriptor.name).toMatch(/^c\d+-Walk_1\.v2$/)
    expect((await inspectFile(path, { streamName: 'imu' })).streams[0]!.descriptor.name).toBe('imu')
    await expect(inspectFile(path, { streamName: '1 2' })).rejects.toThrow(RangeError)
  })
})

describe('interleaved streams', () => {
  const rows = ['1000,ACC,0.5,1,2', '1000,STEP,7', '1020,ACC,1.5,1,2', '1020,STEP,8', '990,ACC,2.5,1,2', '1040,STEP,9']

  it('are told apart by the column that decides the width', async () => {
    const plan = await inspectFile(fixture(`#\tx\n${rows.join('\n')}\n`.replaceAll(',', '\t')))
    expect(plan.streams.map(({ descriptor, rows }) => [descriptor.name, rows])).toEqual([
      ['ACC', 3],
      ['STEP', 3],
    ])
    expect([channelsOf(plan, 0), channelsOf(plan, 1)]).toEqual(['c3:f32 c4:i32 c5:i32', 'c3:i32'])
    const streams = await framesByStream(plan)
    expect(streams.get('ACC')).toEqual({
      timestampsNs: [1_000_000_000n, 1_020_000_000n, 990_000_000n],
      values: { c3: [0.5, 1.5, 2.5], c4: [1, 1, 1], c5: [2, 2, 2] },
    })
    expect(streams.get('STEP')!.values).toEqual({ c3: [7, 8, 9] })
  })

  it('are found when the first other width comes late', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `${i},ACC,${i},1`)
    const plan = await inspectFile(fixture([...many, '3000,END', '3001,END'].join('\n')))
    expect(plan.streams.map(({ descriptor }) => descriptor.name)).toEqual(['ACC'])
    expect(plan.notes.at(-1)).toBe('rows of "END" hold nothing besides the time and were left out: 2')
    expect((await framesByStream(plan)).get('ACC')!.timestampsNs).toHaveLength(3000)
  })

  it('are not seen in a file whose last row is cut off', async () => {
    const promise = inspectFile(fixture('t,label,x\n0,SEATED,1\n1,SEATED,2\n2,SEA'))
    await expect(promise).rejects.toMatchObject({ code: 'import-ragged' })
  })
})

describe('NDJSON', () => {
  it('keeps every digit, flattens objects and leaves null and missing keys absent', async () => {
    const lines = [
      '{"timestamp":1764585664362463200,"id":9223372036854775807,"p":{"x":1.5,"q":[1,{"a":2.50}]},"on":true}',
      '{"timestamp":1764585664372463200,"id":1,"p":{"x":null},"on":false,"late":"a"}',
    ]
    const { plan, timestampsNs, values } = await importText(`${lines.join('\n')}\n`, {}, 'a.ndjson')
    expect(timestampsNs).toEqual([1764585664362463200n, 1764585664372463200n])
    expect(channelsOf(plan)).toBe('id:i64 p.x:f32 p.q:enum on:enum late:enum')
    expect(values).toEqual({
      id: [9223372036854775807n, 1n],
      'p.x': [1.5, undefined],
      'p.q': ['[1,{"a":2.50}]', undefined],
      on: ['true', 'false'],
      late: [undefined, 'a'],
    })
    expect(plan.streams[0]!.descriptor.channels[3]!.values).toEqual(['false', 'true'])
  })

  it('reads NaN and infinities written as strings, and tells other strings from numbers', async () => {
    const lines = [
      '{"t":0,"x":1.5,"s":"7"}',
      '{"t":1,"x":"NaN","s":""}',
      '{"t":2,"x":"-Infinity","s":"7"}',
      '{"t":3,"s":""}',
    ]
    const { values } = await importText(lines.join('\n'))
    expect(values).toEqual({ x: [1.5, Number.NaN, -Infinity, undefined], s: ['7', '', '7', ''] })
  })

  it('is safe with keys that are special to objects', async () => {
    const { values } = await importText('{"t":0,"__proto__":{"x":1},"constructor":2}\n{"t":1,"toString":3}\n')
    expect(values).toEqual({ 'proto__.x': [1, undefined], constructor: [2, undefined], toString: [undefined, 3] })
    expect(({} as Record<string, unknown>).x).toBeUndefined()
  })
})

describe('the example recordings', () => {
  it.each(['gaze_200hz.csv', 'phone_6axis_100hz.csv', 'walk_accel_100hz.csv.gz'])(
    'are read whole: %s',
    async (name) => {
      const plan = await inspectFile(`examples/recordings/${name}`)
      const [frames] = [...(await framesByStream(plan)).values()]
      expect(frames!.timestampsNs).toHaveLength(plan.rows)
      if (name === 'gaze_200hz.csv') {
        const rows = readFileSync(`examples/recordings/${name}`, 'utf8').trim().split('\n').slice(1)
        expect(channelsOf(plan)).toBe('x_px:f32 y_px:f32')
        expect(frames!.timestampsNs.map(String)).toEqual(rows.map((row) => row.split(',')[0]))
        expect(frames!.values.x_px).toEqual(rows.map((row) => Math.fround(Number(row.split(',')[1]))))
      }
    },
  )
})
