import { once } from 'node:events'
import { type Chunk, framesOf } from '../read/index.js'
import { ChunkSequence } from './chunk-sequence.js'
import type { Command } from './command.js'
import { UsageError } from './failure.js'
import { type RowWriter, rowWriterOf } from './frame-rows.js'
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
    const recording = await openRecording(args)
    const sequence = new ChunkSequence()
    const findings: string[] = []
    let isFinished = false
    let writer: RowWriter | undefined
    for await (const item of recording.items()) {
      if (item.kind === 'damage') {
        findings.push(`${item.error.message} (${item.byteLength} bytes skipped from byte ${item.offset})`)
        continue
      }
      const { chunk } = item
      isFinished ||= chunk.final
      const isRepeated = sequence.isRepeated(chunk)
      const oddity = sequence.next(chunk)
      // a hole beside damage is that damage
      if (oddity && findings.length === 0) findings.push(oddity)
      if (chunk.amendment || isRepeated) continue
      writer ??= rowWriterOf(format, chunk, chooseStream(chunk, args.text('stream'), format))
      for (const { descriptor } of chunk.streams) {
        if (!writer.wants(descriptor.name)) continue
        for (const text of writer.rows(descriptor.name, framesOf(chunk, descriptor.name))) await print(text)
      }
    }
    if (!isFinished) findings.push('the final chunk is missing: the session was cut short or is being recorded')
    if (findings.length === 0) return 0
    const printed = writer ? 'the whole frames have been printed' : 'there is no whole chunk in it'
    const more = findings.length > 1 ? `, and ${findings.length - 1} more findings (kymograph info lists them)` : ''
    process.stderr.write(`kymograph: ${recording.path}: ${findings[0]}${more}; ${printed}\n`)
    return 1
  },
}

function chooseStream(chunk: Chunk, wanted: string | undefined, format: string): string | undefined {
  const names = chunk.streams.map(({ descriptor }) => descriptor.name)
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted
    throw new UsageError(`no stream ${JSON.stringify(wanted)}; there are ${names.join(', ') || 'none'}`)
  }
  if (names.length > 1 && format === 'csv') {
    throw new UsageError(`the session has ${names.length} streams, choose one with --stream: ${names.join(', ')}`)
  }
  return names.length === 1 ? names[0] : undefined
}

/** Writes text, waiting when the reader is slow. */
async function print(text: string): Promise<void> {
  if (text.length > 0 && !process.stdout.write(text)) await once(process.stdout, 'drain')
}
