import { statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { KymographError } from '../errors.js'
import { recordWith, type SessionRecord } from '../store/record.js'
import { refuseUnlessNext } from '../store/succession.js'
import { FRAME_HEADER_BYTES } from '../wire/index.js'
import type { Chunk, FrameHeader } from '../wire/model.js'
import { fileVersion, type ScannedFile, scanSessionFile } from './session-scan.js'

export const SESSION_FILE_EXTENSION = '.kymo'

/** One session's append-only file, and what is known of it without reading it again. */
export class SessionFile {
  readonly #path: string
  readonly #sessionId: string
  #scanned: ScannedFile | undefined
  #writer: FileHandle | undefined
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(path: string, sessionId: string) {
    this.#path = path
    this.#sessionId = sessionId
  }

  /** The session as its chunks describe it, `recording` without a final one; undefined while there is no whole chunk. */
  get record(): SessionRecord | undefined {
    return this.#scanned?.record
  }

  /** Of the last chunk. */
  get lastHeader(): FrameHeader | undefined {
    return this.#scanned?.places.at(-1)?.header
  }

  get version(): string {
    return this.#scanned?.version ?? ''
  }

  /** Reads the file again if it has changed; false when it is gone or holds no chunk. @throws what the file system throws. */
  async refresh(): Promise<boolean> {
    if (this.#writer) return true
    const stats = statSync(this.#path, { throwIfNoEntry: false })
    if (!stats) this.#scanned = undefined
    else if (this.#scanned?.version !== fileVersion(stats)) {
      this.#scanned = await scanSessionFile(this.#path, this.#sessionId, this.#scanned)
    }
    return this.record !== undefined
  }

  /** Opens the file for appending, behind its last whole chunk: what a crash has cut short was never announced. */
  async openForAppending(): Promise<void> {
    this.#writer = await open(this.#path, 'a')
    const { byteLength = 0, wholeByteLength = 0 } = this.#scanned ?? {}
    if (wholeByteLength < byteLength) await this.#writer.truncate(wholeByteLength)
    this.#scanned ??= {
      places: [],
      record: undefined,
      byteLength: 0,
      wholeByteLength: 0,
      isDamaged: false,
      version: '',
    }
    this.#scanned.byteLength = wholeByteLength
  }

  /**
   * Appends a chunk and makes it durable, one at a time; one that cannot be written whole is taken back. Returns the session
   * as it is now.
   *
   * @throws KymographError `session-locked` when it does not come behind the last one.
   */
  append(chunk: Chunk, frame: Uint8Array): Promise<SessionRecord> {
    return this.#inTurn(() => this.#append(chunk, frame))
  }

  async #append(chunk: Chunk, frame: Uint8Array): Promise<SessionRecord> {
    const [writer, scanned] = [this.#writer!, this.#scanned!]
    refuseUnlessNext(chunk, this.lastHeader)
    const offset = scanned.byteLength
    try {
      await writer.appendFile(frame)
      await writer.datasync()
    } catch (cause) {
      await writer.truncate(offset).catch(() => {})
      throw cause
    }
    const { sessionId, epoch, seq, final, amendment } = chunk
    const header = { sessionId, epoch, seq, final, amendment, payloadByteLength: frame.length - FRAME_HEADER_BYTES }
    scanned.places.push({ offset, byteLength: frame.length, header })
    scanned.record = recordWith(scanned.record, chunk, frame.length)
    scanned.byteLength = offset + frame.length
    scanned.wholeByteLength = scanned.byteLength
    return scanned.record
  }

  /** No more chunks will come from here. */
  closeWriter(): Promise<void> {
    return this.#inTurn(async () => {
      const writer = this.#writer
      this.#writer = undefined
      if (!writer) return
      if (this.#scanned) this.#scanned.version = fileVersion(await writer.stat())
      await writer.close()
    })
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#lastWrite.then(step)
    this.#lastWrite = done.catch(() => {})
    return done
  }

  /** The frame at `index`, fresh. */
  async frameAt(index: number): Promise<Uint8Array | undefined> {
    const place = this.#scanned?.places[index]
    if (!place) return undefined
    const handle = await open(this.#path, 'r')
    try {
      return await readExactly(handle, place.offset, place.byteLength)
    } finally {
      await handle.close()
    }
  }
}

async function readExactly(handle: FileHandle, offset: number, byteLength: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(byteLength)
  for (let done = 0; done < byteLength; ) {
    const { bytesRead } = await handle.read(bytes, done, byteLength - done, offset + done)
    if (bytesRead === 0) {
      throw new KymographError('truncated', `the file ends at byte ${offset + done}`, { offset: offset + done })
    }
    done += bytesRead
  }
  return bytes
}
