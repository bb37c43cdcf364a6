import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { expect } from 'vitest'
import type * as Entry from '../../src/index.js'
import type * as ReadEntry from '../../src/read/index.js'
import { decodeChunk, decodeFrame } from '../../src/wire/index.js'
import { createRecorder } from './node-recorder.js'

/** A table to record, row by row and as text: nanoseconds do not fit into JSON's numbers, nor does the value -0. */
export interface Table {
  stream: string
  type: 'f32' | 'f64'
  channels: string[]
  clock: 'unix' | 'relative'
  /** Null: the session has neither a journey nor labels. */
  journeyId: string | null
  times: string[]
  values: string[]
}

/** What became of one table; chunks in base64, so that a page can post them. */
export interface RecordedTable {
  id: string
  journeyId: string | null
  counts: { received: number; ingested: number; produced: number; lost: object }
  byLabel: string[]
  byJourney: string[]
  byBoth: string[]
  byOther: string[]
  frames: number
  differences: number
  chunks: string[]
}

export interface RecordingRun {
  capabilities: Entry.Capabilities
  /** From the call of createRecorder to its answer. */
  startMs: number
  tables: RecordedTable[]
}

type CreateRecorder = (options: never) => Promise<Entry.Recorder>
type Read = Pick<typeof ReadEntry, 'readChunks' | 'framesOf'>

/** Records every table and reads it back; runs in pages, as its own text, and in Node. Uses nothing from around it. */
export async function recordTables(
  create: CreateRecorder,
  read: Read,
  tables: Table[],
  options: object,
): Promise<RecordingRun> {
  // what pages before have recorded
  await new Promise<void>((resolve) => {
    const request = globalThis.indexedDB?.deleteDatabase('kymograph')
    if (request) request.onsuccess = request.onerror = () => resolve()
    else resolve()
  })
  const startedMs = performance.now()
  const recorder = await create(options as never)
  const startMs = performance.now() - startedMs
  const { capabilities } = recorder
  const recorded: RecordedTable[] = []
  for (const { stream, type, channels, clock, journeyId, times: texts, values: decimals } of tables) {
    const times = BigInt64Array.from(texts, BigInt)
    const values = type === 'f32' ? Float32Array.from(decimals, Number) : Float64Array.from(decimals, Number)
    const width = channels.length
    const session = await recorder.createSession({
      ...(journeyId === null ? {} : { journeyId, labels: ['login', stream] }),
      autoMetadata: false,
      importedStartNs: clock === 'unix' ? times[0] : 0n,
      chunk: { maxMs: 60_000, maxBytes: 16_384 },
      streams: {
        [stream]: { channels: channels.map((name) => ({ name, type })), clock, overflow: 'wait' },
      },
    })
    const writer = session.stream(stream)
    for (let at = 0; at < times.length; ) {
      const end = Math.min(at + 333, times.length)
      at += writer.write(times.subarray(at, end), values.subarray(width * at, width * end))
      if (at < end) await writer.ready
    }
    const summary = await session.stop()
    const idsOf = async (lookup: object) => (await recorder.sessions.page(lookup)).sessions.map(({ id }) => id)
    let frames = 0
    let differences = 0
    const chunks: string[] = []
    for await (const { bytes } of recorder.sessions.chunks(session.id)) {
      chunks.push(btoa(String.fromCharCode(...bytes)))
      for await (const item of read.readChunks(bytes)) {
        if (item.kind !== 'chunk') throw item.error
        const found = read.framesOf(item.chunk, stream)
        for (let i = 0; i < found.timestampsNs.length; i++, frames++) {
          if (found.timestampsNs[i] !== times[frames]) differences += 1
          for (let c = 0; c < width; c++) {
            if (!Object.is(found.channels[c]!.values[i], values[width * frames + c])) differences += 1
          }
        }
      }
    }
    const { received, ingested, produced, lost } = summary.streams[stream]!
    recorded.push({
      id: summary.id,
      journeyId: session.journeyId ?? null,
      counts: { received, ingested, produced, lost },
      byLabel: await idsOf({ labels: [stream] }),
      byJourney: await idsOf({ journeyId: 'checkout-7f3a' }),
      byBoth: await idsOf({ clientSessionGroupId: 'checkout-7f3a', labels: ['gaze', 'login'], labelsMode: 'all' }),
      byOther: await idsOf({ labels: ['logout'] }),
      frames,
      differences,
      chunks,
    })
  }
  await recorder.dispose()
  return { capabilities, startMs, tables: recorded }
}

