import type { Chunk } from '../wire/model.js'
import type { Query, SessionPage } from './query.js'
import type { JourneyRecord, SessionRecord } from './record.js'

export interface StoreSummary {
  kind: 'memory' | 'files'
  /** `durable`: a resolved `append` survives a crash and a power cut. */
  durability: 'memory' | 'durable'
}

/**
 * Where sessions live. One writer per session; any number of readers.
 *
 * Every method may reject with KymographError `storage-error` or `store-unusable`.
 */
export interface SessionStore {
  readonly summary: StoreSummary
  /** Takes one more chunk of a session: `frame` is its frame, borrowed. Resolves when it is as durable as the store gets. */
  append(chunk: Chunk, frame: Uint8Array): Promise<void>
  /** No more chunks will come; a session without a final chunk is `recovered` from now on. */
  release(sessionId: string): Promise<void>
  get(sessionId: string): Promise<SessionRecord | undefined>
  page(query: Query): Promise<SessionPage>
  journeys(): Promise<JourneyRecord[]>
  /** The chunk's frame at `index`, fresh; undefined past the end. */
  chunkAt(sessionId: string, index: number): Promise<Uint8Array | undefined>
  /** Removes the session; false when there was none. */
  delete(sessionId: string): Promise<boolean>
  close(): Promise<void>
}
