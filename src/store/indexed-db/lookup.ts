import type { IDBPIndex, IDBPObjectStore } from 'idb'
import { comparePositions, type Position } from '../cursor.js'
import type { Query } from '../query.js'
import type { Schema, SessionRow, StoreName } from './schema.js'

type Sessions = IDBPObjectStore<Schema, StoreName[], 'sessions'>
type SessionIndexName = 'time' | 'journey' | 'label' | 'unfinished'

/** Entries of an index that begin alike, as `[label]` does for all sessions with that label. */
interface Source {
  index: IDBPIndex<Schema, StoreName[], 'sessions', SessionIndexName>
  prefix: string[]
}

/** Above every number and text (Indexed Database API, compare two keys). */
const BEHIND: IDBValidKey = []

/** All of a journey or label. */
export function rangeOf(prefix: IDBValidKey[]): IDBKeyRange {
  return IDBKeyRange.bound(prefix, [...prefix, BEHIND])
}

/** Rows that may answer the query, in its order, each once: of the smallest part of the database that has them all. */
export async function* rowsFor(
  sessions: Sessions,
  query: Query,
  after: Position | undefined,
): AsyncGenerator<SessionRow, void, undefined> {
  const sources = await sourcesFor(sessions, query)
  const direction = query.order === 'oldest' ? 'next' : 'prev'
  const sign = query.order === 'oldest' ? 1 : -1
  const cursors = await Promise.all(
    sources.map(({ index, prefix }) => {
      const range = placesIn(prefix, query, after)
      return range && index.openCursor(range, direction)
    }),
  )
  for (;;) {
    const heads = cursors.flatMap((cursor) => (cursor ? [cursor.value] : []))
    if (heads.length === 0) return
    const row = heads.reduce((next, head) => (comparePositions(head, next) * sign < 0 ? head : next))
    yield row
    await Promise.all(
      cursors.map(async (cursor, i) => {
        if (cursor?.value.id === row.id) cursors[i] = await cursor.continue()
      }),
    )
  }
}

async function sourcesFor(sessions: Sessions, { labels = [], labelsMode, journeyId, state }: Query): Promise<Source[]> {
  const source = (name: SessionIndexName, ...prefix: string[]): Source => ({ index: sessions.index(name), prefix })
  if (journeyId !== undefined) return [source('journey', journeyId)]
  if (state === 'recording' || state === 'recovered') return [source('unfinished')]
  const byLabel = [...new Set(labels)].map((label) => source('label', label))
  if (byLabel.length === 0) return [source('time')]
  if (labelsMode !== 'all' || byLabel.length === 1) return byLabel
  const counts = await Promise.all(byLabel.map(({ index, prefix }) => index.count(rangeOf(prefix))))
  return [byLabel[counts.indexOf(Math.min(...counts))]!]
}

/** Places in the query's time range and behind `after`; undefined when there are none. */
function placesIn(prefix: string[], query: Query, after: Position | undefined): IDBKeyRange | undefined {
  const { sinceMs, untilMs, order } = query
  let lower: IDBValidKey = sinceMs === undefined ? prefix : [...prefix, sinceMs]
  let upper: IDBValidKey = untilMs === undefined ? [...prefix, BEHIND] : [...prefix, untilMs, BEHIND]
  const behind = after && [...prefix, after.startedMs, after.id]
  const isOpen = (bound: IDBValidKey) => bound === behind
  if (behind && order === 'oldest' && indexedDB.cmp(behind, lower) > 0) lower = behind
  if (behind && order !== 'oldest' && indexedDB.cmp(behind, upper) < 0) upper = behind
  const compared = indexedDB.cmp(lower, upper)
  if (compared > 0 || (compared === 0 && (isOpen(lower) || isOpen(upper)))) return undefined
  return IDBKeyRange.bound(lower, upper, isOpen(lower), isOpen(upper))
}
