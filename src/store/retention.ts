import type { SessionStore } from './port.js'
import type { SessionRecord } from './record.js'

/** How much a store keeps; sessions being recorded are kept whatever it says. */
export interface Retention {
  /** Bytes of all chunks: above it the oldest sessions go. */
  maxBytes?: number
  /** Milliseconds since a session ended, after which it goes. */
  maxAgeMs?: number
  /**
   * When there is no more room: `stop` (default) ends the session that needs it, with code `quota`; the others remove the
   * oldest sessions first, delivered ones only or all.
   */
  whenFull?: 'stop' | 'drop-oldest-delivered' | 'drop-oldest'
  /** False: a session goes once every sink has all of it. Default true. */
  keepDelivered?: boolean
  /** Whether all of a session has been delivered; none has where there is nobody to deliver to. */
  isDelivered?: (record: SessionRecord) => boolean
}

export interface Pruned {
  sessions: SessionRecord[]
  bytes: number
}

const PAGE_SESSIONS = 100

/** Removes what the retention does not keep, the oldest first. `nowMs`: Unix milliseconds. */
export async function pruneSessions(
  store: SessionStore,
  { maxBytes = Infinity, maxAgeMs = Infinity }: Retention,
  nowMs = Date.now(),
): Promise<Pruned> {
  const pruned: Pruned = { sessions: [], bytes: 0 }
  let { bytes } = await store.estimate()
  for await (const record of oldestSessions(store)) {
    // one that ended in time may have begun before one that did not
    if (bytes <= maxBytes && nowMs - record.startedAt.getTime() <= maxAgeMs) break
    const isTooOld = nowMs - record.endedAt.getTime() > maxAgeMs
    if (record.state === 'recording' || !(isTooOld || bytes > maxBytes)) continue
    if (!(await removed(store, record))) continue
    pruned.sessions.push(record)
    pruned.bytes += record.bytes
    bytes -= record.bytes
  }
  return pruned
}

export async function* oldestSessions(store: SessionStore): AsyncGenerator<SessionRecord, void, undefined> {
  for (let cursor: string | undefined; ; ) {
    const page = await store.page({ order: 'oldest', limit: PAGE_SESSIONS, cursor })
    yield* page.sessions
    cursor = page.cursor
    if (cursor === undefined) return
  }
}

/** False when somebody else has begun to write it, or was faster. */
async function removed(store: SessionStore, record: SessionRecord): Promise<boolean> {
  try {
    return await store.delete(record.id)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'session-locked') return false
    throw error
  }
}