/** Two real recordings: gaze as f32 in a journey, and an accelerometer's long decimals as f64, not labelled. */
export async function readTables(): Promise<Table[]> {
  const rowsOf = (csv: string) =>
    csv
      .trim()
      .split(/\r?\n/)
      .slice(1)
      .map((line) => line.split(','))
  const gaze = rowsOf(await readFile('examples/recordings/gaze_200hz.csv', 'utf8'))
  const packed = await readFile('examples/recordings/walk_accel_100hz.csv.gz')
  const walk = rowsOf(String(await promisify(gunzip)(packed))).slice(0, 2000)
  return [
    {
      stream: 'gaze',
      type: 'f32',
      channels: ['x', 'y'],
      clock: 'unix',
      journeyId: 'checkout-7f3a',
      times: gaze.map(([time]) => time!),
      values: gaze.flatMap(([, x, y]) => [x!, y!]),
    },
    {
      stream: 'walk',
      type: 'f64',
      channels: ['x', 'y', 'z'],
      clock: 'relative',
      journeyId: null,
      times: walk.map(([seconds]) => String(Math.round(Number(seconds) * 1e9))),
      values: walk.flatMap((row) => row.slice(1, 4)),
    },
  ]
}

/** The same in Node. */
export async function recordTablesInNode(tables: Table[], options: object): Promise<RecordingRun> {
  const read = await import('../../src/read/index.js')
  return recordTables(createRecorder as CreateRecorder, read, tables, { store: 'memory', ...options })
}

/** A page's module that records the tables at `/tables.json` and posts what became of them, or the error. */
export function recordingModule(id: string, options: object, afterwards = ''): string {
  return `import { createRecorder } from '/dist/index.js'
import * as read from '/dist/read.js'
const recordTables = ${recordTables.toString()}
let result
try {
  const tables = await (await fetch('/tables.json')).json()
  result = await recordTables(createRecorder, read, tables, ${JSON.stringify(options)})
} catch (error) {
  result = { error: String(error) + ' ' + error?.stack }
}
${afterwards}
await fetch('/result/${id}', { method: 'POST', body: JSON.stringify(result) })
`
}

/** Chunks as they were recorded, without what differs from one recording to the next: ids and clocks. */
export function chunksOf(run: RecordingRun): object[][] {
  return run.tables.map(({ chunks }) =>
    chunks.map((chunk) => {
      const {
        sessionId: _id,
        clocks: _clocks,
        ...rest
      } = decodeChunk(decodeFrame(Buffer.from(chunk, 'base64')).payload)
      return withBytesAsText(rest) as object
    }),
  )
}

/** Differences of long arrays of bytes take a test runner most of a minute to show. */
function withBytesAsText(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return value.map(withBytesAsText)
  if (typeof value !== 'object' || value === null || value instanceof Map) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withBytesAsText(inner)]))
}

/** @throws when a frame is missing or differs, or a lookup finds something else. */
export function expectRecorded(run: RecordingRun, tables: Table[]): void {
  const journey = run.tables[0]!.id
  for (const [index, table] of run.tables.entries()) {
    const { journeyId, times } = tables[index]!
    const frames = times.length
    expect(table).toMatchObject({
      journeyId,
      counts: { received: frames, ingested: frames, produced: frames, lost: {} },
      byLabel: journeyId === null ? [] : [table.id],
      byJourney: [journey],
      byBoth: [journey],
      byOther: [],
      frames,
      differences: 0,
    })
  }
}
