import { encodeColumn } from '../../src/kernels/reference/column.js'
import type { ColumnArray } from '../../src/kernels/types.js'
import type { ChannelDescriptor, Chunk, ColumnPiece, StreamDescriptor, StreamPiece } from '../../src/wire/model.js'
import { SESSION_ID } from './sample-chunks.js'

export type Cell = number | bigint | string | undefined

export interface StreamSpec extends Omit<StreamDescriptor, 'channels'> {
  channels: (ChannelDescriptor & {
    /** One per frame, undefined where absent; of `enum` and `text` the texts themselves. */
    cells: readonly Cell[] | ColumnArray
  })[]
  times: readonly bigint[]
  firstFrame?: number
  /** What differs from a stream all of whose frames came and were kept. */
  changes?: Partial<StreamPiece>
}

/** A chunk with these streams; all else as `changes` has it, or nothing out of the ordinary. */
export function buildChunk(streams: readonly StreamSpec[], changes: Partial<Chunk> = {}): Chunk {
  return {
    sessionId: SESSION_ID,
    epoch: 0,
    seq: 0,
    final: true,
    amendment: false,
    labels: [],
    labelsRevision: 0,
    metadata: new Map(),
    startedAtNs: 1_763_800_000_000_000_000n,
    endedAtNs: 1_763_800_002_000_000_000n,
    clocks: [{ monotonicNs: 2_001_000_000n, wallNs: 1_763_800_002_000_000_000n }],
    streams: streams.map(pieceOf),
    marks: [],
    ...changes,
  }
}

function pieceOf({ channels, times, firstFrame = 0, changes, ...descriptor }: StreamSpec): StreamPiece {
  const frameCount = times.length
  const produced = firstFrame + frameCount
  return {
    descriptor: { ...descriptor, channels: channels.map(({ cells: _, ...channel }) => channel) },
    firstFrame,
    frameCount,
    time: frameCount === 0 ? new Uint8Array(0) : encodeColumn(BigInt64Array.from(times)),
    columns: channels.map((channel) => columnOf(channel, frameCount)),
    counts: {
      received: produced,
      ingested: produced,
      produced,
      lost: {},
      invalidValues: 0,
      repeatedTimestamps: 0,
      backwardTimestamps: 0,
      gaps: 0,
      bytes: 0,
    },
    gaps: [],
    effectiveRateHz: 0,
    ...changes,
  }
}

function columnOf({ cells, type, values = [] }: StreamSpec['channels'][number], frameCount: number): ColumnPiece {
  const piece: ColumnPiece = { column: new Uint8Array(0) }
  if (type === 'text') piece.dictionary = []
  if (frameCount === 0) return piece
  if (ArrayBuffer.isView(cells)) return { ...piece, column: encodeColumn(cells) }
  const present = cells.filter((cell) => cell !== undefined)
  if (present.length < frameCount) {
    piece.validity = new Uint8Array((frameCount + 7) >> 3)
    cells.forEach((cell, i) => {
      if (cell !== undefined) piece.validity![i >> 3]! |= 1 << (i & 7)
    })
  }
  if (type === 'text') piece.dictionary = [...new Set(present as string[])]
  const texts = type === 'text' ? piece.dictionary : type === 'enum' ? values : undefined
  piece.column = encodeColumn(arrayOf(type, texts ? present.map((text) => texts.indexOf(text as string)) : present))
  return piece
}

function arrayOf(type: ChannelDescriptor['type'], cells: Cell[]): ColumnArray {
  if (type === 'f64') return Float64Array.from(cells as number[])
  if (type === 'f32') return Float32Array.from(cells as number[])
  return type === 'i64' ? BigInt64Array.from(cells as bigint[]) : Int32Array.from(cells as number[])
}
