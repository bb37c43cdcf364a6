import type { ChannelDescriptor, Chunk, ClockName } from '../wire/model.js'

/** `recovered`: the session's final chunk is missing and nobody is writing it. */
export type SessionState = 'recording' | 'stopped' | 'recovered'

export interface StreamRecord {
  name: string
  clock: ClockName
  channels: ChannelDescriptor[]
  /** Frames in the session's chunks. */
  frames: number
  /** Of the frames that came, gaps left out; 0: unknown. */
  effectiveRateHz: number
  /** Rate of the uniform grid the frames are on; undefined: they are as they came. */
  resampledHz?: number
  gaps: number
  /** Frames lost, all reasons. */
  lost: number
  /** Coded bytes of the stream. */
  bytes: number
}

/** What a lookup returns of a session. */
export interface SessionRecord {
  id: string
  journeyId?: string
  labels: string[]
  labelsRevision: number
  metadata: Record<string, string>
  startedAt: Date
  endedAt: Date
  state: SessionState
  chunks: number
  /** Bytes of all chunks with their frames. */
  bytes: number
  streams: StreamRecord[]
}

/** Sessions that belong together. */
export interface JourneyRecord {
  journeyId: string
  sessions: number
  firstStartedAt: Date
  lastEndedAt: Date
  labels: string[]
}

const nanosecondsToDate = (ns: bigint): Date => new Date(Number(ns / 1_000_000n))

/**
 * The record after one more chunk. Counts in chunks are cumulative, so the first chunk, the last one and the
 * amendments are enough to know a session.
 */
export function recordWith(before: SessionRecord | undefined, chunk: Chunk): SessionRecord {
  const labelsAreNewer = before === undefined || chunk.labelsRevision >= before.labelsRevision
  const base = before ?? {
    id: chunk.sessionId,
    state: 'recording' as const,
    chunks: 0,
    bytes: 0,
    streams: [],
  }
  const record: SessionRecord = {
    ...base,
    journeyId: chunk.journeyId,
    labels: labelsAreNewer ? chunk.labels : before.labels,
    labelsRevision: labelsAreNewer ? chunk.labelsRevision : before.labelsRevision,
    metadata: Object.fromEntries(chunk.metadata),
    startedAt: nanosecondsToDate(chunk.startedAtNs),
    endedAt: chunk.amendment && before ? before.endedAt : nanosecondsToDate(chunk.endedAtNs),
  }
  if (chunk.amendment) return record
  if (chunk.final) record.state = 'stopped'
  record.streams = chunk.streams.map((piece) => ({
    name: piece.descriptor.name,
    clock: piece.descriptor.clock,
    channels: piece.descriptor.channels,
    frames: piece.firstFrame + piece.frameCount,
    effectiveRateHz: piece.effectiveRateHz,
    resampledHz: piece.descriptor.resampledHz,
    gaps: piece.counts.gaps,
    lost: Object.values(piece.counts.lost).reduce((sum, frames) => sum + frames, 0),
    bytes: piece.counts.bytes,
  }))
  return record
}

/** Journeys of the given sessions, the latest first. */
export function journeysOf(records: Iterable<SessionRecord>): JourneyRecord[] {
  const journeys = new Map<string, JourneyRecord>()
  for (const record of records) {
    if (record.journeyId === undefined) continue
    const journey = journeys.get(record.journeyId)
    if (!journey) {
      journeys.set(record.journeyId, {
        journeyId: record.journeyId,
        sessions: 1,
        firstStartedAt: record.startedAt,
        lastEndedAt: record.endedAt,
        labels: [...record.labels],
      })
      continue
    }
    journey.sessions += 1
    if (record.startedAt < journey.firstStartedAt) journey.firstStartedAt = record.startedAt
    if (record.endedAt > journey.lastEndedAt) journey.lastEndedAt = record.endedAt
    journey.labels = [...new Set([...journey.labels, ...record.labels])]
  }
  return [...journeys.values()].sort((a, b) => b.lastEndedAt.getTime() - a.lastEndedAt.getTime())
}
