import type { Chunk } from '../wire/model.js'
import { type DeliveryLedger, MemoryLedger } from './ledger.js'
import type { Dropped, SessionStore, StoreEstimate, StoreSummary } from './port.js'
import type { Query, SessionPage } from './query.js'
import type { JourneyRecord, LabelRecord, SessionRecord } from './record.js'
import { oldestSessions, pruneSessions, type Retention } from './retention.js'

/** Sessions that may go at once when there is no room for one chunk. */
const DROPPED_AT_ONCE_MAX = 100

export interface RetainingEvents {
  /** Whether a session is being recorded by whom this store serves, though its store may not know of it yet. */
  isRecording(sessionId: string): boolean
  /** Sessions were removed to make room, or because they are no longer kept. */
  onDropped(sessions: SessionRecord[], reason: 'full' | 'retention'): void
  onStored(sessionId: string): void
  onRemoved(sessionId: string): void
}

/**
 * A store that keeps what its retention says: looks after each session that ends, and where there is no more room does
 * what `whenFull` says.
 */
export class RetainingStore implements SessionStore {
  readonly #inner: SessionStore
  readonly #retention: Retention
  readonly #events: RetainingEvents
  readonly #dropped: Dropped = { sessions: 0, frames: 0, bytes: 0 }
  #upkeep: Promise<unknown> = Promise.resolve()

  constructor(inner: SessionStore, retention: Retention, events: RetainingEvents) {
    this.#inner = inner
    this.#retention = retention
    this.#events = events
  }

  get summary(): StoreSummary {
    return this.#inner.summary
  }

  async append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    await this.#appendOrDrop(chunk, frame)
    this.#events.onStored(chunk.sessionId)
  }

  async #appendOrDrop(chunk: Chunk, frame: Uint8Array): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#inner.append(chunk, frame)
      } catch (cause) {
        const isFull = (cause as { code?: unknown }).code === 'quota'
        if (!isFull || tries === DROPPED_AT_ONCE_MAX || !(await this.#dropOldest())) throw cause
      }
    }
  }

  async release(sessionId: string): Promise<void> {
    await this.#inner.release(sessionId)
    this.prune()
  }

  /** Removes what is no longer kept, one round at a time. */
  prune(): void {
    const { maxBytes, maxAgeMs } = this.#retention
    if (maxBytes === undefined && maxAgeMs === undefined) return
    this.#upkeep = this.#upkeep.then(async () => {
      // what fails now is tried again after the next session
      const pruned = await pruneSessions(this, this.#retention).catch(() => undefined)
      if (pruned) this.#noteDropped(pruned.sessions, 'retention')
    })
  }

  async get(sessionId: string): Promise<SessionRecord | undefined> {
    const record = await this.#inner.get(sessionId)
    return record && this.#asKnown(record)
  }

  async page(query: Query): Promise<SessionPage> {
    const { sessions, cursor } = await this.#inner.page(query)
    return { sessions: sessions.map((record) => this.#asKnown(record)), cursor }
  }

  async claim(sessionId: string): Promise<void> {
    await this.#inner.claim?.(sessionId)
  }

  journeys(): Promise<JourneyRecord[]> {
    return this.#inner.journeys()
  }

  journey(journeyId: string): Promise<JourneyRecord | undefined> {
    return this.#inner.journey(journeyId)
  }

  labels(): Promise<LabelRecord[]> {
    return this.#inner.labels()
  }

  chunkAt(sessionId: string, index: number): Promise<Uint8Array | undefined> {
    return this.#inner.chunkAt(sessionId, index)
  }

  async delete(sessionId: string): Promise<boolean> {
    const wasThere = await this.#inner.delete(sessionId)
    this.#events.onRemoved(sessionId)
    return wasThere
  }

  async forget(sessionId: string): Promise<boolean> {
    const wasThere = await this.#inner.forget(sessionId)
    this.#events.onRemoved(sessionId)
    return wasThere
  }

  ledger(sink: string): DeliveryLedger {
    return this.#inner.ledger?.(sink) ?? new MemoryLedger()
  }

  async estimate(): Promise<StoreEstimate> {
    const estimate = await this.#inner.estimate()
    return this.#dropped.sessions === 0 ? estimate : { ...estimate, dropped: { ...this.#dropped } }
  }

  async close(): Promise<void> {
    await this.#upkeep
    await this.#inner.close()
  }

  /** False when the policy, or what is stored, has nothing to drop. */
  async #dropOldest(): Promise<boolean> {
    const { whenFull = 'stop', isDelivered } = this.#retention
    if (whenFull === 'stop') return false
    for await (const record of oldestSessions(this.#inner)) {
      if (record.state === 'recording' || (whenFull === 'drop-oldest-delivered' && !isDelivered?.(record))) continue
      if (!(await this.delete(record.id).catch(() => false))) continue
      this.#noteDropped([record], 'full')
      return true
    }
    return false
  }

  /** A session whose worker was replaced is being recorded, not cut off. */
  #asKnown(record: SessionRecord): SessionRecord {
    const isTakenUp = record.state === 'recovered' && record.tailMs === undefined && this.#events.isRecording(record.id)
    return isTakenUp ? { ...record, state: 'recording' } : record
  }

  #noteDropped(sessions: SessionRecord[], reason: 'full' | 'retention'): void {
    if (sessions.length === 0) return
    for (const { bytes, streams } of sessions) {
      this.#dropped.sessions += 1
      this.#dropped.bytes += bytes
      this.#dropped.frames += streams.reduce((sum, { frames }) => sum + frames, 0)
    }
    this.#events.onDropped(sessions, reason)
  }
}
