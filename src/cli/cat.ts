import { once } from 'node:events'
import { exportFrames } from '../export/index.js'
import type { Chunk } from '../read/index.js'
import { ChunkReader } from './chunk-reader.js'
import type { Command } from './command.js'
import { UsageError } from './failure.js'
import { openRecording } from './recording.js'
import { STORE_OPTION } from './store-option.js'

export const cat: Command = {
  name: 'cat',
  usage: 'PATH|ID [--store DIR] [--stream NAME] [--format csv|ndjson]',
  summary: 'prints frames, every value exactly as recorded',
  details: [
    'CSV: timestamp_ns, then the channels; absent is an empty cell. NDJSON: one object per frame with 64-bit integers as',
    'JSON integers, NaN and infinities as strings, absent left out; with several streams each says its "stream".',
  ].join('\n'),
  options: {
    store: STORE_OPTION,
    stream: { type: 'string', value: 'NAME', help: 'stream to print; CSV needs it when there are several' },
    format: { type: 'string', value: 'csv|ndjson', default: 'csv', help: 'csv (default) or ndjson' },
  },
  async run(args) {
    const format = args.text('format')
    if (format !== 'csv' && format !== 'ndjson')
      throw new UsageError(`--format expected csv or ndjson, got ${JSON.stringify(format)}`)
    const stream = args.text('stream')
    const recording = await openRecording(args)
    const reader = new ChunkReader(recording)
    const items = reader.items('printing', (chunk) => {
      if (format === 'csv' && stream === undefined) expectOneStream(chunk)
    })
    const streams = stream === undefined ? undefined : [stream]
    const pieces = exportFrames(items, { format, layout: 'stream', streams, kernels: recording.kernels })
    for await (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, 'drain')
    return reader.report('the whole frames have been printed')
  },
}

function expectOneStream({ streams }: Chunk): void {
  if (streams.length <= 1) return
  const names = streams.map(({ descriptor }) => descriptor.name).join(', ')
  throw new UsageError(`the session has ${streams.length} streams, choose one with --stream: ${names}`)
}
