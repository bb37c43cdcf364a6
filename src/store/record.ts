import type { ChannelDescriptor, Chunk, ClockName } from '../wire/model.js'

/** `recovered`: the session's writer has died before its final chunk, whether or not it has been closed since. */
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
  /** Closed after a crash: milliseconds, about, that may have been recorded behind the last frame and are lost. */
  tailMs?: number
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
  /** In the order of their first use. */
  labels: string[]
}

const nanosecondsToDate = (ns: bigint): Date => new Date(Number(ns / 1_000_000n))

/**
 * The record after one more chunk, whose frame has so many bytes. Counts in chunks are cumulative: but for its own
 * `chunks` and `bytes`, the first chunk, the last one and the amendments are enough to know a session.
 */
export function recordWith(before: SessionRecord | undefined, chunk: Chunk, frameByteLength: number): SessionRecord {
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
    chunks: base.chunks + 1,
    bytes: base.bytes + frameByteLength,
  }
  if (chunk.amendment) return record
  record.state = chunk.final || before?.state === 'stopped' ? 'stopped' : 'recording'
  if (chunk.final && chunk.tailNs !== undefined) {
    record.state = 'recovered'
    record.tailMs = Number(chunk.tailNs) / 1e6
  }
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

/** A label and how many sessions have it. */
export interface LabelRecord {
  label: string
  sessions: number
}

/** Sums sessions up to journeys; they come in the order of their starts within each journey. */
export class JourneyTally {
  readonly #journeys = new Map<string, Omit<JourneyRecord, 'labels'> & { labels: Set<string> }>()

  add({ journeyId, startedAt, endedAt, labels }: SessionRecord): void {
    if (journeyId === undefined) return
    let journey = this.#journeys.get(journeyId)
    if (!journey) {
      journey = { journeyId, sessions: 0, firstStartedAt: startedAt, lastEndedAt: endedAt, labels: new Set() }
      this.#journeys.set(journeyId, journey)
    }
    journey.sessions += 1
    if (endedAt > journey.lastEndedAt) journey.lastEndedAt = endedAt
    for (const label of labels) journey.labels.add(label)
  }

  /** The latest first. */
  journeys(): JourneyRecord[] {
    const journeys = [...this.#journeys.values()].map((journey) => ({ ...journey, labels: [...journey.labels] }))
    return journeys.sort(compareJourneys)
  }
}

function compareJourneys(a: JourneyRecord, b: JourneyRecord): number {
  return b.lastEndedAt.getTime() - a.lastEndedAt.getTime() || compareTexts(a.journeyId, b.journeyId)
}

/** The most used first. */
export function compareLabels(a: LabelRecord, b: LabelRecord): number {
  return b.sessions - a.sessions || compareTexts(a.label, b.label)
}

/** By code units: the same everywhere. */
function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
