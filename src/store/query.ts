import { KymographError } from '../errors.js'
import { PAGE_DEFAULT_SESSIONS } from '../limits.js'
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

/** One page of the records that answer the query, by start time and then id. */
export function pageOf(records: Iterable<SessionRecord>, query: Query): SessionPage {
  const newestFirst = query.order !== 'oldest'
  const after = query.cursor === undefined ? undefined : parseCursor(query.cursor, query)
  const isBehind = (record: SessionRecord) => after === undefined || compare(record, after) * (newestFirst ? -1 : 1) > 0
  const found = [...records].filter((record) => matches(record, query) && isBehind(record)).sort(compare)
  if (newestFirst) found.reverse()
  const limit = query.limit ?? PAGE_DEFAULT_SESSIONS
  const sessions = found.slice(0, limit)
  const last = sessions.at(-1)
  return { sessions, cursor: found.length > limit && last ? formatCursor(last, query) : undefined }
}

type Position = Pick<SessionRecord, 'id' | 'startedAt'>

function compare(a: Position, b: Position): number {
  return a.startedAt.getTime() - b.startedAt.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** A cursor is `startMs.id.query`: it only fits the query it came from. */
function formatCursor(position: Position, query: Query): string {
  return `${position.startedAt.getTime()}.${position.id}.${fingerprint(query)}`
}

function parseCursor(cursor: string, query: Query): Position {
  const match = /^(-?\d{1,16})\.([0-9a-f-]{36})\.([0-9a-f]{8})$/.exec(cursor)
  if (!match) throw new KymographError('bad-cursor', '"cursor" is not one that a page returned; start again without it')
  if (match[3] !== fingerprint(query)) {
    throw new KymographError('bad-cursor', '"cursor" belongs to another query; start again without it')
  }
  return { startedAt: new Date(Number(match[1])), id: match[2] ?? '' }
}

/** FNV-1a over the query without its place and page size; tells queries apart, protects nothing. */
function fingerprint(query: Query): string {
  const text = JSON.stringify({ ...query, cursor: undefined, limit: undefined }, Object.keys(query).sort())
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
