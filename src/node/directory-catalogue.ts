import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { KymographError } from '../errors.js'
import type { SessionRecord } from '../store/record.js'
import { SessionIndex } from '../store/session-index.js'
import type { CatalogueEntry } from './catalogue-line.js'
import { CatalogueLog, type CatalogueNews } from './catalogue-log.js'
import { LockHolder, type LockOwner, ownerOf } from './file-lock.js'
import { SESSION_FILE_EXTENSION } from './session-file.js'
import { fileVersion, type ScannedFile, scanSessionFile } from './session-scan.js'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const LOCK_EXTENSION = '.lock'
/** The catalogue is written anew when it has so many lines more than twice what holds. */
const STALE_LINES_MAX = 1000
/** Files looked at before others get a turn on this thread. */
const FILES_PER_TURN = 64

/**
 * What is in a directory of session files: an index in memory, made from the catalogue beside them. The files are the
 * truth. One that the catalogue does not know, that has changed, or that was being written when its writer died, is read
 * again; one that is gone is no longer listed.
 */
export class DirectoryCatalogue {
  readonly index = new SessionIndex()
  readonly locks = new LockHolder()
  /** Sessions whose files could not be read, and why; it is tried again each time. */
  readonly #unreadable = new Map<string, string>()
  /** Session files that are not named by a session's id. */
  #misnamed: string[] = []
  /** Sessions whose files have disappeared though nobody removed them here. */
  readonly #gone = new Set<string>()
  readonly #directory: string
  readonly #log: CatalogueLog
  /** Sessions written by this store: what is known of them comes from their writers. */
  readonly #own: ReadonlySet<string>
  /** Versions of the files that `index` describes. */
  readonly #known = new Map<string, string>()
  /** Files that hold no session, by version. */
  readonly #empty = new Map<string, string>()
  /** Sessions somebody else was writing when we last looked. */
  #foreign = new Set<string>()
  /** What their files held then: only what has come since is read. */
  readonly #scanned = new Map<string, ScannedFile>()
  #directoryVersion = ''
  /** The catalogue could not be read whole: files are held against what it said. */
  #isDamaged = false
  #refreshing: Promise<void> | undefined

  constructor(directory: string, own: ReadonlySet<string>) {
    this.#directory = directory
    this.#own = own
    this.#log = new CatalogueLog(join(this.stateDirectory, 'catalogue'), this.locks)
  }

