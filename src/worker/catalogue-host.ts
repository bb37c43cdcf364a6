import { KymographError } from '../errors.js'
import { amendLabels } from '../store/amendment.js'
import type { SessionStore, StoreEstimate } from '../store/port.js'
import type { SessionPage } from '../store/query.js'
import type { JourneyRecord, LabelRecord, SessionRecord } from '../store/record.js'
import { type Recovery, recoverSessions } from '../store/recovery.js'
import { type Pruned, pruneSessions } from '../store/retention.js'
import { resolveJourneyId } from './checks/journey.js'
import { normalizeLabels } from './checks/labels.js'
import { checkSessionId, toQuery } from './checks/lookup.js'
import { checkRetention } from './checks/retention.js'

/** Answers what an application asks of a store, and checks what it gave. */
export class CatalogueHost<Store extends SessionStore = SessionStore> {
  readonly store: Store
  /** Whether a session is being recorded here. */
  readonly #isRecording: (sessionId: string) => boolean
  #amended: Promise<unknown> = Promise.resolve()

  constructor(store: Store, isRecording: (sessionId: string) => boolean = () => false) {
    this.store = store
    this.#isRecording = isRecording
  }

  page(lookup: unknown): Promise<SessionPage> {
    return this.store.page(toQuery(lookup))
  }

  get(id: unknown): Promise<SessionRecord | undefined> {
    return this.store.get(checkSessionId(id))
  }

  async setLabels(given: unknown, labels: unknown): Promise<SessionRecord> {
    const id = checkSessionId(given)
    const normalized = normalizeLabels(labels)
    this.#refuseRecording(id, 'use setLabels of the session itself')
    return this.#inTurn(() => amendLabels(this.store, id, normalized))
  }

  /** tracelessly: nothing in the store tells of it any more. */
  async delete(given: unknown, tracelessly = false): Promise<boolean> {
    const id = checkSessionId(given)
    this.#refuseRecording(id, 'stop it first')
    return tracelessly ? this.store.forget(id) : this.store.delete(id)
  }

  journeys(): Promise<JourneyRecord[]> {
    return this.store.journeys()
  }

  async journey(journeyId: unknown): Promise<JourneyRecord | undefined> {
    return this.store.journey(resolveJourneyId({ journeyId: journeyId as string }) ?? '')
  }

  labels(): Promise<LabelRecord[]> {
    return this.store.labels()
  }

  recover(): Promise<Recovery[]> {
    return this.#inTurn(() => recoverSessions(this.store))
  }

  async prune(retention: unknown): Promise<Pruned> {
    return pruneSessions(this.store, checkRetention(retention))
  }

  estimate(): Promise<StoreEstimate> {
    return this.store.estimate()
  }

  /** One after the other: each builds on the chunk before. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#amended.then(step)
    this.#amended = done.catch(() => {})
    return done
  }

  #refuseRecording(id: string, remedy: string): void {
    if (this.#isRecording(id)) throw new KymographError('wrong-state', `session ${id} is being recorded; ${remedy}`)
  }
}
