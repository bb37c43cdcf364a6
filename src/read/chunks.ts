import { KymographError } from '../errors.js'
import { decodeChunk, FRAME_HEADER_BYTES } from '../wire/index.js'
import type { Chunk, FrameHeader } from '../wire/model.js'
import { type ByteSource, ByteWindow } from './byte-window.js'
import { type DamageItem, type SoundFrame, scanFrames } from './frame-scan.js'
import { crc32cOf, type ReadOptions } from './frames.js'

/** A whole chunk, or a stretch of bytes that is none. */
export type ReadItem =
  | {
      kind: 'chunk'
      chunk: Chunk
      header: FrameHeader
      /** The chunk in its frame, fresh; the chunk's columns are views on it. */
      bytes: Uint8Array
      /** Position of the frame in the source. */
      offset: number
    }
  | DamageItem

/**
 * Reads the chunks of a session file or byte stream, one after the other, and finds its way past damage: it looks for
 * the next frame whose header checksum holds and reports the bytes it skipped. A source cut short ends with damage of
 * code `truncated`. Memory is bounded by the largest chunk.
 *
 * source: bytes of any split; each piece is borrowed until the next is asked for, at least.
 *
 * Returns whole chunks and damage in the order of the source, without a byte left out between them.
 *
 * @throws nothing for damaged bytes; TypeError when the source gives no bytes, and what the source itself throws.
 *
 * Source: docs/format.md, frame.
 *
 * @example
 * for await (const item of readChunks(bytes)) {
 *   if (item.kind === 'damage') console.warn(item.error.message)
 *   else console.log(item.chunk.seq, item.chunk.streams.length)
 * }
 */
export async function* readChunks(
  source: ByteSource,
  options: ReadOptions = {},
): AsyncGenerator<ReadItem, void, undefined> {
  const window = new ByteWindow(source)
  const scan = scanFrames(window, crc32cOf(options), chunkItem)
  try {
    for (let step = scan.next(); !step.done; ) {
      if (typeof step.value === 'number') {
        step = scan.next(await window.fill(step.value))
      } else {
        yield step.value
        step = scan.next(true)
      }
    }
  } finally {
    await window.close()
  }
}

function chunkItem({ header, payload, bytes, offset }: SoundFrame): ReadItem {
  // not slice(): that of a Node Buffer is a view
  const frame = new Uint8Array(bytes)
  return { kind: 'chunk', chunk: decodePayload(frame, header, payload.length), header, bytes: frame, offset }
}

/** Decodes the chunk in a frame and holds it against the header; offsets in errors are those in the frame. */
function decodePayload(frame: Uint8Array, header: FrameHeader, payloadByteLength: number): Chunk {
  let chunk: Chunk
  try {
    chunk = decodeChunk(frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + payloadByteLength))
  } catch (cause) {
    if (!(cause instanceof KymographError)) throw cause
    const offset = FRAME_HEADER_BYTES + (cause.offset ?? 0)
    throw new KymographError(cause.code, cause.message, { cause, offset })
  }
  for (const field of ['sessionId', 'epoch', 'seq', 'final', 'amendment'] as const) {
    if (chunk[field] !== header[field]) {
      const message = `frame and chunk disagree on ${field}: ${header[field]} and ${chunk[field]}`
      throw new KymographError('malformed', message, { offset: 0 })
    }
  }
  return chunk
}
