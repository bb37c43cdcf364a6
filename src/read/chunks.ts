import { KymographError } from '../errors.js'
import { crc32c as referenceCrc32c } from '../kernels/reference/crc32c.js'
import type { Kernels } from '../kernels/types.js'
import { CHUNK_MAX_BYTES } from '../limits.js'
import {
  type Crc32c,
  decodeChunk,
  decodeFrame,
  FRAME_HEADER_BYTES,
  frameByteLength,
  hasMagic,
  readFrameHeader,
} from '../wire/index.js'
import type { Chunk, FrameHeader } from '../wire/model.js'
import { type ByteSource, ByteWindow } from './byte-window.js'

/** Frames with a damaged payload that are searched for others inside, in any source. */
const DOUBTFUL_MAX_BYTES = 16 * CHUNK_MAX_BYTES

/** A whole chunk, or a stretch of bytes that is none. */
export type ReadItem =
  | {
      kind: 'chunk'
      chunk: Chunk
      header: FrameHeader
      /** The chunk in its frame, fresh. */
      bytes: Uint8Array
      /** Position of the frame in the source. */
      offset: number
    }
  | {
      kind: 'damage'
      /** Position and number of the bytes skipped. */
      offset: number
      byteLength: number
      /** What was wrong where the damage began. */
      error: KymographError
    }

export interface ReadOptions {
  /** Takes checksums with these kernels instead of the TypeScript reference. */
  kernels?: Pick<Kernels, 'crc32c'>
}

/**
 * Reads the chunks of a session file or byte stream, one after the other, and finds its way past damage: it looks for
 * the next frame whose header checksum holds and reports the bytes it skipped. Memory is bounded by the largest chunk.
 *
 * source: bytes of any split, borrowed while reading.
 *
 * Returns whole chunks and damage in the order of the source. Damaged bytes never throw; only the source itself can.
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
  const { kernels } = options
  const crc32c: Crc32c = kernels ? (bytes) => kernels.crc32c(bytes) : referenceCrc32c
  const window = new ByteWindow(source)
  const search = new FrameSearch(window, crc32c)
  let damage: { offset: number; error: KymographError } | undefined
  try {
    while (await window.fill(1)) {
      const frame = await readFrame(window, crc32c)
      if (frame instanceof KymographError) {
        damage ??= { offset: window.offset, error: frame }
        await search.next()
        continue
      }
      if (damage) {
        yield damageItem(damage, window.offset)
        damage = undefined
      }
      const { item, byteLength } = frame
      window.skip(byteLength)
      yield item
    }
    if (damage) yield damageItem(damage, window.offset)
  } finally {
    await window.close()
  }
}

/** The frame at the start of the window, or what is wrong with it; offsets in the error are those of the source. */
async function readFrame(
  window: ByteWindow,
  crc32c: Crc32c,
): Promise<{ item: ReadItem; byteLength: number } | KymographError> {
  try {
    await window.fill(FRAME_HEADER_BYTES)
    const byteLength = frameByteLength(readFrameHeader(window.bytes, 0, crc32c))
    await window.fill(byteLength)
    const bytes = window.bytes.slice(0, byteLength)
    const { header, payload } = decodeFrame(bytes, 0, crc32c)
    return { item: { kind: 'chunk', ...decodeItem(header, payload), header, bytes, offset: window.offset }, byteLength }
  } catch (error) {
    if (!(error instanceof KymographError)) throw error
    return new KymographError(error.code, error.message, { cause: error, offset: window.offset + (error.offset ?? 0) })
  }
}

function decodeItem(header: FrameHeader, payload: Uint8Array): { chunk: Chunk } {
  const chunk = decodeChunk(payload)
  for (const field of ['sessionId', 'epoch', 'seq', 'final', 'amendment'] as const) {
    if (chunk[field] !== header[field]) {
      throw new KymographError(
        'malformed',
        `frame and chunk disagree on ${field}: ${header[field]} and ${chunk[field]}`,
      )
    }
  }
  return { chunk }
}

/** Looks for the next frame behind damage. */
class FrameSearch {
  readonly #window: ByteWindow
  readonly #crc32c: Crc32c
  /** Bytes of frames with a sound header and a damaged payload, so far. */
  #doubtfulBytes = 0

  constructor(window: ByteWindow, crc32c: Crc32c) {
    this.#window = window
    this.#crc32c = crc32c
  }

  /** Moves on to where a frame may begin: behind the one here if its length can be trusted, else the next magic. */
  async next(): Promise<void> {
    const window = this.#window
    const frameEnd = await this.#trustedFrameEnd()
    window.skip(frameEnd ?? 1)
    if (frameEnd !== undefined) return
    while (await window.fill(4)) {
      const at = findMagicStart(window.bytes)
      window.skip(at)
      if (window.bytes.length < 4 && !(await window.fill(4))) break
      if (hasMagic(window.bytes, 0)) return
    }
    window.skip(window.bytes.length)
  }

  /** Length of the frame here when its header holds and another frame, or the end, follows it. */
  async #trustedFrameEnd(): Promise<number | undefined> {
    const window = this.#window
    let byteLength: number
    try {
      byteLength = frameByteLength(readFrameHeader(window.bytes, 0, this.#crc32c))
    } catch (error) {
      if (error instanceof KymographError) return undefined
      throw error
    }
    this.#doubtfulBytes += byteLength
    const isFollowed = (await window.fill(byteLength + 4)) && hasMagic(window.bytes, byteLength)
    if (isFollowed || window.bytes.length === byteLength) return byteLength
    // nested headers made to have every payload checked over and over: no longer looked into
    const isOverspent = this.#doubtfulBytes > DOUBTFUL_MAX_BYTES + 4 * window.offset
    return isOverspent ? Math.min(byteLength, window.bytes.length) : undefined
  }
}

/** Where the magic stands, or may begin in the last three bytes; the length when nowhere. */
function findMagicStart(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0x89); at >= 0; at = bytes.indexOf(0x89, at + 1)) {
    if (at + 4 > bytes.length || hasMagic(bytes, at)) return at
  }
  return bytes.length
}

function damageItem(damage: { offset: number; error: KymographError }, end: number): ReadItem {
  return { kind: 'damage', offset: damage.offset, byteLength: end - damage.offset, error: damage.error }
}
