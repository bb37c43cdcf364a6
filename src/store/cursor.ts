import { KymographError } from '../errors.js'
import { PAGE_DEFAULT_SESSIONS } from '../limits.js'
import type { Query, SessionPage } from './query.js'
import type { SessionRecord } from './record.js'

/** Where a session stands in a listing: by start, then by id. */
export interface Position {
  startedMs: number
  id: string
}

export function comparePositions(a: Position, b: Position): number {
  return a.startedMs - b.startedMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

export function positionOf(record: SessionRecord): Position {
  return { startedMs: record.startedAt.getTime(), id: record.id }
}

/**
 * The last session of the page before, which a query goes on behind.
 *
 * @throws KymographError `bad-cursor` when it is no cursor, or one of another query.
 */
export function cursorPosition(query: Query): Position | undefined {
  if (query.cursor === undefined) return undefined
  const match = /^(-?\d{1,16})\.([0-9a-f-]{36})\.([0-9a-f]{8})$/.exec(query.cursor)
  if (!match) throw new KymographError('bad-cursor', '"cursor" is not one that a page returned; start again without it')
  if (match[3] !== fingerprint(query)) {
    throw new KymographError('bad-cursor', '"cursor" belongs to another query; start again without it')
  }
  return { startedMs: Number(match[1]), id: match[2]! }
}

/** Collects a page: found sessions are added in the order of the query until it is full. */
export class PageBuilder {
  readonly #query: Query
  readonly #limit: number
  readonly #sessions: SessionRecord[] = []
  #hasMore = false

  constructor(query: Query) {
    this.#query = query
    this.#limit = query.limit ?? PAGE_DEFAULT_SESSIONS
  }

  /** Takes a session that answers the query; true once no more are wanted. */
  add(record: SessionRecord): boolean {
    if (this.#sessions.length < this.#limit) this.#sessions.push(record)
    else this.#hasMore = true
    return this.#hasMore
  }

  page(): SessionPage {
    const last = this.#sessions.at(-1)
    const cursor = this.#hasMore && last ? formatCursor(positionOf(last), this.#query) : undefined
    return { sessions: this.#sessions, cursor }
  }
}

/** A cursor is `startedMs.id.query`: it only fits the query it came from. */
function formatCursor({ startedMs, id }: Position, query: Query): string {
  return `${startedMs}.${id}.${fingerprint(query)}`
}

/** FNV-1a over the query without its place and page size; tells queries apart, protects nothing. */
function fingerprint(query: Query): string {
  const text = JSON.stringify({ ...query, cursor: undefined, limit: undefined }, Object.keys(query).sort())
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
