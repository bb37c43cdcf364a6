import { KymographError } from '../../errors.js'
import { readFrameHeader } from '../../wire/index.js'
import type { Chunk } from '../../wire/model.js'
import { cursorPosition, PageBuilder } from '../cursor.js'
import type { DeliveryLedger } from '../ledger.js'
import type { SessionStore, StoreEstimate, StoreEvents, StoreSummary } from '../port.js'
import { matches, type Query, type SessionPage } from '../query.js'
import {
  compareLabels,
  type JourneyRecord,
  JourneyTally,
  type LabelRecord,
  recordWith,
  type SessionRecord,
} from '../record.js'
import { refuseUnlessNext } from '../succession.js'
import { Connection } from './connection.js'
import { DatabaseLedger, forgetDeliveries } from './database-ledger.js'
import { rangeOf, rowsFor } from './lookup.js'
import { Manifest } from './manifest.js'
import { type Database, recordOf, rowOf, type SessionRow, type StoreName } from './schema.js'
import { SessionLocks } from './session-locks.js'

const STORES: StoreName[] = ['sessions', 'chunks', 'totals', 'labels']
/** Rows read at once where all of a part are wanted. */
const ROWS_PER_READ = 1000

/**
 * Sessions in the browser's IndexedDB. A chunk and what it changes of its session are written in one transaction, with
 * durability `strict`: browsers' default loses two thirds of what it has acknowledged in a power cut (measured).
 */
export class IndexedDbStore implements SessionStore {
  readonly summary: StoreSummary = { kind: 'indexeddb', durability: 'durable' }
  readonly #events: StoreEvents | undefined
  readonly #manifest: Manifest
  readonly #connection: Connection
  readonly #locks: SessionLocks
  /** Sessions written here, as they are stored. */
  readonly #written = new Map<string, SessionRecord>()
  /** Their last chunks. */
  readonly #lastChunks = new Map<string, Pick<Chunk, 'epoch' | 'seq'>>()
  readonly #releasing = new Map<string, Promise<void>>()

  private constructor(name: string, events: StoreEvents | undefined) {
    this.#events = events
    this.#manifest = new Manifest(name)
    this.#connection = new Connection(name)
    this.#locks = new SessionLocks(name)
  }

  /** @throws KymographError `store-unusable` where there is no IndexedDB, or it cannot be opened; `version`. */
  static async open(name = 'kymograph', events?: StoreEvents): Promise<IndexedDbStore> {
    const store = new IndexedDbStore(name, events)
    await store.#connection.open()
    await store.#findGone()
    return store
  }

