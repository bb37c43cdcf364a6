import { closeSync, createReadStream, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { KymographError } from '../errors.js'
import { readChunks } from '../read/index.js'
import { recordWith, type SessionRecord } from '../store/record.js'
import { decodeChunk, decodeFrame, FRAME_HEADER_BYTES, frameByteLength, readFrameHeader } from '../wire/index.js'
import type { Chunk, FrameHeader } from '../wire/model.js'

export interface FramePlace {
  offset: number
  byteLength: number
  header: FrameHeader
}

/** What a session's file holds. */
export interface ScannedFile {
  /** Whole chunks, in the order of the file. */
  places: FramePlace[]
  /** The session as its chunks describe it, `recording` without a final one; undefined without a whole chunk. */
  record: SessionRecord | undefined
  byteLength: number
  /** Where a chunk that was cut short begins at the end; else the length. */
  wholeByteLength: number
  isDamaged: boolean
  /** Changes when the file does. */
  version: string
}

/** Bytes read at once, so that a small file is read by one call. */
const WINDOW_BYTES = 16_384

export function fileVersion({ size, mtimeMs }: Stats): string {
  return `${size}-${Math.round(mtimeMs * 1000).toString(36)}`
}

/**
 * Reads what there is to know of a session's file: all frame headers, and of the chunks the first, the last and the
 * amendments. Where any of that is damaged, every chunk is read. Chunks of other sessions are left out.
 *
 * known: what was found before, when the file may only have grown since.
 *
 * @throws what the file system throws; never for what is in the file.
 */
export async function scanSessionFile(path: string, sessionId: string, known?: ScannedFile): Promise<ScannedFile> {
  const file = openSync(path, 'r')
  try {
    const stats = fstatSync(file)
    if (!stats.isFile()) throw new Error(`${path} is no file`)
    const window = new FileWindow(file)
    const scanned = { byteLength: stats.size, version: fileVersion(stats) }
    try {
      const isGrown = known && !known.isDamaged && known.wholeByteLength <= stats.size
      const places = walkHeaders(window, stats.size, sessionId, isGrown ? known.places : [])
      const record = describe(places, (place) => decodeChunk(decodeFrame(window.read(place)).payload))
      return { ...scanned, places, record, wholeByteLength: stats.size, isDamaged: false }
    } catch (cause) {
      if (!(cause instanceof KymographError)) throw cause
      return { ...scanned, ...(await scanDamaged(path, sessionId, stats.size)), isDamaged: true }
    }
  } finally {
    closeSync(file)
  }
}

type Described = Pick<ScannedFile, 'places' | 'record' | 'wholeByteLength'>

/** @throws KymographError where a frame does not follow the one before. */
function walkHeaders(window: FileWindow, end: number, sessionId: string, known: FramePlace[]): FramePlace[] {
  const places = [...known]
  const last = places.at(-1)
  let offset = last ? last.offset + last.byteLength : 0
  while (offset < end) {
    const header = readFrameHeader(window.read({ offset, byteLength: FRAME_HEADER_BYTES }))
    const byteLength = frameByteLength(header)
    // torn, or a length that lies: something may have been appended behind it
    if (offset + byteLength > end) throw new KymographError('truncated', 'the last frame is cut short', { offset: end })
    if (header.sessionId === sessionId) places.push({ offset, byteLength, header })
    offset += byteLength
  }
  return places
}

/** Counts in chunks are cumulative: the first, the last and the amendments say all. */
function describe(places: FramePlace[], chunkAt: (place: FramePlace) => Chunk): SessionRecord | undefined {
  const frames = places.filter(({ header }) => !header.amendment)
  const ends = frames.length > 1 ? [frames[0]!, frames.at(-1)!] : frames
  let record: SessionRecord | undefined
  for (const place of [...ends, ...places.filter(({ header }) => header.amendment)]) {
    record = recordWith(record, chunkAt(place), place.byteLength)
  }
  if (!record) return undefined
  const bytes = places.reduce((sum, { byteLength }) => sum + byteLength, 0)
  // a final chunk that others follow is one all the same
  const isFinal = places.some(({ header }) => header.final)
  const state = record.tailMs !== undefined ? 'recovered' : isFinal ? 'stopped' : 'recording'
  return { ...record, chunks: places.length, bytes, state }
}

async function scanDamaged(path: string, sessionId: string, byteLength: number): Promise<Described> {
  const places: FramePlace[] = []
  let record: SessionRecord | undefined
  let wholeByteLength = byteLength
  for await (const item of readChunks(createReadStream(path))) {
    wholeByteLength = item.kind === 'damage' && item.error.code === 'truncated' ? item.offset : byteLength
    if (item.kind === 'damage' || item.header.sessionId !== sessionId) continue
    places.push({ offset: item.offset, byteLength: item.bytes.length, header: item.header })
    record = recordWith(record, item.chunk, item.bytes.length)
  }
  return { places, record, wholeByteLength }
}

/** Reads of a file that lie near to each other. */
class FileWindow {
  readonly #file: number
  #bytes = Buffer.alloc(0)
  #offset = 0

  constructor(file: number) {
    this.#file = file
  }

  /** @throws KymographError `truncated` behind the end. */
  read({ offset, byteLength }: { offset: number; byteLength: number }): Uint8Array {
    if (offset < this.#offset || offset + byteLength > this.#offset + this.#bytes.length) this.#load(offset, byteLength)
    const start = offset - this.#offset
    if (this.#bytes.length < start + byteLength) {
      throw new KymographError('truncated', `the file ends before byte ${offset + byteLength}`, { offset })
    }
    return this.#bytes.subarray(start, start + byteLength)
  }

  #load(offset: number, byteLength: number): void {
    const bytes = Buffer.allocUnsafeSlow(Math.max(byteLength, WINDOW_BYTES))
    let done = 0
    for (let read = 1; read > 0 && done < byteLength; done += read) {
      read = readSync(this.#file, bytes, done, bytes.length - done, offset + done)
    }
    this.#bytes = bytes.subarray(0, done)
    this.#offset = offset
  }
}
