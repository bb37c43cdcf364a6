import { readFrameHeader } from '../wire/index.js'
import type { Chunk } from '../wire/model.js'
import type { SessionStore, StoreEstimate, StoreSummary } from './port.js'
import type { Query, SessionPage } from './query.js'
import { type JourneyRecord, type LabelRecord, recordWith, type SessionRecord } from './record.js'
import { SessionIndex } from './session-index.js'
import { refuseUnlessNext } from './succession.js'

/** Keeps sessions in memory, for as long as the recorder lives. */
export class MemoryStore implements SessionStore {
  readonly summary: StoreSummary
  readonly #index = new SessionIndex()
  readonly #frames = new Map<string, Uint8Array[]>()
  #bytes = 0

  /** reason: why it stands in for another store. */
  constructor(reason?: string) {
    this.summary = { kind: 'memory', durability: 'memory', reason }
  }

  async append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    const { sessionId } = chunk
    const frames = this.#frames.get(sessionId) ?? []
    const last = frames.at(-1)
    refuseUnlessNext(chunk, last && readFrameHeader(last))
    this.#index.put(recordWith(this.#index.get(sessionId), chunk, frame.length))
    // not slice(): that of a Node Buffer is a view
    frames.push(new Uint8Array(frame))
    this.#frames.set(sessionId, frames)
    this.#bytes += frame.length
  }

  async release(sessionId: string): Promise<void> {
    const record = this.#index.get(sessionId)
    if (record?.state === 'recording') this.#index.put({ ...record, state: 'recovered' })
  }

  async get(sessionId: string): Promise<SessionRecord | undefined> {
    return this.#index.get(sessionId)
  }

  async page(query: Query): Promise<SessionPage> {
    return this.#index.page(query)
  }

  async journeys(): Promise<JourneyRecord[]> {
    return this.#index.journeys()
  }

  async journey(journeyId: string): Promise<JourneyRecord | undefined> {
    return this.#index.journey(journeyId)
  }

  async labels(): Promise<LabelRecord[]> {
    return this.#index.labels()
  }

  async chunkAt(sessionId: string, index: number): Promise<Uint8Array | undefined> {
    return this.#frames.get(sessionId)?.[index]?.slice()
  }

  async delete(sessionId: string): Promise<boolean> {
    this.#bytes -= this.#index.get(sessionId)?.bytes ?? 0
    this.#frames.delete(sessionId)
    return this.#index.delete(sessionId)
  }

  forget(sessionId: string): Promise<boolean> {
    return this.delete(sessionId)
  }

  async estimate(): Promise<StoreEstimate> {
    return { sessions: this.#index.size, bytes: this.#bytes }
  }

  async close(): Promise<void> {}
}
