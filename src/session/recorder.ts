import { KymographError } from '../errors.js'
import type { SessionOptions } from '../worker/checks/session-options.js'
import { type ClientOptions, RecorderClient } from '../worker/client.js'
import type { PageSide, RecorderDeliveries } from '../worker/page-side.js'
import type { Capabilities, SessionSummary, Transport } from '../worker/protocol.js'
import { disposeAsyncBy } from './async-dispose.js'
import type * as AutoJourney from './auto-journey.js'
import { JourneyCatalogue, LabelCatalogue, SessionCatalogue } from './catalogue.js'
import { SessionEvent, type SessionEventTarget } from './events.js'
import { watchPage } from './page-life.js'
import { Session } from './session.js'

/** What recorders have on some platforms only. */
export interface RecorderPlatform {
  consent?: 'granted' | 'required'
  loadJourney?: () => Promise<typeof AutoJourney>
}

/**
 * Creates sessions and finds them again. Made by `createRecorder`.
 *
 * An EventTarget: `warning` when a worker was lost and replaced, a {@link SessionEvent}; sessions get it too.
 */
export class Recorder extends (EventTarget as new () => SessionEventTarget<'warning'>) {
  declare readonly [Symbol.asyncDispose]: () => Promise<void>
  readonly sessions: SessionCatalogue
  readonly journeys: JourneyCatalogue
  readonly labels: LabelCatalogue
  readonly #client: RecorderClient
  readonly #transport: Transport
  readonly #active = new Set<Session>()
  readonly #platform: RecorderPlatform
  /** What the next engine is opened with too. */
  readonly #open: ClientOptions['open']
  #isConsented: boolean
  #stopWatching = () => {}
  #deliveries: RecorderDeliveries | undefined
  #disposed: Promise<void> | undefined

  private constructor(
    client: RecorderClient,
    open: ClientOptions['open'],
    transport: Transport,
    platform: RecorderPlatform,
  ) {
    super()
    this.#open = open
    this.#platform = platform
    this.#isConsented = platform.consent !== 'required'
    this.#client = client
    this.#transport = transport
    this.sessions = new SessionCatalogue(client)
    this.journeys = new JourneyCatalogue(client)
    this.labels = new LabelCatalogue(client)
    client.onReplaced = (message) => {
      this.dispatchEvent(new SessionEvent('warning', { code: 'worker-replaced', message }))
      for (const session of this.#active) session.warn('worker-replaced', message)
    }
  }

  /** @throws KymographError `no-shared-memory` when shared memory is asked for and cannot be had. */
  static async open(
    options: ClientOptions,
    transport: 'auto' | Transport,
    side?: PageSide,
    platform: RecorderPlatform = {},
  ): Promise<Recorder> {
    const canShare = typeof SharedArrayBuffer === 'function' && globalThis.crossOriginIsolated !== false
    if (transport === 'shared' && !canShare) {
      throw new KymographError(
        'no-shared-memory',
        `"transport" 'shared' needs a cross-origin isolated page: serve it with COOP and COEP, or use 'auto'`,
      )
    }
    side?.addTo(options)
    options.open.holdsDeliveries = platform.consent === 'required'
    const client = await RecorderClient.connect(options)
    const wantsShared = transport === 'shared' || (transport === 'auto' && client.capabilities.thread === 'worker')
    const recorder = new Recorder(client, options.open, canShare && wantsShared ? 'shared' : 'batch', platform)
    recorder.#stopWatching = watchPage({
      hide: (isHidden) => {
        for (const session of recorder.#active) session.pageHidden(isHidden)
      },
      flush: () => {
        for (const session of recorder.#active) if (session.state !== 'ready') session.flush().catch(() => {})
        return recorder.#active.size > 0
      },
    })
    recorder.#deliveries = side?.open(client, () => recorder.#each((session) => session.flush()))
    return recorder
  }

  /** What goes to the recorder's sinks; undefined where it has none. */
  get deliveries(): RecorderDeliveries | undefined {
    return this.#deliveries
  }

  /** What is in force after every fallback: thread, kernels, transport, store. */
  get capabilities(): Capabilities {
    return { ...this.#client.capabilities, transport: this.#transport }
  }

  /**
   * Creates a session and, unless `autoStart` is false, starts it.
   *
   * @throws TypeError | RangeError for options that are not valid, naming option, expectation and value;
   *   KymographError `permission-denied`, `aborted`, `disposed`, `worker-lost`.
   *
   * @example
   * const session = await recorder.createSession({ labels: ['login'], streams: { imu: { channels: ['x', 'y', 'z'] } } })
   */
  async createSession(options: SessionOptions): Promise<Session> {
    if (this.#disposed) throw new KymographError('disposed', 'the recorder has been disposed; create a new one')
    return Session.create(this.#client, options, this.#transport, {
      isConsented: () => this.#isConsented,
      joinJourney: (renewMs) => this.#joinJourney(renewMs),
      onCreate: (session) => this.#active.add(session),
      onEnd: (ended) => this.#active.delete(ended),
    })
  }

  /**
   * Lets sessions begin that wait for consent, and those that are still to be created.
   *
   * @throws what the first of them failed of, when all others have begun: KymographError `permission-denied` for a
   * source that may not be read.
   */
  async grantConsent(): Promise<void> {
    this.#isConsented = true
    if (this.#open.holdsDeliveries) {
      this.#open.holdsDeliveries = false
      // an engine that is lost meanwhile is followed by one that does not hold them
      this.#client.call('resumeDeliveries').catch(() => {})
    }
    const outcomes = await this.#each((session) => session.grant())
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  /**
   * Stops every session; those created from now on wait for consent again. What was recorded with consent stays until it
   * is forgotten, see {@link forget}: the sessions that were stopped are returned. The id of an automatic journey is removed
   * from the device.
   */
  async withdrawConsent(): Promise<SessionSummary[]> {
    this.#isConsented = false
    const outcomes = await this.#each((session) => session.withdraw())
    const journey = await this.#platform.loadJourney?.().catch(() => {})
    journey?.forgetJourney()
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' && outcome.value ? [outcome.value] : []))
  }

  /** Stops a session if it is being recorded, and removes it without a trace; false when there was none. */
  async forget(id: string): Promise<boolean> {
    for (const session of this.#active) if (session.id === id) await session.stop().catch(() => {})
    return this.sessions.forget(id)
  }

  /** Stops every session that is being recorded. */
  async stopAll(): Promise<SessionSummary[]> {
    return Promise.all([...this.#active].map((session) => session.stop()))
  }

  /** Stops all sessions, closes the store and ends the worker. */
  async dispose(): Promise<void> {
    this.#disposed ??= this.#dispose()
    return this.#disposed
  }

  async #dispose(): Promise<void> {
    this.#stopWatching()
    await this.#each((session) => session.stop())
    this.#deliveries?.close()
    await this.#client.call('close').catch(() => {})
    this.#client.dispose()
  }

  async #joinJourney(renewMs: number): Promise<[string, () => void]> {
    const { loadJourney } = this.#platform
    if (!loadJourney) throw new RangeError(`"journey" 'auto' expected a page; use journeyId: createJourneyId()`)
    return (await loadJourney()).joinJourney(renewMs)
  }

  #each<T>(step: (session: Session) => Promise<T>): Promise<PromiseSettledResult<T>[]> {
    return Promise.allSettled([...this.#active].map(step))
  }
}

disposeAsyncBy(Recorder, (recorder) => recorder.dispose())
