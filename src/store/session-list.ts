import { comparePositions, type Position } from './cursor.js'
import type { Query } from './query.js'
import type { SessionRecord } from './record.js'

/** A session's place in lists; what is known of it may change, its place does not. */
export interface Entry extends Position {
  record: SessionRecord
}

/** Sessions by start time and id. Put in order when it is read, so that many can be added at once. */
export class SessionList {
  readonly #entries: Entry[] = []
  #isSorted = true

  get length(): number {
    return this.#entries.length
  }

  add(entry: Entry): void {
    const last = this.#entries.at(-1)
    if (last && comparePositions(last, entry) > 0) this.#isSorted = false
    this.#entries.push(entry)
  }

  remove(entry: Entry): void {
    const at = this.#firstAt((other) => comparePositions(other, entry) >= 0)
    if (this.#entries[at] === entry) this.#entries.splice(at, 1)
  }

  [Symbol.iterator](): Iterator<Entry> {
    return this.#sorted()[Symbol.iterator]()
  }

  /** Entries in the query's time range and behind `after`, in the query's order; none outside is looked at. */
  *range(query: Query, after: Position | undefined): Generator<Entry, void, undefined> {
    const { sinceMs, untilMs, order } = query
    let from = sinceMs === undefined ? 0 : this.#firstAt((entry) => entry.startedMs >= sinceMs)
    let to = untilMs === undefined ? this.length : this.#firstAt((entry) => entry.startedMs > untilMs)
    const entries = this.#sorted()
    if (order === 'oldest') {
      if (after)
        from = Math.max(
          from,
          this.#firstAt((entry) => comparePositions(entry, after) > 0),
        )
      for (let at = from; at < to; at++) yield entries[at]!
    } else {
      if (after)
        to = Math.min(
          to,
          this.#firstAt((entry) => comparePositions(entry, after) >= 0),
        )
      for (let at = to - 1; at >= from; at--) yield entries[at]!
    }
  }

  #sorted(): Entry[] {
    if (!this.#isSorted) this.#entries.sort(comparePositions)
    this.#isSorted = true
    return this.#entries
  }

  /** Index of the first entry that is so; those behind it are so too. */
  #firstAt(isBehind: (entry: Entry) => boolean): number {
    const entries = this.#sorted()
    let low = 0
    for (let high = entries.length; low < high; ) {
      const middle = (low + high) >> 1
      if (isBehind(entries[middle]!)) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Entries of several ranges of the same query as one, each once. */
export function* merged(ranges: Generator<Entry>[], order: Query['order']): Generator<Entry, void, undefined> {
  const direction = order === 'oldest' ? 1 : -1
  const heads = ranges.map((range) => range.next().value as Entry | undefined)
  for (;;) {
    let next: Entry | undefined
    for (const head of heads) {
      if (head && (!next || comparePositions(head, next) * direction < 0)) next = head
    }
    if (!next) return
    yield next
    for (const [index, head] of heads.entries()) {
      if (head === next) heads[index] = ranges[index]!.next().value as Entry | undefined
    }
  }
}
