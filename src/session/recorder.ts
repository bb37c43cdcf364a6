import { KymographError } from '../errors.js'
import type { RecorderClient } from '../worker/client.js'
import type { Capabilities, OpenOptions, SessionSummary } from '../worker/protocol.js'
import { JourneyCatalogue, SessionCatalogue } from './catalogue.js'
import { checkSessionOptions, type SessionOptions } from './options.js'
import { Session } from './session.js'

/** Creates sessions and finds them again. Made by `createRecorder`. */
export class Recorder {
  readonly sessions: SessionCatalogue
  readonly journeys: JourneyCatalogue
  /** What is in force after every fallback: thread, kernels, transport, store. */
  readonly capabilities: Capabilities
  readonly #client: RecorderClient
  readonly #active = new Set<Session>()
  #disposed: Promise<void> | undefined

  private constructor(client: RecorderClient, capabilities: Capabilities) {
    this.#client = client
    this.capabilities = capabilities
    this.sessions = new SessionCatalogue(client)
    this.journeys = new JourneyCatalogue(client)
  }

  static async open(client: RecorderClient, options: OpenOptions): Promise<Recorder> {
    try {
      const opened = await client.call('open', options)
      const reason = client.fallbackCause
      return new Recorder(client, {
        thread: client.thread,
        ...opened,
        ...(reason === undefined ? {} : { inThreadReason: reason instanceof Error ? reason.message : String(reason) }),
      })
    } catch (cause) {
      client.dispose()
      throw cause
    }
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
    const settings = checkSessionOptions(options)
    const session = await Session.create(this.#client, settings, (ended) => this.#active.delete(ended))
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
    await Promise.allSettled([...this.#active].map((session) => session.stop()))
    await this.#client.call('close').catch(() => {})
    this.#client.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }
}
