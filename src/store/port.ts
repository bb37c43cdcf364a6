import type { Chunk } from '../wire/model.js'
import type { DeliveryLedger } from './ledger.js'
import type { Query, SessionPage } from './query.js'
import type { JourneyRecord, LabelRecord, SessionRecord } from './record.js'

export interface StoreSummary {
  /** `memory`, `files`, `indexeddb`, or the name of a store of the application's own. */
  kind: 'memory' | 'files' | 'indexeddb' | (string & {})
  /** `durable`: a resolved `append` survives a crash and a power cut. */
  durability: 'memory' | 'durable'
  /** Why it is not the store that was asked for. */
  reason?: string
  /** Sessions that were there when the store was last open and that nobody has removed: taken by the browser, or by hand. */
  gone?: GoneSession[]
}

/** What is still known of a session whose chunks are gone. */
export interface GoneSession {
  id: string
  labels: string[]
  journeyId?: string
  startedAt: Date
  endedAt: Date
  chunks: number
  frames: number
}

/** Told while a store is open. */
export interface StoreEvents {
  /** Chunks of a session that is being written were taken away under it. */
  onEvicted(message: string, sessionId: string): void
}

/** What a store holds. */
export interface StoreEstimate {
  sessions: number
  /** Bytes of all chunks with their frames. */
  bytes: number
  /** What was removed by retention or for want of room since the store was opened, if anything was. */
  dropped?: Dropped
}

export interface Dropped {
  sessions: number
  frames: number
  bytes: number
}

/**
 * Where sessions live. One writer per session; any number of readers.
 *
 * A chunk and what it changes in the catalogue become visible and durable together. Every method may reject with
 * KymographError `storage-error` or `store-unusable`. {@link storeConformance} holds a store to all of this.
 */
export interface SessionStore {
  readonly summary: StoreSummary
  /**
   * Takes one more chunk of a session: `frame` is its frame, borrowed until return. Resolves when it is as durable as
   * the store gets; a chunk that is refused leaves nothing behind.
   *
   * @throws KymographError `session-locked` when somebody else is writing the session, or has written it since: the chunk
   *   does not come behind its last one by epoch and number; `not-found` for an amendment, or the end given to a session
   *   that was cut off, of a session that is not there (any more).
   */
  append(chunk: Chunk, frame: Uint8Array): Promise<void>
  /** Takes the session for writing, where it goes on, before there is a chunk; `append` does so as well. @throws as `append`. */
  claim?(sessionId: string): Promise<void>
  /** No more chunks will come from here; a session without a final chunk is `recovered` from now on. */
  release(sessionId: string): Promise<void>
  get(sessionId: string): Promise<SessionRecord | undefined>
  /** @throws KymographError `bad-cursor` for a cursor that is none, or of another query. */
  page(query: Query): Promise<SessionPage>
  /** All journeys, the latest first. */
  journeys(): Promise<JourneyRecord[]>
  journey(journeyId: string): Promise<JourneyRecord | undefined>
  /** All labels, the most used first. */
  labels(): Promise<LabelRecord[]>
  /** The chunk's frame at `index`, fresh; undefined past the end. */
  chunkAt(sessionId: string, index: number): Promise<Uint8Array | undefined>
  /** Removes the session; false when there was none. @throws KymographError `session-locked`. */
  delete(sessionId: string): Promise<boolean>
  /** The same, and leaves no trace of it in anything the store can write to. */
  forget(sessionId: string): Promise<boolean>
  estimate(): Promise<StoreEstimate>
  /** What was delivered to a sink, kept with the sessions; without it, it is kept in memory. */
  ledger?(sink: string): DeliveryLedger
  close(): Promise<void>
}
