import { readdir, stat, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { KymographError } from '../errors.js'
import type { DeliveryLedger } from '../store/ledger.js'
import type { SessionStore, StoreEstimate } from '../store/port.js'
import type { Query, SessionPage } from '../store/query.js'
import type { JourneyRecord, LabelRecord, SessionRecord } from '../store/record.js'
import { refuseUnlessNext } from '../store/succession.js'
import type { Chunk } from '../wire/model.js'
import { DirectoryCatalogue } from './directory-catalogue.js'
import { syncDirectory } from './durable.js'
import { FileLedger } from './file-ledger.js'
import { ownerOf } from './file-lock.js'
import { isSameProcess, thisProcess } from './process-identity.js'
import { SessionFile } from './session-file.js'

/** Files that were read from lately and are not looked for again. */
const READ_FILES_MAX = 32
const LEDGER_PREFIX = 'delivered-'
/** A page whose sessions keep changing is given as it is. */
const PAGE_RETRIES_MAX = 3
/** Sessions of a page whose files are held against the catalogue: a short page is to be read, a long one to be listed. */
const VERIFIED_MAX = 100

/**
 * A directory of sessions, one append-only `.kymo` file each, named by session id.
 *
 * A chunk is written and fsynced before `append` resolves, so a crash leaves whole frames and at most one torn tail.
 * While a session is written, a lock file names the writing process. The catalogue beside the files
 * ({@link DirectoryCatalogue}) can always be made again from them; what other processes write or remove is seen at the
 * next lookup.
 */
export class FileStore implements SessionStore {
  readonly summary = { kind: 'files', durability: 'durable' } as const
  readonly #directory: string
  readonly #catalogue: DirectoryCatalogue
  /** Sessions this store has the lock of. */
  readonly #own = new Set<string>()
  readonly #written = new Map<string, Promise<SessionFile>>()
  readonly #releasing = new Map<string, Promise<void>>()
  readonly #read = new Map<string, SessionFile>()
  readonly #ledgers = new Map<string, FileLedger>()

  private constructor(directory: string) {
    this.#directory = directory
    this.#catalogue = new DirectoryCatalogue(directory, this.#own)
  }

  /**
   * Opens a directory; a missing one is made by the first chunk.
   *
   * @throws KymographError `store-unusable` when the path is a file or cannot be looked at.
   */
  static async open(directory: string): Promise<FileStore> {
    const path = resolve(directory)
    try {
      const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return undefined
        throw cause
      })
      if (found && !found.isDirectory()) {
        throw new KymographError('store-unusable', `store ${JSON.stringify(directory)} is a file; give a directory`)
      }
    } catch (cause) {
      if (cause instanceof KymographError) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new KymographError('store-unusable', `store ${JSON.stringify(directory)} cannot be used: ${reason}`, {
        cause,
      })
    }
    return new FileStore(path)
  }

  async append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    const { sessionId } = chunk
    let opening = this.#written.get(sessionId)
    if (!opening) {
      opening = this.#openForWriting(chunk)
      this.#written.set(sessionId, opening)
      // another may try
      opening.catch(() => this.#written.delete(sessionId))
    }
    try {
      const file = await opening
      const isNew = file.record === undefined
      const record = await file.append(chunk, frame)
      if (isNew) await syncDirectory(this.#directory)
      this.#catalogue.index.put(record)
    } catch (cause) {
      throw fullError(this.#directory, cause) ?? cause
    }
  }

  release(sessionId: string): Promise<void> {
    const opening = this.#written.get(sessionId)
    if (!opening) return this.#releasing.get(sessionId) ?? Promise.resolve()
    this.#written.delete(sessionId)
    return this.#inTurn(sessionId, () => this.#release(sessionId, opening))
  }

  async get(sessionId: string): Promise<SessionRecord | undefined> {
    await this.#catalogue.refresh()
    await this.#catalogue.verify(sessionId)
    return this.#catalogue.index.get(sessionId)
  }

  async page(query: Query): Promise<SessionPage> {
    for (let retries = 0; ; retries++) {
      await this.#catalogue.refresh()
      const page = this.#catalogue.index.page(query)
      const ids = page.sessions.slice(0, VERIFIED_MAX).map(({ id }) => id)
      const unchanged = await Promise.all(ids.map((id) => this.#catalogue.verify(id)))
      if (unchanged.every(Boolean) || retries === PAGE_RETRIES_MAX) return page
    }
  }

  async journeys(): Promise<JourneyRecord[]> {
    await this.#catalogue.refresh()
    return this.#catalogue.index.journeys()
  }

  async journey(journeyId: string): Promise<JourneyRecord | undefined> {
    await this.#catalogue.refresh()
    return this.#catalogue.index.journey(journeyId)
  }

  async labels(): Promise<LabelRecord[]> {
    await this.#catalogue.refresh()
    return this.#catalogue.index.labels()
  }

  async chunkAt(sessionId: string, index: number): Promise<Uint8Array | undefined> {
    return (await this.#fileOf(sessionId))?.frameAt(index)
  }

  async delete(sessionId: string): Promise<boolean> {
    await this.release(sessionId)
    return this.#inTurn(sessionId, () => this.#delete(sessionId))
  }

  async forget(sessionId: string): Promise<boolean> {
    const wasThere = await this.delete(sessionId)
    if (!wasThere) return false
    await this.#catalogue.compact()
    const names = await readdir(this.#catalogue.stateDirectory)
    for (const name of names) if (isLedgerName(name)) await this.#ledgerIn(name).forget(sessionId)
    return true
  }

  async estimate(): Promise<StoreEstimate> {
    await this.#catalogue.refresh()
    let bytes = 0
    for (const record of this.#catalogue.index.records()) bytes += record.bytes
    return { sessions: this.#catalogue.index.size, bytes }
  }

  /** What the last lookup has passed over in the directory, a sentence each. */
  get findings(): string[] {
    return this.#catalogue.findings
  }

  ledger(sink: string): DeliveryLedger {
    return this.#ledgerIn(`${LEDGER_PREFIX}${Buffer.from(sink).toString('hex')}`)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#written.keys()].map((sessionId) => this.release(sessionId)))
    this.#read.clear()
  }

  /** One for each file: what is forgotten must not be written again. */
  #ledgerIn(name: string): FileLedger {
    const ledger = this.#ledgers.get(name) ?? new FileLedger(join(this.#catalogue.stateDirectory, name))
    this.#ledgers.set(name, ledger)
    return ledger
  }

  async #openForWriting(chunk: Chunk): Promise<SessionFile> {
    const { sessionId } = chunk
    await this.#releasing.get(sessionId)
    const stateDirectory = this.#catalogue.makeDirectories()
    const file = new SessionFile(this.#catalogue.filePathOf(sessionId), sessionId)
    await file.refresh()
    // the supervisor of a thread of this process that has died begins a new epoch; so does a recovery, which is of no thread
    const isContinued = chunk.tailNs === undefined && chunk.epoch > (file.lastHeader?.epoch ?? 0)
    this.#lock(sessionId, isContinued)
    this.#read.delete(sessionId)
    try {
      // a power cut must not take the lock and leave the file
      await syncDirectory(stateDirectory)
      // what others have written before the lock was had
      await file.refresh()
      refuseUnlessNext(chunk, file.lastHeader)
      await this.#catalogue.changeDirectory(() => file.openForAppending())
      return file
    } catch (cause) {
      this.#unlock(sessionId)
      throw cause
    }
  }

  async #delete(sessionId: string): Promise<boolean> {
    if ((await this.get(sessionId)) === undefined) return false
    try {
      this.#catalogue.makeDirectories()
      this.#lock(sessionId)
    } catch (cause) {
      // a full disk has no room for a lock, and this makes some
      if (!fullError(this.#directory, cause)) throw cause
      this.#own.add(sessionId)
    }
    try {
      // first the word, then the deed: cut off between the two, the session is found again. A full disk has no room for it
      const isLogged = await this.#catalogue.remove(sessionId)
      this.#read.delete(sessionId)
      await this.#catalogue.changeDirectory(() => unlink(this.#catalogue.filePathOf(sessionId)))
      await syncDirectory(this.#directory)
      if (!isLogged) await this.#catalogue.remove(sessionId)
      return true
    } finally {
      this.#unlock(sessionId)
    }
  }

  async #release(sessionId: string, opening: Promise<SessionFile>): Promise<void> {
    const file = await opening.catch(() => undefined)
    if (!file) return
    await file.closeWriter()
    const { record } = file
    // its first chunk was refused
    if (!record) await unlink(this.#catalogue.filePathOf(sessionId)).catch(() => {})
    const settled: SessionRecord | undefined =
      record?.state === 'recording' ? { ...record, state: 'recovered' } : record
    try {
      if (settled) await this.#catalogue.enter(settled, file.version)
      this.#unlock(sessionId)
    } catch {
      // the lock stays, and the next lookup reads the file
      this.#own.delete(sessionId)
    }
  }

  #unlock(sessionId: string): void {
    this.#catalogue.locks.release(this.#catalogue.lockPathOf(sessionId))
    this.#own.delete(sessionId)
  }

  /** What ends the writing of a session goes one after the other. */
  #inTurn<T>(sessionId: string, step: () => Promise<T>): Promise<T> {
    const done = (this.#releasing.get(sessionId) ?? Promise.resolve()).then(step)
    const settled: Promise<void> = done
      .then(
        () => {},
        () => {},
      )
      .finally(() => {
        if (this.#releasing.get(sessionId) === settled) this.#releasing.delete(sessionId)
      })
    this.#releasing.set(sessionId, settled)
    return done
  }

  /**
   * Takes a session's lock; `isContinued`: also from another thread of this process.
   *
   * @throws KymographError `session-locked` when somebody else writes the session.
   */
  #lock(sessionId: string, isContinued = false): void {
    const { locks } = this.#catalogue
    const path = this.#catalogue.lockPathOf(sessionId)
    const before = isContinued ? ownerOf(path) : undefined
    // one without a token is being written
    if (before && before.token !== '' && isSameProcess(before, thisProcess)) locks.break(path, before)
    const owner = locks.take(path)
    if (owner) {
      throw new KymographError(
        'session-locked',
        `session ${sessionId} is being written by process ${owner.pid} on ${owner.host}; stop it there first`,
      )
    }
    this.#own.add(sessionId)
  }

  async #fileOf(sessionId: string): Promise<SessionFile | undefined> {
    const written = await this.#written.get(sessionId)
    if (written) return written
    await this.#releasing.get(sessionId)
    const file = this.#read.get(sessionId) ?? new SessionFile(this.#catalogue.filePathOf(sessionId), sessionId)
    this.#read.delete(sessionId)
    if (!(await file.refresh())) return undefined
    this.#read.set(sessionId, file)
    if (this.#read.size > READ_FILES_MAX) this.#read.delete(this.#read.keys().next().value!)
    return file
  }
}

function isLedgerName(name: string): boolean {
  return name.startsWith(LEDGER_PREFIX) && !name.includes('.')
}

/** What the file system says when there is no more room, as stores say it. */
function fullError(directory: string, cause: unknown): KymographError | undefined {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return undefined
  return new KymographError('quota', `no more room in ${JSON.stringify(directory)}: ${message}; remove sessions`, {
    cause,
  })
}
