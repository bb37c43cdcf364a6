import type { SessionRecord, SessionState } from './record.js'

/** A lookup, checked and normalised: times in Unix milliseconds, both ends inclusive of their millisecond. */
export interface Query {
  labels?: string[]
  labelsMode?: 'any' | 'all'
  notLabels?: string[]
  journeyId?: string
  sinceMs?: number
  untilMs?: number
  state?: SessionState
  minDurationMs?: number
  maxDurationMs?: number
  /** Sessions that have all of these streams. */
  streams?: string[]
  /** Sessions that have all of these entries. */
  metadata?: [key: string, value: string][]
  order?: 'newest' | 'oldest'
  limit?: number
  cursor?: string
}

export interface SessionPage {
  sessions: SessionRecord[]
  /** Continues behind the last session of this page; undefined at the end. */
  cursor?: string
}

/** Whether a session answers the query; a session is in a time range when it started in it. */
export function matches(record: SessionRecord, query: Query): boolean {
  const has = (label: string) => record.labels.includes(label)
  const startedMs = record.startedAt.getTime()
  const durationMs = record.endedAt.getTime() - startedMs
  const wanted = query.labels ?? []
  return (
    (wanted.length === 0 || (query.labelsMode === 'all' ? wanted.every(has) : wanted.some(has))) &&
    !(query.notLabels ?? []).some(has) &&
    (query.journeyId === undefined || record.journeyId === query.journeyId) &&
    (query.sinceMs === undefined || startedMs >= query.sinceMs) &&
    (query.untilMs === undefined || startedMs <= query.untilMs) &&
    (query.state === undefined || record.state === query.state) &&
    (query.minDurationMs === undefined || durationMs >= query.minDurationMs) &&
    (query.maxDurationMs === undefined || durationMs <= query.maxDurationMs) &&
    (query.streams ?? []).every((name) => record.streams.some((stream) => stream.name === name)) &&
    (query.metadata ?? []).every(
      ([key, value]) => Object.hasOwn(record.metadata, key) && record.metadata[key] === value,
    )
  )
}
