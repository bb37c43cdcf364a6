import type { Chunk } from '../wire/model.js'
import type { SessionStore } from './port.js'
import { pageOf, type Query, type SessionPage } from './query.js'
import { type JourneyRecord, journeysOf, recordWith, type SessionRecord } from './record.js'

interface MemorySession {
  record: SessionRecord
  frames: Uint8Array[]
}

/** Keeps sessions in memory, for as long as the recorder lives. */
export class MemoryStore implements SessionStore {
  readonly summary = { kind: 'memory', durability: 'memory' } as const
  readonly #sessions = new Map<string, MemorySession>()

  async append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    const session = this.#sessions.get(chunk.sessionId)
    const record = recordWith(session?.record, chunk)
    record.chunks += 1
    record.bytes += frame.length
    const frames = session?.frames ?? []
    frames.push(frame.slice())
    this.#sessions.set(chunk.sessionId, { record, frames })
  }

  async release(sessionId: string): Promise<void> {
    const session = this.#sessions.get(sessionId)
    if (session?.record.state === 'recording') session.record = { ...session.record, state: 'recovered' }
  }

  async get(sessionId: string): Promise<SessionRecord | undefined> {
    return this.#sessions.get(sessionId)?.record
  }

  async page(query: Query): Promise<SessionPage> {
    return pageOf(this.#records(), query)
  }

  async journeys(): Promise<JourneyRecord[]> {
    return journeysOf(this.#records())
  }

  async chunkAt(sessionId: string, index: number): Promise<Uint8Array | undefined> {
    return this.#sessions.get(sessionId)?.frames[index]?.slice()
  }

  async delete(sessionId: string): Promise<boolean> {
    return this.#sessions.delete(sessionId)
  }

  async close(): Promise<void> {}

  *#records(): Generator<SessionRecord> {
    for (const session of this.#sessions.values()) yield session.record
  }
}