  async claim(sessionId: string): Promise<void> {
    await this.#releasing.get(sessionId)
    if (!(await this.#locks.take(sessionId))) throw lockedError(sessionId)
  }

  async append(chunk: Chunk, given: Uint8Array): Promise<void> {
    const { sessionId } = chunk
    const frame = new Uint8Array(given)
    await this.claim(sessionId)
    const record = await this.#connection.run(async (database, isRetry) => {
      const tx = writing(database)
      const [row, totals] = await Promise.all([tx.objectStore('sessions').get(sessionId), totalsIn(tx)])
      if (row && row.chunks === this.#written.get(sessionId)?.chunks) {
        refuseUnlessNext(chunk, this.#lastChunks.get(sessionId))
      } else if (row) {
        const frameBefore = await tx.objectStore('chunks').get([sessionId, row.chunks - 1])
        const last = frameBefore && readFrameHeader(frameBefore)
        // the connection was lost behind a try that went through
        if (isRetry && last?.epoch === chunk.epoch && last.seq === chunk.seq) return recordOf(row)
        refuseUnlessNext(chunk, last)
      } else refuseUnlessNext(chunk, undefined)
      const next = recordWith(row && recordOf(row), chunk, frame.length)
      const counts = await labelCounts(tx, row?.labels ?? [], next.labels)
      const written = [
        setLabelCounts(tx, counts),
        tx.objectStore('sessions').put(rowOf(next)),
        tx.objectStore('chunks').add(frame, [sessionId, next.chunks - 1]),
        setTotals(tx, totals, { sessions: row ? 0 : 1, bytes: frame.length }),
        tx.done,
      ]
      // no need to wait until nothing more can come
      tx.commit()
      await Promise.all(written).catch((cause: unknown) => {
        // what a request says of an aborted transaction is not why
        throw tx.error ?? cause
      })
      return next
    })
    const before = this.#written.get(sessionId)
    this.#written.set(sessionId, record)
    this.#lastChunks.set(sessionId, { epoch: chunk.epoch, seq: chunk.seq })
    if (!before) this.#manifest.note(record)
    else if (record.chunks <= before.chunks) this.#tellEvicted(before, chunk.seq)
  }

  release(sessionId: string): Promise<void> {
    const record = this.#written.get(sessionId)
    if (!record) {
      const releasing = this.#releasing.get(sessionId)
      // taken for a first chunk that was refused
      if (!releasing) this.#locks.release(sessionId)
      return releasing ?? Promise.resolve()
    }
    this.#written.delete(sessionId)
    this.#lastChunks.delete(sessionId)
    const released = this.#release(record).finally(() => this.#releasing.delete(sessionId))
    this.#releasing.set(sessionId, released)
    return released
  }

  async get(sessionId: string): Promise<SessionRecord | undefined> {
    const row = await this.#connection.run((database) => database.get('sessions', sessionId))
    return row && this.#settled(row, row.state === 'recording' ? await this.#locks.held() : NONE)
  }

  async page(query: Query): Promise<SessionPage> {
    const after = cursorPosition(query)
    const held = await this.#locks.held()
    return this.#connection.run(async (database) => {
      const builder = new PageBuilder(query)
      for await (const row of rowsFor(reading(database).objectStore('sessions'), query, after)) {
        const record = this.#settled(row, held)
        if (matches(record, query) && builder.add(record)) break
      }
      return builder.page()
    })
  }

  journeys(): Promise<JourneyRecord[]> {
    return this.#journeys()
  }

  async journey(journeyId: string): Promise<JourneyRecord | undefined> {
    return (await this.#journeys(journeyId))[0]
  }

  labels(): Promise<LabelRecord[]> {
    return this.#connection.run(async (database) => {
      const counts = reading(database).objectStore('labels')
      const [labels, sessions] = await Promise.all([counts.getAllKeys(), counts.getAll()])
      return labels.map((label, i) => ({ label, sessions: sessions[i]! })).sort(compareLabels)
    })
  }

  async chunkAt(sessionId: string, index: number): Promise<Uint8Array | undefined> {
    return this.#connection.run((database) => database.get('chunks', [sessionId, index]))
  }

  async delete(sessionId: string): Promise<boolean> {
    await this.release(sessionId)
    const isHeld = (await this.#locks.held()).has(sessionId)
    if (isHeld || !(await this.#locks.take(sessionId))) throw lockedError(sessionId)
    try {
      // first: cut off between the two, a session that was removed on purpose would be reported as gone
      this.#manifest.strike(new Set([sessionId]))
      await this.#manifest.settled()
      return await this.#connection.run((database) => removeSession(database, sessionId))
    } finally {
      this.#locks.release(sessionId)
    }
  }

  forget(sessionId: string): Promise<boolean> {
    return this.delete(sessionId)
  }

  async estimate(): Promise<StoreEstimate> {
    const totals = await this.#connection.run((database) => database.get('totals', 'all'))
    return totals ?? { sessions: 0, bytes: 0 }
  }

  ledger(sink: string): DeliveryLedger {
    return new DatabaseLedger(this.#connection, sink)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#written.keys()].map((sessionId) => this.release(sessionId)))
    await this.#manifest.settled()
    await this.#connection.close()
  }

  async #release(record: SessionRecord): Promise<void> {
    if (record.state === 'recording') {
      // only tidier so: without its lock it is recovered all the same
      await this.#connection.run((database) => setRecovered(database, record)).catch(() => {})
    }
    this.#manifest.note(record)
    this.#locks.release(record.id)
  }

  /** Holds the second list against the database. */
  async #findGone(): Promise<void> {
    const listed = await this.#manifest.sessions()
    if (listed.length === 0) return
    const gone = await this.#connection.run(async (database) => {
      const sessions = reading(database).objectStore('sessions')
      const keys = await Promise.all(listed.map(({ id }) => sessions.getKey(id)))
      return listed.filter((_, i) => keys[i] === undefined)
    })
    if (gone.length === 0) return
    this.summary.gone = gone
    this.#manifest.strike(new Set(gone.map(({ id }) => id)))
  }

  #tellEvicted({ id, chunks }: SessionRecord, seq: number): void {
    this.#events?.onEvicted(`the browser has removed ${chunks} chunks of session ${id}, all before number ${seq}`, id)
  }

  /** All journeys, or one. */
  #journeys(journeyId?: string): Promise<JourneyRecord[]> {
    return this.#connection.run(async (database) => {
      const index = reading(database).objectStore('sessions').index('journey')
      const tally = new JourneyTally()
      let range: IDBKeyRange | null = journeyId === undefined ? null : rangeOf([journeyId])
      for (;;) {
        const rows = await index.getAll(range, ROWS_PER_READ)
        for (const row of rows) tally.add(recordOf(row))
        const last = rows.length === ROWS_PER_READ ? rows.at(-1)! : undefined
        if (!last) return tally.journeys()
        const behind = [last.journeyId!, last.startedMs, last.id]
        range =
          journeyId === undefined
            ? IDBKeyRange.lowerBound(behind, true)
            : IDBKeyRange.bound(behind, [journeyId, []], true)
      }
    })
  }

  /** A session that is being written by nobody has been cut off. */
  #settled(row: SessionRow, held: ReadonlySet<string>): SessionRecord {
    const record = recordOf(row)
    const isCutOff = record.state === 'recording' && !held.has(record.id) && !this.#written.has(record.id)
    return isCutOff ? { ...record, state: 'recovered' } : record
  }
}

