import { once } from 'node:events'
import { exportFrames } from '../export/index.js'
import type { Chunk, ReadItem } from '../read/index.js'
import { ChunkReader } from './chunk-reader.js'
import type { Command } from './command.js'
import { UsageError } from './failure.js'
import { openRecording } from './recording.js'
import { STORE_OPTION } from './store-option.js'

type ChunkItem = ReadItem & { kind: 'chunk' }

export const cat: Command = {
  name: 'cat',
  usage: 'PATH|ID [--store DIR] [--stream NAME] [--session ID] [--format csv|ndjson]',
  summary: 'prints frames, every value exactly as recorded',
  details: [
    'CSV: timestamp_ns, then the channels; absent is an empty cell. NDJSON: one object per frame with 64-bit integers as',
    'JSON integers, NaN and infinities as strings, absent left out; with several streams each says its "stream".',
  ].join('\n'),
  options: {
    store: STORE_OPTION,
    stream: { type: 'string', value: 'NAME', help: 'stream to print; CSV needs it when there are several' },
    session: { type: 'string', value: 'ID', help: 'which session, where the file has several' },
    format: { type: 'string', value: 'csv|ndjson', default: 'csv', help: 'csv (default) or ndjson' },
  },
  async run(args) {
    const format = args.text('format')
    if (format !== 'csv' && format !== 'ndjson')
      throw new UsageError(`--format expected csv or ndjson, got ${JSON.stringify(format)}`)
    const [stream, sessionId] = [args.text('stream'), args.text('session')]
    const recording = await openRecording(args)
    const reader = new ChunkReader(recording)
    const all = reader.items('printing')
    const items = format === 'csv' && stream === undefined ? withOneStream(all, sessionId) : all
    const streams = stream === undefined ? undefined : [stream]
    const { kernels } = recording
    const pieces = exportFrames(items, { format, layout: 'stream', streams, sessionId, kernels })
    for await (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, 'drain')
    return reader.report('the whole frames have been printed')
  },
}

/** @throws UsageError when the session has several streams. */
async function* withOneStream(
  items: AsyncIterable<ChunkItem>,
  sessionId: string | undefined,
): AsyncGenerator<ChunkItem> {
  let isFirst = true
  for await (const item of items) {
    const { chunk } = item
    if (isFirst && !chunk.amendment && (sessionId ?? chunk.sessionId) === chunk.sessionId) {
      isFirst = false
      expectOneStream(chunk)
    }
    yield item
  }
}

function expectOneStream({ streams }: Chunk): void {
  if (streams.length <= 1) return
  const names = streams.map(({ descriptor }) => descriptor.name).join(', ')
  throw new UsageError(`the session has ${streams.length} streams, choose one with --stream: ${names}`)
}
