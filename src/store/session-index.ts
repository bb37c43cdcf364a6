import { cursorPosition, PageBuilder } from './cursor.js'
import { matches, type Query, type SessionPage } from './query.js'
import { compareLabels, type JourneyRecord, JourneyTally, type LabelRecord, type SessionRecord } from './record.js'
import { type Entry, merged, SessionList } from './session-list.js'

/**
 * A catalogue in memory: sessions by id, by label, by journey, each in order of their start. A lookup by label, journey
 * or time looks at no session outside of the smallest of these.
 */
export class SessionIndex {
  readonly #entries = new Map<string, Entry>()
  readonly #all = new SessionList()
  readonly #byLabel = new Map<string, SessionList>()
  readonly #byJourney = new Map<string, SessionList>()

  get size(): number {
    return this.#entries.size
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  get(id: string): SessionRecord | undefined {
    return this.#entries.get(id)?.record
  }

  /** All sessions, by start. */
  *records(): Generator<SessionRecord, void, undefined> {
    for (const { record } of this.#all) yield record
  }

  /** Adds a session, or says what is known of it now. */
  put(record: SessionRecord): void {
    const known = this.#entries.get(record.id)
    if (known && isFiledAlike(known.record, record)) {
      known.record = record
      return
    }
    this.delete(record.id)
    const entry: Entry = { id: record.id, startedMs: record.startedAt.getTime(), record }
    this.#entries.set(record.id, entry)
    for (const list of this.#listsOf(record)) list.add(entry)
  }

  delete(id: string): boolean {
    const entry = this.#entries.get(id)
    if (!entry) return false
    for (const list of this.#listsOf(entry.record)) list.remove(entry)
    for (const label of entry.record.labels) if (this.#byLabel.get(label)?.length === 0) this.#byLabel.delete(label)
    const { journeyId } = entry.record
    if (journeyId !== undefined && this.#byJourney.get(journeyId)?.length === 0) this.#byJourney.delete(journeyId)
    return this.#entries.delete(id)
  }

  /** @throws KymographError `bad-cursor`. */
  page(query: Query): SessionPage {
    const after = cursorPosition(query)
    const builder = new PageBuilder(query)
    const ranges = this.#smallestLists(query).map((list) => list.range(query, after))
    for (const { record } of ranges.length === 1 ? ranges[0]! : merged(ranges, query.order)) {
      if (matches(record, query) && builder.add(record)) break
    }
    return builder.page()
  }

  labels(): LabelRecord[] {
    return [...this.#byLabel].map(([label, list]) => ({ label, sessions: list.length })).sort(compareLabels)
  }

  journeys(): JourneyRecord[] {
    return tallyOf(this.#byJourney.values()).journeys()
  }

  journey(journeyId: string): JourneyRecord | undefined {
    return tallyOf([this.#byJourney.get(journeyId) ?? []]).journeys()[0]
  }

  /** The lists that hold every answer and, together, the fewest sessions. */
  #smallestLists({ labels = [], labelsMode, journeyId }: Query): SessionList[] {
    const none = new SessionList()
    const choices = [[this.#all]]
    if (journeyId !== undefined) choices.push([this.#byJourney.get(journeyId) ?? none])
    const lists = labels.map((label) => this.#byLabel.get(label) ?? none)
    if (labelsMode === 'all') for (const list of lists) choices.push([list])
    else if (lists.length > 0) choices.push(lists)
    const lengthOf = (choice: SessionList[]) => choice.reduce((sum, list) => sum + list.length, 0)
    return choices.reduce((best, choice) => (lengthOf(choice) <= lengthOf(best) ? choice : best))
  }

  #listsOf({ labels, journeyId }: SessionRecord): SessionList[] {
    const lists = [...new Set(labels)].map((label) => listIn(this.#byLabel, label))
    if (journeyId !== undefined) lists.push(listIn(this.#byJourney, journeyId))
    lists.push(this.#all)
    return lists
  }
}

function tallyOf(lists: Iterable<Iterable<Entry>>): JourneyTally {
  const tally = new JourneyTally()
  for (const list of lists) for (const { record } of list) tally.add(record)
  return tally
}

function listIn(lists: Map<string, SessionList>, key: string): SessionList {
  let list = lists.get(key)
  if (!list) {
    list = new SessionList()
    lists.set(key, list)
  }
  return list
}

/** Whether two records of a session stand in the same lists at the same places. */
function isFiledAlike(a: SessionRecord, b: SessionRecord): boolean {
  return (
    a.startedAt.getTime() === b.startedAt.getTime() &&
    a.journeyId === b.journeyId &&
    a.labels.length === b.labels.length &&
    a.labels.every((label, i) => label === b.labels[i])
  )
}