const NONE: ReadonlySet<string> = new Set()

function reading(database: Database) {
  return database.transaction(STORES)
}

function writing(database: Database) {
  return database.transaction(STORES, 'readwrite', { durability: 'strict' })
}

async function removeSession(database: Database, sessionId: string): Promise<boolean> {
  // first: cut off between the two, it is delivered again
  await forgetDeliveries(database, sessionId)
  const tx = writing(database)
  const [row, totals] = await Promise.all([tx.objectStore('sessions').get(sessionId), totalsIn(tx)])
  if (row) {
    const counts = await labelCounts(tx, row.labels, [])
    await Promise.all([
      setLabelCounts(tx, counts),
      tx.objectStore('sessions').delete(sessionId),
      tx.objectStore('chunks').delete(rangeOf([sessionId])),
      setTotals(tx, totals, { sessions: -1, bytes: -row.bytes }),
    ])
  }
  await tx.done
  return row !== undefined
}

/** Unless it was taken away meanwhile. */
async function setRecovered(database: Database, { id, chunks }: SessionRecord): Promise<void> {
  const sessions = writing(database).objectStore('sessions')
  const row = await sessions.get(id)
  if (row?.chunks === chunks) await sessions.put(rowOf({ ...recordOf(row), state: 'recovered' }))
}

async function totalsIn(tx: ReturnType<typeof writing>): Promise<StoreEstimate> {
  return (await tx.objectStore('totals').get('all')) ?? { sessions: 0, bytes: 0 }
}

function setTotals(tx: ReturnType<typeof writing>, before: StoreEstimate, more: StoreEstimate): Promise<unknown> {
  const totals = { sessions: before.sessions + more.sessions, bytes: before.bytes + more.bytes }
  return tx.objectStore('totals').put(totals, 'all')
}

/** What counts of labels become when a session that had `before` has `after`. */
async function labelCounts(tx: ReturnType<typeof writing>, before: string[], after: string[]) {
  const changes: [label: string, more: number][] = [
    ...after.filter((label) => !before.includes(label)).map((label): [string, number] => [label, 1]),
    ...before.filter((label) => !after.includes(label)).map((label): [string, number] => [label, -1]),
  ]
  const counts = tx.objectStore('labels')
  return Promise.all(
    changes.map(async ([label, more]): Promise<[string, number]> => [label, ((await counts.get(label)) ?? 0) + more]),
  )
}

function setLabelCounts(tx: ReturnType<typeof writing>, counts: [label: string, sessions: number][]): Promise<unknown> {
  const store = tx.objectStore('labels')
  return Promise.all(
    counts.map(([label, sessions]) => (sessions > 0 ? store.put(sessions, label) : store.delete(label))),
  )
}

function lockedError(sessionId: string): KymographError {
  return new KymographError(
    'session-locked',
    `session ${sessionId} is being written in another tab; stop it there first`,
  )
}
