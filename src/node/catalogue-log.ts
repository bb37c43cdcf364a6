import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { KymographError } from '../errors.js'
import { CatalogueCoder, type CatalogueEntry } from './catalogue-line.js'
import { type LockHolder, takenMs } from './file-lock.js'

const VERSION = 1
/** First line of a catalogue; a later version is refused, not overwritten. */
const HEADER = `kymograph catalogue ${VERSION}\n`
/** A line begins with its CRC-32 in hexadecimal and a space. */
const CHECKSUM_CHARS = 9
const NEWLINE = 10
/** The lock is held for one write; one this old was left behind by a thread that died. */
const LOCK_MAX_MS = 15_000
/** One that looks that old is watched for so long first. */
const LOCK_SEEN_MS = 1000
const LOCK_RETRY_MS = 3

/** What has been read of a catalogue since it was last asked. */
export interface CatalogueNews {
  /** The catalogue is another one than before: only what is in `entries` holds. */
  isAnew: boolean
  /** Lines could not be read: what is in `entries` may be out of date. */
  isDamaged: boolean
  entries: CatalogueEntry[]
}

/**
 * The catalogue's file: checksummed lines that are only ever appended, under a lock between processes; written anew, and
 * put in place by renaming, when most of it is out of date. It is not needed: all it says stands in the sessions' files.
 */
export class CatalogueLog {
  readonly #path: string
  readonly #lockPath: string
  readonly #locks: LockHolder
  #coder = new CatalogueCoder()
  #inode = 0
  #readBytes = 0
  /** Lines of sessions, those out of date included. */
  #lines = 0
  #unreported: CatalogueNews = { isAnew: true, isDamaged: false, entries: [] }
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(path: string, locks: LockHolder) {
    this.#path = path
    this.#lockPath = `${path}.lock`
    this.#locks = locks
  }

  get lines(): number {
    return this.#lines
  }

  /** What others have written since. @throws KymographError `version` for a catalogue of a version this one does not know. */
  read(): CatalogueNews {
    this.#readOn()
    const news = this.#unreported
    this.#unreported = { isAnew: false, isDamaged: false, entries: [] }
    return news
  }

  /** Appends entries and makes them durable. */
  append(entries: CatalogueEntry[]): Promise<void> {
    return this.#exclusively(() => {
      this.#readOn()
      const isNew = this.#readBytes === 0
      const bytes = Buffer.from((isNew ? HEADER : '') + this.#encode(this.#coder, entries))
      const file = openSync(this.#path, 'a+')
      try {
        // behind a line that a crash has cut short
        if (!isNew && lastByteOf(file) !== NEWLINE) writeSync(file, '\n')
        writeWhole(file, bytes)
        fdatasyncSync(file)
        this.#inode = fstatSync(file).ino
        this.#readBytes = fstatSync(file).size
        // in their place: what others have written before is not news over these
        this.#unreported.entries.push(...entries)
      } finally {
        closeSync(file)
      }
    })
  }

  /** Replaces everything by these entries; `entries` is asked for once nobody else can write. */
  replace(entries: () => Iterable<CatalogueEntry>): Promise<void> {
    return this.#exclusively(() => {
      this.#readOn()
      const coder = new CatalogueCoder()
      const aside = `${this.#path}.new`
      const file = openSync(aside, 'w')
      this.#lines = 0
      try {
        writeSync(file, HEADER)
        for (const batch of batchesOf(entries(), 1000)) writeWhole(file, Buffer.from(this.#encode(coder, batch)))
        fdatasyncSync(file)
        this.#inode = fstatSync(file).ino
        this.#readBytes = fstatSync(file).size
      } finally {
        closeSync(file)
      }
      renameSync(aside, this.#path)
      this.#coder = coder
    })
  }

  #encode(coder: CatalogueCoder, entries: CatalogueEntry[]): string {
    let text = ''
    for (const entry of entries) {
      this.#lines += 1
      for (const json of coder.encode(entry)) text += `${checksumOf(Buffer.from(json))} ${json}\n`
    }
    return text
  }

