import * as Comlink from 'comlink'
import { KymographError } from '../errors.js'
import { loadKernels } from '../kernels/index.js'
import type { Kernels } from '../kernels/types.js'
import { amendLabels } from '../store/amendment.js'
import type { SessionStore } from '../store/port.js'
import type { Query, SessionPage } from '../store/query.js'
import type { JourneyRecord, SessionRecord } from '../store/record.js'
import { readFrameHeader } from '../wire/index.js'
import { type ClockSnapshot, chunkId } from '../wire/model.js'
import { installErrorTransfer } from './error-transfer.js'
import type {
  Capabilities,
  OpenOptions,
  PageCounts,
  RecorderApi,
  SessionStart,
  SessionSummary,
  StoreChoice,
  StoredChunk,
} from './protocol.js'
import { SessionHost } from './session-host.js'

/** The worker's side of a recorder: opens kernels and store, hosts sessions, answers lookups. Runs on any thread. */
export class RecorderHost implements RecorderApi {
  readonly #openStore: (choice: StoreChoice) => Promise<SessionStore>
  readonly #sessions = new Map<string, SessionHost>()
  /** Why sessions failed, for calls that were on their way then. */
  readonly #failures = new Map<string, KymographError>()
  #amended: Promise<unknown> = Promise.resolve()
  #opened: { kernels: Kernels; store: SessionStore } | undefined

  constructor(openStore: (choice: StoreChoice) => Promise<SessionStore>) {
    this.#openStore = openStore
  }

  async open(options: OpenOptions): Promise<Omit<Capabilities, 'thread'>> {
    const kernels = await loadKernels({ build: options.kernels, wasm: options.wasm })
    const store = await this.#openStore(options.store)
    this.#opened = { kernels, store }
    return { kernels: kernels.build, transport: 'batch', store: store.summary }
  }

  async createSession(start: SessionStart, port: MessagePort): Promise<void> {
    const { kernels, store } = this.#open()
    const host = new SessionHost(kernels, store, start, port, (failure) => {
      this.#sessions.delete(start.id)
      if (failure) this.#failures.set(start.id, failure)
    })
    this.#sessions.set(start.id, host)
  }

  async startSession(id: string, clock: ClockSnapshot): Promise<void> {
    this.#session(id).start(clock)
  }

  async flush(id: string, afterSerial: number): Promise<void> {
    await this.#session(id).flush(afterSerial)
  }

  async stop(id: string, afterSerial: number, clock: ClockSnapshot, counts: PageCounts[]): Promise<SessionSummary> {
    return this.#session(id).stop(afterSerial, clock, counts)
  }

  async chunkAt(id: string, index: number): Promise<StoredChunk | undefined> {
    const { store } = this.#open()
    const live = this.#sessions.get(id)
    if (live) await live.hasChunk(index)
    const bytes = await store.chunkAt(id, index)
    if (!bytes) return undefined
    const header = readFrameHeader(bytes)
    return Comlink.transfer({ id: chunkId(header), seq: header.seq, final: header.final, bytes }, [bytes.buffer])
  }

  async page(query: Query): Promise<SessionPage> {
    return this.#open().store.page(query)
  }

  async get(id: string): Promise<SessionRecord | undefined> {
    return this.#open().store.get(id)
  }

  async setLabels(id: string, labels: string[]): Promise<SessionRecord> {
    if (this.#sessions.has(id)) {
      throw new KymographError('wrong-state', `session ${id} is being recorded; use setLabels of the session itself`)
    }
    const { store } = this.#open()
    // one after the other: each builds on the chunk before
    const amended = this.#amended.then(() => amendLabels(store, id, labels))
    this.#amended = amended.catch(() => {})
    return amended
  }

  async deleteSession(id: string): Promise<boolean> {
    if (this.#sessions.has(id)) {
      throw new KymographError('wrong-state', `session ${id} is being recorded; stop it first`)
    }
    return this.#open().store.delete(id)
  }

  async journeys(): Promise<JourneyRecord[]> {
    return this.#open().store.journeys()
  }

  async journey(journeyId: string): Promise<JourneyRecord | undefined> {
    return (await this.journeys()).find((journey) => journey.journeyId === journeyId)
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    await Promise.all(sessions.map((session) => session.close()))
    await this.#opened?.store.close()
    this.#opened = undefined
  }

  #open(): { kernels: Kernels; store: SessionStore } {
    if (!this.#opened) throw new KymographError('disposed', 'the recorder is not open; create a new one')
    return this.#opened
  }

  #session(id: string): SessionHost {
    const session = this.#sessions.get(id)
    if (!session) throw this.#failures.get(id) ?? new KymographError('ended', `session ${id} is not being recorded`)
    return session
  }
}

/** Answers control calls on `port`. */
export function serveRecorder(host: RecorderHost, port: MessagePort): void {
  installErrorTransfer()
  Comlink.expose(host, port)
}
