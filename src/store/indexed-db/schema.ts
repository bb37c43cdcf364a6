import type { DBSchema, IDBPDatabase } from 'idb'
import type { DeliveryProgress } from '../ledger.js'
import type { SessionRecord, StreamRecord } from '../record.js'

/** By start and id: the order of every listing. */
export type PlaceKey = [startedMs: number, id: string]

/** A session as the database holds it: its record and the keys it is found by. */
export interface SessionRow extends Omit<SessionRecord, 'startedAt' | 'endedAt' | 'metadata'> {
  startedMs: number
  endedMs: number
  /** Keys are any text. */
  metadata: [key: string, value: string][]
  streams: StreamRecord[]
  /** A multi-entry index: one entry per label, each with the session's place. */
  labelKeys: [label: string, ...place: PlaceKey][]
  /** Only sessions that did not end well have it. */
  unfinished?: PlaceKey
}

export interface Totals {
  sessions: number
  bytes: number
}

export interface Schema extends DBSchema {
  sessions: {
    key: string
    value: SessionRow
    indexes: {
      time: PlaceKey
      journey: [journeyId: string, ...place: PlaceKey]
      label: [label: string, ...place: PlaceKey]
      unfinished: PlaceKey
    }
  }
  /** Frames, in the order they came. */
  chunks: { key: [sessionId: string, index: number]; value: Uint8Array }
  totals: { key: 'all'; value: Totals }
  /** Sessions that have the label. */
  labels: { key: string; value: number }
  /** What was delivered. */
  deliveries: { key: [sink: string, sessionId: string]; value: DeliveryProgress }
}

/** What is written together. */
export type StoreName = 'sessions' | 'chunks' | 'totals' | 'labels'

export type Database = IDBPDatabase<Schema>

export const SCHEMA_VERSION = 1

export function createSchema(database: Database): void {
  // every option: a page may have polluted Object.prototype
  const single = { unique: false, multiEntry: false }
  const keysOutside = { keyPath: null, autoIncrement: false }
  const sessions = database.createObjectStore('sessions', { keyPath: 'id', autoIncrement: false })
  sessions.createIndex('time', ['startedMs', 'id'], single)
  sessions.createIndex('journey', ['journeyId', 'startedMs', 'id'], single)
  sessions.createIndex('label', 'labelKeys', { unique: false, multiEntry: true })
  sessions.createIndex('unfinished', 'unfinished', single)
  database.createObjectStore('chunks', keysOutside)
  database.createObjectStore('totals', keysOutside)
  database.createObjectStore('labels', keysOutside)
  database.createObjectStore('deliveries', keysOutside)
}

export function rowOf(record: SessionRecord): SessionRow {
  const { startedAt, endedAt, metadata, ...rest } = record
  const place: PlaceKey = [startedAt.getTime(), record.id]
  const row: SessionRow = {
    ...rest,
    startedMs: place[0],
    endedMs: endedAt.getTime(),
    metadata: Object.entries(metadata),
    labelKeys: record.labels.map((label) => [label, ...place]),
  }
  // a key that is undefined would keep the session out of the database, not out of the index
  if (row.journeyId === undefined) delete row.journeyId
  if (record.state !== 'stopped') row.unfinished = place
  return row
}

export function recordOf(row: SessionRow): SessionRecord {
  const { startedMs, endedMs, metadata, labelKeys: _, unfinished: __, ...rest } = row
  return {
    ...rest,
    metadata: Object.fromEntries(metadata),
    startedAt: new Date(startedMs),
    endedAt: new Date(endedMs),
  }
}
