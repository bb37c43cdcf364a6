import { KymographError } from '../errors.js'
import type { SessionOptions } from '../worker/checks/session-options.js'
import { type ClientOptions, RecorderClient } from '../worker/client.js'
import type { PageSide, RecorderDeliveries } from '../worker/page-side.js'
import type { Capabilities, SessionSummary, Transport } from '../worker/protocol.js'
import { disposeAsyncBy } from './async-dispose.js'
import { JourneyCatalogue, LabelCatalogue, SessionCatalogue } from './catalogue.js'
import { SessionEvent } from './events.js'
import { Session } from './session.js'

/**
 * Creates sessions and finds them again. Made by `createRecorder`.
 *
 * An EventTarget: `warning` when a worker was lost and replaced, a {@link SessionEvent}; sessions get it too.
 */
export class Recorder extends EventTarget {
  declare readonly [Symbol.asyncDispose]: () => Promise<void>
  readonly sessions: SessionCatalogue
  readonly journeys: JourneyCatalogue
  readonly labels: LabelCatalogue
  readonly #client: RecorderClient
  readonly #transport: Transport
  readonly #active = new Set<Session>()
  #deliveries: RecorderDeliveries | undefined
  #disposed: Promise<void> | undefined

  private constructor(client: RecorderClient, transport: Transport) {
    super()
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
  static async open(options: ClientOptions, transport: 'auto' | Transport, side?: PageSide): Promise<Recorder> {
    const canShare = typeof SharedArrayBuffer === 'function' && globalThis.crossOriginIsolated !== false
    if (transport === 'shared' && !canShare) {
      throw new KymographError(
        'no-shared-memory',
        `"transport" 'shared' needs a cross-origin isolated page: serve it with COOP and COEP, or use 'auto'`,
      )
    }
    side?.addTo(options)
    const client = await RecorderClient.connect(options)
    const wantsShared = transport === 'shared' || (transport === 'auto' && client.capabilities.thread === 'worker')
    const recorder = new Recorder(client, canShare && wantsShared ? 'shared' : 'batch')
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
   *   KymographError `aborted`, `disposed`, `worker-lost`.
   *
   * @example
   * const session = await recorder.createSession({ labels: ['login'], streams: { imu: { channels: ['x', 'y', 'z'] } } })
   */
  async createSession(options: SessionOptions): Promise<Session> {
    if (this.#disposed) throw new KymographError('disposed', 'the recorder has been disposed; create a new one')
    const session = await Session.create(this.#client, options, this.#transport, (ended) => this.#active.delete(ended))
    if (session.state !== 'stopped' && session.state !== 'failed') this.#active.add(session)
    return session
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
    await this.#each((session) => session.stop())
    this.#deliveries?.close()
    await this.#client.call('close').catch(() => {})
    this.#client.dispose()
  }

  #each(step: (session: Session) => Promise<unknown>): Promise<unknown> {
    return Promise.allSettled([...this.#active].map(step))
  }
}

disposeAsyncBy(Recorder, (recorder) => recorder.dispose())
