import { decodeChunk, decodeFrame, encodeChunk, encodeFrame } from '../wire/index.js'
import type { Chunk } from '../wire/model.js'
import type { SessionStore } from './port.js'
import type { SessionRecord } from './record.js'

/** A session that was closed after its writer had died. */
export interface Recovery {
  session: SessionRecord
  /** By stream: frames, about, that may have been recorded behind the last one stored, at most. */
  tailFrames: Record<string, number>
}

/** Distances of so many chunks at the end tell how long one may have been open. */
const CHUNKS_CONSIDERED = 8
const PAGE_SESSIONS = 100

/**
 * Closes every session whose writer has died: appends a final chunk, in a new epoch, without frames. What was in the
 * open chunk is lost; its extent is estimated, as the longest distance of the last chunks, and said in that chunk.
 * Sessions that another writer has taken up or removed meanwhile, and those without a readable chunk, are left alone.
 */
export async function recoverSessions(store: SessionStore): Promise<Recovery[]> {
  const recoveries: Recovery[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await store.page({ state: 'recovered', limit: PAGE_SESSIONS, cursor })
    for (const record of page.sessions) {
      const recovery =
        record.state === 'recovered' && record.tailMs === undefined ? await closeSession(store, record) : undefined
      if (recovery) recoveries.push(recovery)
    }
    cursor = page.cursor
    if (cursor === undefined) return recoveries
  }
}

async function closeSession(store: SessionStore, record: SessionRecord): Promise<Recovery | undefined> {
  const chunks = await lastChunks(store, record)
  const last = chunks.find((chunk) => !chunk.amendment)
  if (!last) return undefined
  const tailNs = longestDistanceNs(chunks)
  const final: Chunk = {
    ...last,
    epoch: last.epoch + 1,
    seq: Math.max(...chunks.map(({ seq }) => seq)) + 1,
    final: true,
    labels: record.labels,
    labelsRevision: record.labelsRevision,
    clocks: last.clocks.slice(-1),
    streams: last.streams.map((piece) => ({
      ...piece,
      firstFrame: piece.firstFrame + piece.frameCount,
      frameCount: 0,
      time: new Uint8Array(0),
      columns: piece.columns.map(() => ({ column: new Uint8Array(0) })),
      gaps: [],
    })),
    marks: [],
    tailNs,
  }
  try {
    await store.append(final, encodeFrame(final, encodeChunk(final)))
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'session-locked' || code === 'not-found') return undefined
    throw error
  } finally {
    await store.release(record.id)
  }
  const tailSeconds = Number(tailNs) / 1e9
  const tailFrames = last.streams.map(({ descriptor, effectiveRateHz }): [string, number] => [
    descriptor.name,
    Math.ceil(tailSeconds * effectiveRateHz),
  ])
  return { session: (await store.get(record.id)) ?? record, tailFrames: Object.fromEntries(tailFrames) }
}

/** The last chunks that can be read, the latest first, and the amendments among them. */
async function lastChunks(store: SessionStore, record: SessionRecord): Promise<Chunk[]> {
  const chunks: Chunk[] = []
  let considered = 0
  for (let index = record.chunks - 1; index >= 0 && considered <= CHUNKS_CONSIDERED; index--) {
    const frame = await store.chunkAt(record.id, index).catch(() => undefined)
    try {
      const chunk = frame && decodeChunk(decodeFrame(frame).payload)
      if (!chunk) continue
      chunks.push(chunk)
      if (!chunk.amendment) considered += 1
    } catch {
      // damaged since: those before it will do
    }
  }
  return chunks
}

/** At least a nanosecond: 0 would say that nothing was cut off. */
function longestDistanceNs(latestFirst: Chunk[]): bigint {
  const ends = latestFirst.filter(({ amendment }) => !amendment).map(({ endedAtNs }) => endedAtNs)
  ends.push(latestFirst.at(-1)!.startedAtNs)
  let longest = 1n
  for (let i = 1; i < ends.length; i++) {
    const distance = ends[i - 1]! - ends[i]!
    // from the start only where the first chunk was among them
    const isFromStart = i === ends.length - 1
    if (distance > longest && !(isFromStart && latestFirst.at(-1)!.seq > 0)) longest = distance
  }
  return longest
}