  #readOn(): void {
    const found = statSync(this.#path, { throwIfNoEntry: false })
    if (!found || found.ino !== this.#inode || found.size < this.#readBytes) {
      if (this.#inode !== 0) this.#unreported = { isAnew: true, isDamaged: false, entries: [] }
      this.#coder = new CatalogueCoder()
      this.#inode = found?.ino ?? 0
      this.#readBytes = 0
      this.#lines = 0
    }
    if (!found || found.size === this.#readBytes) return
    const bytes = readRange(this.#path, this.#readBytes, found.size)
    const isFirst = this.#readBytes === 0
    let at = isFirst ? headerEnd(this.#path, bytes) : 0
    for (let end = bytes.indexOf(NEWLINE, at); end >= 0; end = bytes.indexOf(NEWLINE, at)) {
      const entry = this.#decode(bytes.subarray(at, end))
      if (entry) {
        this.#unreported.entries.push(entry)
        this.#lines += 1
      }
      at = end + 1
    }
    // what is behind the last line is being written, or was when its writer died
    if (isFirst && at < bytes.length) this.#unreported.isDamaged = true
    this.#readBytes += at
  }

  /** A damaged line is passed over: the session's file says the same. */
  #decode(line: Buffer): CatalogueEntry | undefined {
    const json = line.subarray(CHECKSUM_CHARS)
    try {
      if (line.toString('latin1', 0, CHECKSUM_CHARS - 1) === checksumOf(json)) {
        return this.#coder.decode(json.toString('utf8'))
      }
    } catch {
      // it refers to one that is damaged
    }
    this.#unreported.isDamaged = true
    return undefined
  }

  /** One after the other in this thread, and one process at a time. */
  #exclusively(step: () => void): Promise<void> {
    const done = this.#lastWrite.then(async () => {
      let holder = ''
      let sinceMs = 0
      for (;;) {
        const owner = this.#locks.take(this.#lockPath)
        if (!owner) break
        if (owner.token !== holder) [holder, sinceMs] = [owner.token, performance.now()]
        const waitedMs = performance.now() - sinceMs
        const ageMs = Date.now() - (takenMs(this.#lockPath) ?? Date.now())
        // the wall clock may have been set meanwhile: it alone neither breaks a lock nor keeps one
        if (waitedMs > LOCK_MAX_MS || (ageMs > LOCK_MAX_MS && waitedMs > LOCK_SEEN_MS)) {
          this.#locks.break(this.#lockPath, owner)
        } else await delay(LOCK_RETRY_MS)
      }
      try {
        step()
      } finally {
        this.#locks.release(this.#lockPath)
      }
    })
    this.#lastWrite = done.catch(() => {})
    return done
  }
}

function checksumOf(bytes: Buffer): string {
  return crc32(bytes).toString(16).padStart(8, '0')
}

/** Where the lines begin. A file that is cut short in its header has none. */
function headerEnd(path: string, bytes: Buffer): number {
  const text = bytes.toString('latin1', 0, HEADER.length)
  if (text === HEADER) return HEADER.length
  const version = /^kymograph catalogue (\d+)\n/.exec(text)?.[1]
  if (Number(version) > VERSION) {
    throw new KymographError(
      'version',
      `the catalogue ${JSON.stringify(path)} has version ${version}, this library knows ${VERSION}; use a newer one`,
    )
  }
  return 0
}

function readRange(path: string, from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from)
  const file = openSync(path, 'r')
  try {
    let done = 0
    for (let read = 1; read > 0 && done < bytes.length; done += read) {
      read = readSync(file, bytes, done, bytes.length - done, from + done)
    }
    return bytes.subarray(0, done)
  } finally {
    closeSync(file)
  }
}

function lastByteOf(file: number): number | undefined {
  const byte = Buffer.alloc(1)
  const { size } = fstatSync(file)
  return size > 0 && readSync(file, byte, 0, 1, size - 1) === 1 ? byte[0] : undefined
}

function writeWhole(file: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done)
}

function* batchesOf<T>(items: Iterable<T>, length: number): Generator<T[], void, undefined> {
  let batch: T[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length < length) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