  get stateDirectory(): string {
    return join(this.#directory, '.kymograph')
  }

  filePathOf(sessionId: string): string {
    return join(this.#directory, `${sessionId}${SESSION_FILE_EXTENSION}`)
  }

  lockPathOf(sessionId: string): string {
    return join(this.stateDirectory, `${sessionId}${LOCK_EXTENSION}`)
  }

  makeDirectories(): string {
    mkdirSync(this.stateDirectory, { recursive: true })
    return this.stateDirectory
  }

  /** What lookups pass over, and why: files that cannot be read, hold nothing, or bear another name; and those that have gone. */
  get findings(): string[] {
    return [
      ...[...this.#unreadable].map(([id, reason]) => `${id}${SESSION_FILE_EXTENSION} cannot be read: ${reason}`),
      ...[...this.#empty.keys()]
        .filter((id) => !this.#foreign.has(id))
        .map((id) => `${id}${SESSION_FILE_EXTENSION} holds no chunk of that session`),
      ...this.#misnamed.map((name) => `${name} is not named by the id of its session`),
      ...[...this.#gone].map((id) => `session ${id} has gone with its file`),
    ]
  }

  /** Takes in what has changed since the last time. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Reads a session's file again if it is not as the catalogue knows it; false when something was different. */
  async verify(sessionId: string): Promise<boolean> {
    if (this.#own.has(sessionId)) return true
    const stats = statSync(this.filePathOf(sessionId), { throwIfNoEntry: false })
    const known = this.#known.get(sessionId)
    if (stats ? known === fileVersion(stats) : !known) return true
    await this.#scanAndLog([sessionId])
    return false
  }

  /** Enters a session this store has written. */
  async enter(record: SessionRecord, version: string): Promise<void> {
    this.#put(record, version)
    await this.#log.append([{ kind: 'session', record, fileVersion: version }])
    // nothing piles up where nobody looks anything up
    this.#apply(this.#log.read())
  }

  /** False when the catalogue's file could not be written. */
  async remove(sessionId: string): Promise<boolean> {
    const isLogged = await this.#leniently(() => this.#log.append([{ kind: 'removed', id: sessionId }]))
    this.#drop(sessionId)
    return isLogged
  }

  /** Writes the catalogue anew, without anything that no longer holds. */
  async compact(): Promise<void> {
    await this.#log.replace(() => {
      this.#apply(this.#log.read())
      return this.#entries()
    })
  }

  async #refresh(): Promise<void> {
    this.#apply(this.#log.read())
    const { doubtful, abandoned } = this.#lookAtLocks()
    const unknown = this.#lookAtDirectory()
    const isDamaged = this.#isDamaged
    const known = isDamaged ? this.#known.keys() : []
    const isLogged = await this.#scanAndLog([...doubtful, ...unknown, ...known])
    // only when the catalogue is as good as the files
    if (isLogged) await this.#leniently(async () => this.#breakAll(abandoned))
    const isStale = this.#log.lines > 2 * this.#known.size + STALE_LINES_MAX
    this.#isDamaged = false
    if (isDamaged || isStale) await this.#leniently(() => this.compact())
  }

  #breakAll(abandoned: Map<string, LockOwner>): void {
    for (const [id, owner] of abandoned) {
      if (!this.#unreadable.has(id)) this.locks.break(this.lockPathOf(id), owner)
    }
  }

  #apply({ isAnew, isDamaged, entries }: CatalogueNews): void {
    if (isDamaged) this.#isDamaged = true
    if (isAnew) {
      this.#directoryVersion = ''
      for (const id of this.#known.keys()) if (!this.#own.has(id)) this.#drop(id)
    }
    for (const entry of entries) {
      const id = entry.kind === 'removed' ? entry.id : entry.record.id
      if (this.#own.has(id)) continue
      if (entry.kind === 'removed') this.#drop(id)
      else this.#put(entry.record, entry.fileVersion)
    }
  }

  /** Sessions whose files have to be read: others write them, or were writing them, and the locks of the dead. */
  #lookAtLocks(): { doubtful: Set<string>; abandoned: Map<string, LockOwner> } {
    const doubtful = new Set([...this.#foreign, ...this.#unreadable.keys()])
    const abandoned = new Map<string, LockOwner>()
    this.#foreign = new Set()
    for (const name of namesIn(this.stateDirectory)) {
      const id = name.slice(0, -LOCK_EXTENSION.length)
      if (!name.endsWith(LOCK_EXTENSION) || !UUID.test(id) || this.#own.has(id)) continue
      const owner = ownerOf(this.lockPathOf(id))
      if (owner && this.locks.isFree(owner)) abandoned.set(id, owner)
      else if (owner) this.#foreign.add(id)
      doubtful.add(id)
    }
    for (const id of this.#scanned.keys()) if (!this.#foreign.has(id)) this.#scanned.delete(id)
    return { doubtful, abandoned }
  }

  /** Creates or removes a file of this store's own: no reason to look through the directory again. */
  async changeDirectory(change: () => Promise<void>): Promise<void> {
    const wasKnown = this.#directoryVersion === this.#directoryVersionNow()
    await change()
    if (wasKnown) this.#directoryVersion = this.#directoryVersionNow()
  }

  #directoryVersionNow(): string {
    const stats = statSync(this.#directory, { throwIfNoEntry: false })
    return stats ? `${stats.ino}-${stats.mtimeMs}` : ''
  }

  /** Sessions the catalogue does not know, if files have come or gone. */
  #lookAtDirectory(): string[] {
    const version = this.#directoryVersionNow()
    if (version === this.#directoryVersion) return []
    this.#directoryVersion = version
    const unknown: string[] = []
    let knownHere = 0
    this.#misnamed = []
    for (const name of namesIn(this.#directory)) {
      if (!name.endsWith(SESSION_FILE_EXTENSION)) continue
      const id = name.slice(0, -SESSION_FILE_EXTENSION.length)
      if (this.#known.has(id)) knownHere += 1
      else if (!UUID.test(id)) this.#misnamed.push(name)
      else if (!this.#own.has(id)) unknown.push(id)
    }
    if (knownHere < this.#known.size) this.#dropGone()
    return unknown
  }

  #dropGone(): void {
    for (const id of [...this.#known.keys()]) {
      if (this.#own.has(id) || statSync(this.filePathOf(id), { throwIfNoEntry: false })) continue
      this.#gone.add(id)
      this.#drop(id)
    }
  }

  /** True when the catalogue's file has all that was found. */
  async #scanAndLog(ids: Iterable<string>): Promise<boolean> {
    const entries: CatalogueEntry[] = []
    let files = 0
    for (const id of ids) {
      if (this.#own.has(id)) continue
      if (files++ % FILES_PER_TURN === FILES_PER_TURN - 1) await breathe()
      const entry = await this.#scan(id)
      if (entry) entries.push(entry)
    }
    const settled = entries.filter((entry) => entry.kind === 'removed' || !this.#foreign.has(entry.record.id))
    if (settled.length === 0) return true
    return this.#leniently(async () => {
      this.makeDirectories()
      await (settled.length > STALE_LINES_MAX ? this.compact() : this.#log.append(settled))
    })
  }

  /** Reads one file. What it says is news for the catalogue, or nothing is. */
  async #scan(id: string): Promise<CatalogueEntry | undefined> {
    const path = this.filePathOf(id)
    try {
      const stats = statSync(path, { throwIfNoEntry: false })
      const known = this.#known.get(id)
      if (!stats) return this.#missing(id)
      const version = fileVersion(stats)
      const state = this.#foreign.has(id) ? 'recording' : 'recovered'
      const before = this.index.get(id)
      const isKnown = known === version && (before?.state === 'stopped' || before?.state === state)
      if (isKnown || (!known && this.#empty.get(id) === version)) {
        this.#unreadable.delete(id)
        return undefined
      }
      const scanned = await scanSessionFile(path, id, this.#scanned.get(id))
      const { record, version: fileVersionRead } = scanned
      if (state === 'recording') this.#scanned.set(id, scanned)
      this.#unreadable.delete(id)
      if (!record) {
        this.#empty.set(id, version)
        return this.#missing(id)
      }
      const settled: SessionRecord = record.state === 'stopped' ? record : { ...record, state }
      this.#put(settled, fileVersionRead)
      return { kind: 'session', record: settled, fileVersion: fileVersionRead }
    } catch (cause) {
      // one file that cannot be read must not hide the others
      this.#unreadable.set(id, cause instanceof Error ? cause.message : String(cause))
      return undefined
    }
  }

  #missing(id: string): CatalogueEntry | undefined {
    this.#unreadable.delete(id)
    if (!this.#known.has(id)) return undefined
    this.#drop(id)
    return { kind: 'removed', id }
  }

  /** Where the directory cannot be written to, the catalogue in memory has to do. */
  async #leniently(step: () => Promise<void>): Promise<boolean> {
    try {
      await step()
      return true
    } catch (cause) {
      if (cause instanceof KymographError) throw cause
      return false
    }
  }

  #put(record: SessionRecord, version: string): void {
    this.index.put(record)
    this.#known.set(record.id, version)
    this.#empty.delete(record.id)
    this.#gone.delete(record.id)
  }

  #drop(id: string): void {
    this.index.delete(id)
    this.#known.delete(id)
  }

  *#entries(): Generator<CatalogueEntry, void, undefined> {
    for (const record of this.index.records()) {
      const version = this.#known.get(record.id)
      if (version && !this.#own.has(record.id)) yield { kind: 'session', record, fileVersion: version }
    }
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new KymographError('store-unusable', `store ${JSON.stringify(directory)} cannot be listed: ${message}`, {
      cause,
    })
  }
}
