import { KymographError } from '../errors.js'
import { CHUNK_MAX_BYTES } from '../limits.js'
import {
  type Crc32c,
  decodeFrame,
  FRAME_HEADER_BYTES,
  frameByteLength,
  hasMagic,
  isSoundHeader,
  readFrameHeader,
} from '../wire/index.js'
import type { FrameHeader } from '../wire/model.js'

/** Frames with a damaged payload that are searched for others inside, in any source. */
const DOUBTFUL_MAX_BYTES = 16 * CHUNK_MAX_BYTES

/** A stretch of bytes that is no frame. */
export interface DamageItem {
  kind: 'damage'
  /** Position and number of the bytes skipped. */
  offset: number
  byteLength: number
  /** What was wrong where the damage began; its offset is a position in the source. */
  error: KymographError
}

/** A frame whose checksums hold. */
export interface SoundFrame {
  header: FrameHeader
  /** The chunk's FlatBuffer. A view on `bytes`. */
  payload: Uint8Array
  /** The whole frame, padding included. A view on the window. */
  bytes: Uint8Array
  /** Position of the frame in the source. */
  offset: number
}

/** The part of a source a scan looks at. */
export interface ScanWindow {
  readonly bytes: Uint8Array
  /** Position of the window's first byte in the source. */
  readonly offset: number
  skip(byteLength: number): void
}

/**
 * Walks frames and finds the way past damage, over bytes that come at once or piece by piece.
 *
 * Yields items, and numbers: the bytes the window should hold before it goes on. It is to be answered whether the
 * window does; false means the source has ended.
 *
 * accept: makes an item of a frame, or throws a KymographError with an offset in the frame: then it is damage.
 */
export function* scanFrames<Item>(
  window: ScanWindow,
  crc32c: Crc32c,
  accept: (frame: SoundFrame) => Item,
): Generator<number | Item | DamageItem, void, boolean> {
  const search = new FrameSearch(window, crc32c)
  let damage: { offset: number; error: KymographError } | undefined
  while (yield 1) {
    const frame = yield* frameHere(window, crc32c, accept)
    if (frame instanceof KymographError) {
      damage ??= { offset: window.offset, error: frame }
      yield* search.next()
      continue
    }
    if (damage) yield damageItem(damage, window.offset)
    damage = undefined
    window.skip(frame.byteLength)
    yield frame.item
  }
  if (damage) yield damageItem(damage, window.offset)
}

/** The frame at the start of the window, or what is wrong with it. */
function* frameHere<Item>(
  window: ScanWindow,
  crc32c: Crc32c,
  accept: (frame: SoundFrame) => Item,
): Generator<number, { item: Item; byteLength: number } | KymographError, boolean> {
  try {
    yield FRAME_HEADER_BYTES
    const byteLength = frameByteLength(readFrameHeader(window.bytes, 0, crc32c))
    yield byteLength
    const bytes = window.bytes.subarray(0, byteLength)
    const item = accept({ ...decodeFrame(bytes, 0, crc32c), bytes, offset: window.offset })
    return { item, byteLength }
  } catch (error) {
    if (!(error instanceof KymographError)) throw error
    return new KymographError(error.code, error.message, { cause: error, offset: window.offset + (error.offset ?? 0) })
  }
}

/** Looks for the next frame behind damage. */
class FrameSearch {
  readonly #window: ScanWindow
  readonly #crc32c: Crc32c
  /** Bytes of frames with a sound header and a damaged payload, so far. */
  #doubtfulBytes = 0

  constructor(window: ScanWindow, crc32c: Crc32c) {
    this.#window = window
    this.#crc32c = crc32c
  }

  /** Moves on to where a frame may begin: behind the one here if its length can be trusted, else the next sound header. */
  *next(): Generator<number, void, boolean> {
    const window = this.#window
    const frameEnd = yield* this.#trustedFrameEnd()
    window.skip(frameEnd ?? 1)
    if (frameEnd !== undefined) return
    while (yield 4) {
      window.skip(magicStart(window.bytes))
      if (!(yield FRAME_HEADER_BYTES)) break
      if (isSoundHeader(window.bytes, 0, this.#crc32c)) return
      window.skip(1)
    }
    window.skip(window.bytes.length)
  }

  /** Length of the frame here when its header holds and another frame, or the end, follows it. */
  *#trustedFrameEnd(): Generator<number, number | undefined, boolean> {
    const window = this.#window
    let byteLength: number
    try {
      byteLength = frameByteLength(readFrameHeader(window.bytes, 0, this.#crc32c))
    } catch (error) {
      if (error instanceof KymographError) return undefined
      throw error
    }
    this.#doubtfulBytes += byteLength
    const isFollowed = (yield byteLength + 4) && hasMagic(window.bytes, byteLength)
    if (isFollowed || window.bytes.length === byteLength) return byteLength
    // nested headers made to have every payload checked over and over: no longer looked into
    const isOverspent = this.#doubtfulBytes > DOUBTFUL_MAX_BYTES + 4 * window.offset
    return isOverspent ? Math.min(byteLength, window.bytes.length) : undefined
  }
}

/** Where the magic stands, or may begin in the last three bytes; the length when nowhere. */
function magicStart(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(0x89); at >= 0; at = bytes.indexOf(0x89, at + 1)) {
    if (at + 4 > bytes.length || hasMagic(bytes, at)) return at
  }
  return bytes.length
}

function damageItem(damage: { offset: number; error: KymographError }, end: number): DamageItem {
  return { kind: 'damage', offset: damage.offset, byteLength: end - damage.offset, error: damage.error }
}
