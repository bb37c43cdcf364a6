import { encodeColumn } from '../kernels/reference/column.js'
import type { ColumnArray } from '../kernels/types.js'
import { encodeChunk, encodeFrame } from '../wire/index.js'
import type { Chunk, ColumnPiece, StreamPiece } from '../wire/model.js'
import { framesOf } from './stream-frames.js'

/** Frames of each stream that were taken out so far, by name. */
export type RemovedFrames = Map<string, number>

/**
 * A chunk without some of its frames. They are counted as lost, `redacted`, so that received = ingested + lost still
 * holds; `removed` carries that from chunk to chunk of a session.
 *
 * keeps: which frames of a stream stay, one byte each; undefined: all.
 */
export function withoutFrames(
  chunk: Chunk,
  keeps: (piece: StreamPiece) => Uint8Array | undefined,
  removed: RemovedFrames,
): Chunk {
  return { ...chunk, streams: chunk.streams.map((piece) => cutPiece(chunk, piece, keeps(piece), removed)) }
}

/** A chunk in its frame. */
export function frameOfChunk(chunk: Chunk): Uint8Array {
  return encodeFrame(chunk, encodeChunk(chunk))
}

function cutPiece(
  chunk: Chunk,
  piece: StreamPiece,
  keeps: Uint8Array | undefined,
  removed: RemovedFrames,
): StreamPiece {
  const { descriptor, frameCount, counts } = piece
  const removedBefore = removed.get(descriptor.name) ?? 0
  const kept = keeps ? keeps.reduce((sum, keep) => sum + keep, 0) : frameCount
  const removedNow = removedBefore + frameCount - kept
  removed.set(descriptor.name, removedNow)
  const cut = keeps && kept < frameCount ? keptColumns(chunk, piece, keeps, kept) : undefined
  const cutCounts = { ...counts, produced: counts.produced - removedNow }
  // frames of a grid were not received
  if (removedNow > 0 && descriptor.resampledHz === undefined) {
    cutCounts.ingested -= removedNow
    cutCounts.lost = { ...counts.lost, redacted: (counts.lost.redacted ?? 0) + removedNow }
  }
  return { ...piece, ...cut, firstFrame: piece.firstFrame - removedBefore, frameCount: kept, counts: cutCounts }
}

function keptColumns(
  chunk: Chunk,
  piece: StreamPiece,
  keeps: Uint8Array,
  kept: number,
): { time: Uint8Array; columns: ColumnPiece[] } {
  const { timestampsNs, channels } = framesOf(chunk, piece.descriptor.name)
  const rows = Array.from(keeps.keys()).filter((frame) => keeps[frame] === 1)
  const isThere = (validity: Uint8Array, frame: number) => (validity[frame >> 3]! >> (frame & 7)) & 1
  const columns = channels.map(({ values, validity }, c): ColumnPiece => {
    const { dictionary } = piece.columns[c]!
    if (kept === 0) return { column: new Uint8Array(0), dictionary }
    const present = validity ? rows.filter((frame) => isThere(validity, frame)) : rows
    const bitmap = validity && new Uint8Array((kept + 7) >> 3)
    if (bitmap) for (const [i, frame] of rows.entries()) bitmap[i >> 3]! |= isThere(validity, frame) << (i & 7)
    return { column: encodeColumn(picked(values, present)), validity: bitmap, dictionary }
  })
  const time = kept === 0 ? new Uint8Array(0) : encodeColumn(picked(timestampsNs, rows))
  return { time, columns }
}

/** Values of these frames, as bit patterns. */
function picked(values: ColumnArray, frames: readonly number[]): ColumnArray {
  const words = values.BYTES_PER_ELEMENT / 4
  const source = new Int32Array(values.buffer, values.byteOffset, values.length * words)
  const target = new Int32Array(frames.length * words)
  for (const [i, frame] of frames.entries()) {
    for (let word = 0; word < words; word++) target[i * words + word] = source[frame * words + word]!
  }
  return new (values.constructor as new (buffer: ArrayBuffer) => ColumnArray)(target.buffer)
}
