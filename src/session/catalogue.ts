import { PAGE_MAX_SESSIONS } from '../limits.js'
import type { Lookup } from '../worker/checks/lookup.js'
import { ownFields } from '../worker/checks/text.js'
import type { RecorderClient } from '../worker/client.js'
import type {
  JourneyRecord,
  LabelRecord,
  Pruned,
  Recovery,
  Retention,
  SessionPage,
  SessionRecord,
  StoredChunk,
  StoreEstimate,
} from '../worker/protocol.js'

/** The sessions in the recorder's store. */
export class SessionCatalogue {
  readonly #client: RecorderClient

  constructor(client: RecorderClient) {
    this.#client = client
  }

  /** All sessions that answer the lookup, page by page; `limit` bounds them all. */
  async *find(lookup: Lookup = {}): AsyncGenerator<SessionRecord, void, undefined> {
    // what is no lookup is refused there
    if (typeof lookup !== 'object' || lookup === null) await this.page(lookup)
    let { limit: left = Infinity, cursor } = ownFields(lookup) as Lookup
    do {
      const page = await this.page({ ...lookup, limit: Math.min(left, PAGE_MAX_SESSIONS), cursor })
      yield* page.sessions
      left -= page.sessions.length
      cursor = page.cursor
    } while (cursor !== undefined && left > 0)
  }

  /** One page of sessions, the newest first unless `order` says otherwise, and the cursor to the next. */
  async page(lookup: Lookup = {}): Promise<SessionPage> {
    return this.#client.call('page', lookup)
  }

  /** A session by id; undefined when the store has none. */
  async get(id: string): Promise<SessionRecord | undefined> {
    return this.#client.call('get', id)
  }

  /** The chunks a session has by now, read from the store one at a time; a session hands over its own as they come. */
  async *chunks(id: string): AsyncGenerator<StoredChunk, void, undefined> {
    for (let index = 0; ; index++) {
      const chunk = await this.#client.call('chunkAt', id, index)
      if (!chunk) return
      yield chunk
    }
  }

  /** Gives a finished session other labels. */
  async setLabels(id: string, labels: string[]): Promise<SessionRecord> {
    return this.#client.call('setLabels', id, labels)
  }

  /** Removes a session with all its chunks; false when there was none. */
  async delete(id: string): Promise<boolean> {
    return this.#client.call('deleteSession', id)
  }

  /** The same, and leaves no trace of it in the store. */
  async forget(id: string): Promise<boolean> {
    return this.#client.call('deleteSession', id, true)
  }

  /** Closes the sessions whose recorder has died, and says what each may have lost; their state stays `recovered`. */
  async recover(): Promise<Recovery[]> {
    return this.#client.call('recover')
  }

  /** Removes the oldest sessions until the rest is young and small enough. */
  async prune(retention: Retention): Promise<Pruned> {
    return this.#client.call('prune', retention)
  }

  /** How much the store holds. */
  async estimate(): Promise<StoreEstimate> {
    return this.#client.call('estimate')
  }
}

/** The labels in the recorder's store. */
export class LabelCatalogue {
  readonly #client: RecorderClient

  constructor(client: RecorderClient) {
    this.#client = client
  }

  /** All labels and how many sessions have each, the most used first. */
  async list(): Promise<LabelRecord[]> {
    return this.#client.call('labels')
  }
}

/** The journeys in the recorder's store. */
export class JourneyCatalogue {
  readonly #client: RecorderClient

  constructor(client: RecorderClient) {
    this.#client = client
  }

  /** All journeys, the latest first. */
  async list(): Promise<JourneyRecord[]> {
    return this.#client.call('journeys')
  }

  async get(journeyId: string): Promise<JourneyRecord | undefined> {
    return this.#client.call('journey', journeyId)
  }
}
