import type { ChannelFrames, Chunk, StreamFrames } from '../read/index.js'
import { type CellValue, csvRow, ndjsonRow } from './format/rows.js'

/** Prints decoded frames of a session as text, one row each. */
export interface RowWriter {
  /** Whether frames of this stream are printed. */
  wants(streamName: string): boolean
  /** Text of many rows at a time: a chunk can hold more than one string can. */
  rows(streamName: string, frames: StreamFrames): Iterable<string>
}

/** A writer for one stream, or for all where `streamName` is undefined: then each row says its stream (NDJSON only). */
export function rowWriterOf(format: 'csv' | 'ndjson', chunk: Chunk, streamName: string | undefined): RowWriter {
  const wants = (name: string) => streamName === undefined || name === streamName
  if (format === 'ndjson') {
    const tag = (name: string) => (streamName === undefined ? `"stream":${JSON.stringify(name)},` : '')
    return {
      wants,
      rows: (name, frames) => {
        const names = frames.channels.map(({ descriptor }) => descriptor.name)
        return rowsOf(frames, (timestampNs, cells, types) => {
          const row = ndjsonRow(timestampNs, names, cells, types)
          return `{${tag(name)}${row.slice(1)}`
        })
      },
    }
  }
  const channels = chunk.streams.find(({ descriptor }) => wants(descriptor.name))?.descriptor.channels ?? []
  let header = ['timestamp_ns', ...channels.map(({ name }) => name)].join(',')
  header += '\n'
  return {
    wants,
    *rows(_name, frames) {
      yield header
      header = ''
      yield* rowsOf(frames, csvRow)
    },
  }
}

type FormatRow = (timestampNs: bigint, cells: CellValue[], types: ChannelFrames['descriptor']['type'][]) => string

const PIECE_LENGTH = 65_536

function* rowsOf({ timestampsNs, channels }: StreamFrames, format: FormatRow): Generator<string> {
  const types = channels.map(({ descriptor }) => descriptor.type)
  const cells: CellValue[] = new Array(channels.length)
  let text = ''
  for (let frame = 0; frame < timestampsNs.length; frame++) {
    for (let c = 0; c < channels.length; c++) cells[c] = cellOf(channels[c]!, frame)
    text += format(timestampsNs[frame]!, cells, types)
    if (text.length < PIECE_LENGTH) continue
    yield text
    text = ''
  }
  yield text
}

function cellOf({ descriptor, values, validity, dictionary }: ChannelFrames, frame: number): CellValue {
  if (validity && !((validity[frame >> 3]! >> (frame & 7)) & 1)) return undefined
  const value = values[frame]!
  if (descriptor.type === 'enum') return descriptor.values?.[Number(value)]
  return descriptor.type === 'text' ? dictionary?.[Number(value)] : value
}
