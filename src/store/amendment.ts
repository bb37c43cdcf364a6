import { KymographError } from '../errors.js'
import { decodeChunk, decodeFrame, encodeChunk, encodeFrame } from '../wire/index.js'
import type { Chunk } from '../wire/model.js'
import type { SessionStore } from './port.js'
import type { SessionRecord } from './record.js'

/** Gives a finished session other labels: appends an amendment chunk, so that a rebuilt catalogue has them too. */
export async function amendLabels(store: SessionStore, sessionId: string, labels: string[]): Promise<SessionRecord> {
  const record = await store.get(sessionId)
  const lastFrame = record && (await store.chunkAt(sessionId, record.chunks - 1))
  if (!record || !lastFrame) throw new KymographError('not-found', `no session ${sessionId} in the store`)
  const last = decodeChunk(decodeFrame(lastFrame).payload)
  const amendment: Chunk = {
    ...last,
    seq: last.seq + 1,
    final: false,
    amendment: true,
    labels,
    labelsRevision: record.labelsRevision + 1,
    clocks: [],
    streams: [],
    marks: [],
  }
  try {
    await store.append(amendment, encodeFrame(amendment, encodeChunk(amendment)))
  } finally {
    await store.release(sessionId)
  }
  return (await store.get(sessionId)) ?? record
}
