import type { SessionStore } from './port.js'
import type { SessionRecord } from './record.js'

/** How much a store keeps; sessions being recorded are kept whatever it says. */
export interface Retention {
  /** Bytes of all chunks: above it the oldest sessions go. */
  maxBytes?: number
  /** Milliseconds since a session ended, after which it goes. */
  maxAgeMs?: number
}

export interface Pruned {
  sessions: SessionRecord[]
  bytes: number
}

const PAGE_SESSIONS = 500

/** Removes what the retention does not keep, the oldest first. `nowMs`: Unix milliseconds. */
export async function pruneSessions(
  store: SessionStore,
  { maxBytes = Infinity, maxAgeMs = Infinity }: Retention,
  nowMs = Date.now(),
): Promise<Pruned> {
  const pruned: Pruned = { sessions: [], bytes: 0 }
  let { bytes } = await store.estimate()
  for (let cursor: string | undefined; ; ) {
    const page = await store.page({ order: 'oldest', limit: PAGE_SESSIONS, cursor })
    for (const record of page.sessions) {
      const isTooOld = nowMs - record.endedAt.getTime() > maxAgeMs
      if (bytes <= maxBytes && maxAgeMs === Infinity) return pruned
      if (record.state === 'recording' || !(isTooOld || bytes > maxBytes)) continue
      if (!(await removed(store, record))) continue
      pruned.sessions.push(record)
      pruned.bytes += record.bytes
      bytes -= record.bytes
    }
    cursor = page.cursor
    if (cursor === undefined) return pruned
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
