import { createReadStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { KymographError } from '../errors.js'
import { readChunks } from '../read/index.js'
import { recordWith, type SessionRecord } from '../store/record.js'
import { decodeChunk, decodeFrame, FRAME_HEADER_BYTES, frameByteLength, readFrameHeader } from '../wire/index.js'
import type { Chunk, FrameHeader } from '../wire/model.js'

export const SESSION_FILE_EXTENSION = '.kymo'

interface FramePlace {
  offset: number
  byteLength: number
  header: FrameHeader
}

/** One session's append-only file, and what is known of it without reading it again. */
export class SessionFile {
  readonly #path: string
  #frames: FramePlace[] = []
  #record: SessionRecord | undefined
  #byteLength = 0
  /** Inode, size and time of change of the file that was read. */
  #version = ''
  #writer: FileHandle | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** The session as its chunks describe it; undefined while there is no whole chunk. */
  record(): SessionRecord | undefined {
    if (!this.#record) return undefined
    const state = this.#record.state === 'stopped' ? 'stopped' : this.#writer ? 'recording' : 'recovered'
    return { ...this.#record, state }
  }

  /** Appends a chunk and makes it durable; a chunk that cannot be written whole is taken back. True if the file is new. */
  async append(chunk: Chunk, frame: Uint8Array): Promise<boolean> {
    const isNew = this.#byteLength === 0
    this.#writer ??= await open(this.#path, 'a')
    try {
      await this.#writer.appendFile(frame)
      await this.#writer.datasync()
    } catch (cause) {
      await this.#writer.truncate(this.#byteLength).catch(() => {})
      throw cause
    }
    const { sessionId, epoch, seq, final, amendment } = chunk
    const header = { sessionId, epoch, seq, final, amendment, payloadByteLength: frame.length - FRAME_HEADER_BYTES }
    this.#add({ offset: this.#byteLength, byteLength: frame.length, header }, chunk)
    this.#byteLength += frame.length
    return isNew
  }

  /** No more chunks will come from here. */
  async release(): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    await writer?.close()
  }

  /** Looks whether the file has changed behind our back and reads it again if so; false when it is gone. */
  async refresh(): Promise<boolean> {
    if (this.#writer) return true
    const found = await stat(this.#path, { bigint: true }).catch(() => undefined)
    if (!found?.isFile()) return false
    const version = `${found.ino}:${found.size}:${found.mtimeNs}`
    if (version !== this.#version) await this.#scan(Number(found.size))
    this.#version = version
    return this.#record !== undefined
  }

  /** The frame at `index`, fresh. */
  async frameAt(index: number): Promise<Uint8Array | undefined> {
    const place = this.#frames[index]
    if (!place) return undefined
    const handle = await open(this.#path, 'r')
    try {
      return await readExactly(handle, place.offset, place.byteLength)
    } finally {
      await handle.close()
    }
  }

  /** Walks the frame headers; payloads are read of the first chunk, the last and the amendments only. */
  async #scan(fileByteLength: number): Promise<void> {
    this.#byteLength = fileByteLength
    this.#record = undefined
    const handle = await open(this.#path, 'r')
    try {
      const places = await walkHeaders(handle, fileByteLength)
      this.#frames = places ?? (await findFrames(this.#path))
      const data = this.#frames.filter((place) => !place.header.amendment)
      for (const place of [
        data[0],
        data.length > 1 ? data.at(-1) : undefined,
        ...this.#frames.filter((p) => p.header.amendment),
      ]) {
        if (!place) continue
        const frame = await readExactly(handle, place.offset, place.byteLength)
        this.#record = recordWith(this.#record, decodeChunk(decodeFrame(frame).payload))
      }
    } catch (cause) {
      if (!(cause instanceof KymographError)) throw cause
      await this.#scanDamaged()
    } finally {
      await handle.close()
    }
    if (!this.#record) return
    this.#record.chunks = this.#frames.length
    this.#record.bytes = this.#frames.reduce((sum, place) => sum + place.byteLength, 0)
  }

  /** A payload is damaged: takes every chunk that is whole. */
  async #scanDamaged(): Promise<void> {
    this.#frames = []
    this.#record = undefined
    for await (const item of readChunks(createReadStream(this.#path))) {
      if (item.kind !== 'chunk') continue
      this.#frames.push({ offset: item.offset, byteLength: item.bytes.length, header: item.header })
      this.#record = recordWith(this.#record, item.chunk)
    }
  }

  #add(place: FramePlace, chunk: Chunk): void {
    this.#frames.push(place)
    this.#record = recordWith(this.#record, chunk)
    this.#record.chunks += 1
    this.#record.bytes += place.byteLength
  }
}

/** Places of all frames of an undamaged file, a torn tail left out; undefined when a header is damaged. */
async function walkHeaders(handle: FileHandle, fileByteLength: number): Promise<FramePlace[] | undefined> {
  const places: FramePlace[] = []
  let offset = 0
  while (offset + FRAME_HEADER_BYTES <= fileByteLength) {
    let header: FrameHeader
    try {
      header = readFrameHeader(await readExactly(handle, offset, FRAME_HEADER_BYTES))
    } catch (cause) {
      if (cause instanceof KymographError) return undefined
      throw cause
    }
    const byteLength = frameByteLength(header)
    // a torn tail, or a length that lies: something may have been appended behind it
    if (offset + byteLength > fileByteLength) return undefined
    places.push({ offset, byteLength, header })
    offset += byteLength
  }
  return places
}

async function findFrames(path: string): Promise<FramePlace[]> {
  const places: FramePlace[] = []
  for await (const item of readChunks(createReadStream(path))) {
    if (item.kind === 'chunk') places.push({ offset: item.offset, byteLength: item.bytes.length, header: item.header })
  }
  return places
}

async function readExactly(handle: FileHandle, offset: number, byteLength: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(byteLength)
  let done = 0
  while (done < byteLength) {
    const { bytesRead } = await handle.read(bytes, done, byteLength - done, offset + done)
    if (bytesRead === 0)
      throw new KymographError('truncated', `the file ends at byte ${offset + done}`, { offset: offset + done })
    done += bytesRead
  }
  return bytes
}
