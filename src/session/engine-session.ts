import type { KymographError } from '../errors.js'
import { isLost, type RecorderClient } from '../worker/client.js'
import type { RecorderApi, SessionOpening, SessionSummary } from '../worker/protocol.js'
import type { DataLink } from './data-link.js'

/** What a session tells of itself each time it is opened in an engine. */
export type OpeningDetails = Omit<SessionOpening, 'id' | 'epoch' | 'seq' | 'notesSinceSeq'>

export interface EngineSessionEvents {
  /** The pipeline had to begin anew. */
  onReopened(cause: string): void
  /** No engine will have the session. */
  onFailed(error: unknown): void
}

/**
 * A session's counterpart in the engine, whichever engine that is: opens it there, takes it to the next engine when one
 * is lost, and makes calls about it that outlive a lost engine.
 */
export class EngineSession {
  readonly #id: string
  readonly #client: RecorderClient
  readonly #link: DataLink
  readonly #details: () => OpeningDetails
  readonly #events: EngineSessionEvents
  #epoch = 0
  /** Settles when the engine has the session, or will not have it. */
  #opening: Promise<unknown> = Promise.resolve()
  #reopening: Promise<void> | undefined
  /** Known when the engine was lost just after it had stored the final chunk. */
  #endedSummary: SessionSummary | undefined
  /** The engine has stopped the session: when it is lost now, nothing is left to be taken up. */
  #isAnswered = false
  #failure: Error | undefined
  #detach: () => void = () => {}

  constructor(
    id: string,
    client: RecorderClient,
    link: DataLink,
    details: () => OpeningDetails,
    events: EngineSessionEvents,
  ) {
    this.#id = id
    this.#client = client
    this.#link = link
    this.#details = details
    this.#events = events
  }

  /** Opens the session for the first time. @throws what keeps it from being opened; the session has failed then. */
  async open(): Promise<void> {
    try {
      const isReady = this.#client.ready()
      this.#opening = isReady.catch(() => {})
      await isReady
      // attached any earlier, the session would be taken up by a round that is under way as well
      this.#detach = this.#client.attach({
        id: this.#id,
        detach: () => (this.#isAnswered ? this.#link.close() : this.#link.detach()),
        attach: async () => {
          if (!this.#isAnswered) await this.#open()
        },
        fail: (error) => this.#events.onFailed(error),
      })
      await this.#open()
    } catch (error) {
      if (!isLost(error)) {
        this.#events.onFailed(error)
        throw error
      }
      await this.#client.ready()
    }
    if (this.#failure) throw this.#failure
  }

  /** Makes a call about this session, again when the engine it was made to is lost. */
  async call<M extends keyof RecorderApi>(
    method: M,
    args: () => Parameters<RecorderApi[M]>,
  ): Promise<Awaited<ReturnType<RecorderApi[M]>>> {
    for (let epoch = 0; ; ) {
      try {
        await this.#isOpened()
        epoch = this.#epoch
        const answer = await this.#client.call(method, ...args())
        if (method === 'stop') this.#isAnswered = true
        return answer
      } catch (error) {
        if (this.#failure) throw this.#failure
        if (!isLost(error)) throw error
        // unless the session was told on its port, and has begun anew since
        if ((error as KymographError).code === 'wasm-trap' && epoch === this.#epoch)
          await this.reopen((error as KymographError).message)
        await this.#client.ready()
        if (this.#failure) throw this.#failure
        // who waits for a flush looks at no answer
        if (this.#endedSummary && method !== 'chunkFrom') return this.#endedSummary as never
      }
    }
  }

  /** The pipeline has to begin anew, in the same engine. */
  reopen(cause: string): Promise<void> {
    this.#reopening ??= (async () => {
      this.#events.onReopened(cause)
      this.#link.detach()
      try {
        await this.#open()
      } catch (error) {
        if (!isLost(error)) this.#events.onFailed(error)
      } finally {
        this.#reopening = undefined
      }
    })()
    return this.#reopening
  }

  /** The session has ended; `failure`: calls that wait for an engine are rejected with it. */
  end(failure?: Error): void {
    this.#failure = failure
    this.#detach()
  }

  /** Opens the session, or takes it up in the next engine: everything not stored is sent again. */
  async #open(): Promise<void> {
    const { port1, port2 } = new MessageChannel()
    const { seq, notesSinceSeq } = this.#link
    const opening = { ...this.#details(), id: this.#id, epoch: this.#epoch++, seq, notesSinceSeq }
    const answer = this.#client.call('openSession', opening, port2)
    this.#opening = answer.catch(() => {})
    const summary = await answer
    if (summary) {
      this.#endedSummary = summary
      this.#link.close()
    } else this.#link.attach(port1)
  }

  /** A new engine is there before it has the session: calls about it have to wait. */
  async #isOpened(): Promise<void> {
    await this.#client.ready()
    for (let opening: unknown; opening !== this.#opening; ) {
      opening = this.#opening
      await opening
    }
  }
}
