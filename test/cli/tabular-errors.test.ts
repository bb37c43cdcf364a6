import { mkdirSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type ImportOptions, inspectFile, readFrames } from '../../src/cli/tabular/index.js'
import { fixture, removeFixtures } from './tabular-fixture.js'

removeFixtures()

const cases: [title: string, content: string | Uint8Array, code: string, says: RegExp, options?: ImportOptions][] = [
  ['an empty file', '', 'import-empty', /is empty/],
  ['an empty gzip file', gzipSync(''), 'import-empty', /is empty/],
  ['only a header row', 't,x\n', 'import-empty', /only a header row/],
  ['only comments', '# a\n\n% b\n', 'import-empty', /no rows of data/],
  ['no channel', 't\n0\n1\n', 'import-empty', /no column besides the time/],
  ['a cut gzip file', gzipSync(`t,x\n${'0,1\n'.repeat(9000)}`).subarray(0, 60), 'import-unreadable', /cut off/],
  [
    'a damaged gzip file',
    Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 0xff),
    'import-unreadable',
    /damaged/,
  ],
  ['a binary file', Uint8Array.of(65, 0, 66), 'import-unreadable', /not text/],
  ['UTF-16', Uint8Array.of(0xff, 0xfe, 65, 0), 'import-unreadable', /UTF-16/],
  ['Latin-1', Uint8Array.of(116, 44, 0xb5, 84, 10, 48, 44, 49, 10), 'import-unreadable', /UTF-8.*iconv/],
  ['a JSON array', '[{"t":1,"x":2}]', 'import-unreadable', /JSON array/],
  ['a ragged row', 't,x\n0,1\n#\n1,2,3\n', 'import-ragged', /line 4: expected 2 cells as in the header row, found 3/],
  ['a short row', '0,1,5\n1,2\n', 'import-ragged', /line 2: expected 3 cells as in line 1, found 2/],
  [
    'text in a number column',
    't,x y\n0,1\n1,abc\n',
    'import-value',
    /line 3, column "x y": expected a number, got "abc".*--type x_y=text/,
  ],
  ['a text value too long', `t,x\n0,a${'b'.repeat(4096)}\n`, 'import-value', /4096/],
  ['an open quote', 't,x\n0,"a\n1,b\n', 'import-value', /line 2: a quoted cell has no closing quote/],
  ['a bad JSON line', '{"t":0,"x":1}\n{"t":1,"x":}\n', 'import-value', /line 2: expected one JSON object/],
  [
    'a key both nested and dotted',
    '{"t":0,"a":{"b":1},"a.b":2}\n',
    'import-value',
    /line 1: expected each key once, "a\.b"/,
  ],
  ['a JSON line that is no object', '{"t":0,"x":1}\n7\n', 'import-value', /line 2.*no object/],
  ['a number among booleans', '{"t":0,"x":true}\n{"t":1,"x":1}\n', 'import-value', /line 2, column "x"/],
  ['a lone surrogate', '{"t":0,"x":"\\ud800"}\n', 'import-value', /well-formed/],
  ['65 channels', `t${',x'.repeat(65)}\n0${',1'.repeat(65)}\n`, 'import-value', /at most 64 channels/],
  [
    '65 JSON keys',
    JSON.stringify(Object.fromEntries(Array.from({ length: 66 }, (_, i) => [`k${i}`, i]))),
    'import-value',
    /at most 64/,
  ],
  ['an integer too large for its type', 't,x\n0,3000000000\n', 'import-value', /32 bits/, { types: { x: 'i32' } }],
  [
    'too many values of an enum',
    `t,x\n${Array.from({ length: 257 }, (_, i) => `${i},v${i}\n`).join('')}`,
    'import-value',
    /256/,
    { types: { x: 'enum' } },
  ],
  ['no time column', 'a,b\n1,2\n3,4\n', 'import-time', /among 1 "a", 2 "b"; name it with --time COLUMN/],
  ['no column that advances', '5,a\n4,b\n3,c\n', 'import-time', /no time column/],
  ['an unknown time column', 't,x\n0,1\n', 'import-time', /no column "tt"/, { timeColumn: 'tt' }],
  ['an empty time', 't,x\n0,1\n,2\n', 'import-time', /line 3, column "t": expected a time, got ""/],
  ['a time that is none', 'timestamp,x\nSun Sep 25,1\n', 'import-time', /line 2.*ISO date-time.*"Sun Sep 25"/],
  ['a time missing in JSON', '{"t":0,"x":1}\n{"x":1}\n', 'import-time', /line 2, column "t"/],
  ['a time beyond 64 bits', 't_s,x\n0,1\n9223372037,2\n', 'import-time', /line 3.*64 bits/],
  ['a date that is none', 'date,x\n2016-02-29,1\n2015-02-29,2\n', 'import-time', /line 3.*"2015-02-29"/],
]

describe('a file that cannot be imported', () => {
  it.each(cases)('says what, where and what helps: %s', async (_, content, code, says, options) => {
    const path = fixture(content)
    const error = await inspectFile(path, options).catch((cause: unknown) => cause)
    expect(error).toMatchObject({ name: 'KymographError', code, message: expect.stringMatching(says) })
    const { message } = error as Error
    expect(message).toContain(path)
    expect(message).not.toContain('\n')
  })

  it('may be missing or a directory', async () => {
    const path = fixture('')
    await expect(inspectFile(`${path}.missing`)).rejects.toMatchObject({
      code: 'import-unreadable',
      message: /no such file/,
    })
    mkdirSync(`${path}.d`)
    await expect(inspectFile(`${path}.d`)).rejects.toMatchObject({ code: 'import-unreadable', message: /a directory/ })
  })

  it('may change between the passes', async () => {
    const path = fixture('t,x\n0,1\n1,2\n')
    const plan = await inspectFile(path)
    writeFileSync(path, 't,x\n0,1\n')
    const read = async () => {
      for await (const _ of readFrames(plan));
    }
    await expect(read()).rejects.toMatchObject({ code: 'import-unreadable', message: /changed/ })
    writeFileSync(path, 't,x\n0,1\n1,no\n')
    await expect(read()).rejects.toMatchObject({ code: 'import-value' })
  })
})

describe('options', () => {
  it('with unknown values are range errors', async () => {
    const path = fixture('t,x\n0,1\n')
    await expect(inspectFile(path, { timeUnit: 'min' as 's' })).rejects.toThrow(RangeError)
    await expect(inspectFile(path, { types: { y: 'f64' } })).rejects.toThrow(/names no channel "y"; there are x/)
  })

  it('report how much has been read', async () => {
    const path = fixture('t,x\n0,1\n')
    const seen: [number, number][] = []
    await inspectFile(path, { onProgress: (read, total) => seen.push([read, total]) })
    expect(seen.at(-1)).toEqual([8, 8])
  })
})
