import * as Comlink from 'comlink'
import { KymographError } from '../errors.js'
import { loadKernels } from '../kernels/index.js'
import type { Kernels } from '../kernels/types.js'
import type { Receipt } from '../sinks/index.js'
import type { SessionStore, StoreEstimate, StoreEvents } from '../store/port.js'
import type { SessionPage } from '../store/query.js'
import type { JourneyRecord, LabelRecord, SessionRecord } from '../store/record.js'
import type { Recovery } from '../store/recovery.js'
import { RetainingStore } from '../store/retaining-store.js'
import { oldestSessions, type Pruned } from '../store/retention.js'
import { decodeChunk, decodeFrame, readFrameHeader } from '../wire/index.js'
import { type Chunk, type ClockSnapshot, chunkId, type Mark } from '../wire/model.js'
import { CatalogueHost } from './catalogue-host.js'
import { checkSessionId } from './checks/lookup.js'
import { checkRetention } from './checks/retention.js'
import { checkSessionOptions, type SessionRequest } from './checks/session-options.js'
import { messageOf } from './checks/text.js'
import { checkWasm } from './checks/wasm.js'
import { Deliveries } from './deliveries.js'
import { installErrorTransfer } from './error-transfer.js'
import type { PageApi } from './page-api.js'
import { openPageStore } from './page-parts.js'
import type {
  DeliveryStatus,
  Lent,
  Opened,
  OpenOptions,
  PageCounts,
  RecorderApi,
  SessionOpening,
  SessionSettings,
  SessionSummary,
  StoreChoice,
  StoredChunk,
  Warning,
} from './protocol.js'
import { SessionHost, type StoredEnd } from './session-host.js'
import { summaryOfFinal } from './summary.js'

/** By then an application has a listener on the session it has created. */
const LISTENER_DELAY_MS = 500

/** Warnings kept for the next session. */
const UNTOLD_MAX = 16

/** How a platform opens its stores. */
export type OpenStore = (choice: StoreChoice, events: StoreEvents) => Promise<SessionStore>

/** The worker's side of a recorder: opens kernels and store, hosts sessions, answers lookups. Runs on any thread. */
export class RecorderHost implements RecorderApi {
  readonly #openStore: OpenStore
  readonly #sessions = new Map<string, SessionHost>()
  /** Why sessions failed, for calls that were on their way then. */
  readonly #failures = new Map<string, KymographError>()
  /** Sessions the engine before this one had, not taken up yet. */
  readonly #expected = new Set<string>()
  /** Of no session in particular, while there was none to hear of it. */
  #untold: Warning[] = []
  #deliveries: Deliveries | undefined
  /** A sink has found chunks too large. */
  #chunkMaxBytes = Number.POSITIVE_INFINITY
  #opened: { kernels: Kernels; store: SessionStore; catalogue: CatalogueHost } | undefined

  constructor(openStore: OpenStore) {
    this.#openStore = openStore
  }

  async ping(): Promise<void> {}

  async open(options: OpenOptions, pagePort?: MessagePort): Promise<Opened> {
    checkWasm(options.wasm)
    for (const id of options.sessions ?? []) this.#expected.add(id)
    const kernels = await loadKernels({
      build: options.kernels,
      wasm: options.wasm,
      onTrap: (cause) => this.#warnOfTrap(cause),
    })
    const retention = checkRetention(options.retention)
    const page = pagePort && Comlink.wrap<PageApi>(pagePort)
    const events: StoreEvents = {
      onEvicted: (message, id) => {
        this.#deliveries?.forget(id)
        this.#warn('storage-evicted', message)
      },
    }
    const opened =
      page && options.store.kind === 'page' ? await openPageStore(page) : await this.#openStore(options.store, events)
    const isDelivered = (record: SessionRecord) => this.#deliveries?.isDelivered(record) ?? false
    const store = new RetainingStore(
      opened,
      { ...retention, isDelivered },
      {
        isRecording: (id) => this.#isRecording(id),
        onStored: (id) => this.#deliveries?.notify(id),
        onRemoved: (id) => this.#deliveries?.forget(id),
        onDropped: ({ length }, reason) => {
          const why = reason === 'full' ? 'there was no more room' : 'the retention says so'
          this.#warn('sessions-dropped', `${length} of the oldest sessions were removed: ${why}`)
        },
      },
    )
    this.#deliveries = new Deliveries(options.sinks ?? [], page, store, options.holdsDeliveries === true, {
      onWarning: (code, message) => this.#warn(code, message),
      onTooLarge: (chunkMaxBytes) => {
        this.#chunkMaxBytes = Math.min(this.#chunkMaxBytes, chunkMaxBytes)
        for (const session of this.#sessions.values()) session.limitChunks(this.#chunkMaxBytes)
      },
      onDelivered: (id) => {
        if (retention.keepDelivered === false) void this.#removeDelivered(id)
      },
    })
    const { gone = [] } = store.summary
    if (gone.length > 0) {
      const message = `${gone.length} sessions stored before are gone; see recorder.capabilities.store.gone`
      this.#warn('storage-evicted', message)
    }
    store.prune()
    const started = this.#deliveries.start()
    // those of a recorder that died between the two
    if (retention.keepDelivered === false) void started.then(() => this.#removeAllDelivered()).catch(() => {})
    this.#opened = { kernels, store, catalogue: new CatalogueHost(store, (id) => this.#isRecording(id)) }
    return { kernels: kernels.build, store: store.summary }
  }

  async checkSession(request: SessionRequest): Promise<SessionSettings> {
    return checkSessionOptions(request)
  }

  async openSession(opening: SessionOpening, port: MessagePort): Promise<SessionSummary | undefined> {
    const { kernels, store } = this.#open()
    const { id } = opening
    await this.#sessions.get(id)?.close()
    const last = await storedEndOf(store, id, opening.notesSinceSeq)
    if (last && !last.chunk.final) await store.claim?.(id)
    this.#expected.delete(id)
    if (last?.chunk.final) {
      port.close()
      return summaryOfFinal(last.chunk, last.chunks, last.bytes)
    }
    const hasTrapped = this.#failures.get(id)?.code === 'wasm-trap'
    const build = hasTrapped ? await loadKernels({ build: 'reference' }) : kernels
    const host = new SessionHost(build, store, opening, port, last, {
      onSealed: (frame) => this.#deliveries?.announce(frame),
      onEnd: (failure) => {
        if (this.#sessions.get(id) === host) this.#sessions.delete(id)
        if (failure) this.#failures.set(id, failure)
      },
    })
    this.#failures.delete(id)
    this.#sessions.set(id, host)
    host.limitChunks(this.#chunkMaxBytes)
    this.#tellUntold(host)
    return undefined
  }

  async startSession(id: string, clock: ClockSnapshot): Promise<void> {
    this.#session(id).start(clock)
  }

  async flush(id: string, afterSerial: number, flush: number): Promise<void> {
    await this.#session(id).flush(afterSerial, flush)
  }

  async stop(id: string, afterSerial: number, clock: ClockSnapshot, counts: PageCounts[]): Promise<SessionSummary> {
    return this.#session(id).stop(afterSerial, clock, counts)
  }

  async chunkAt(given: unknown, index: number): Promise<StoredChunk | undefined> {
    return storedChunk(await this.#open().store.chunkAt(checkSessionId(given), index))
  }

  async chunkFrom(given: unknown, seq: number): Promise<StoredChunk | undefined> {
    return storedChunk(await frameFrom(this.#open().store, checkSessionId(given), seq))
  }

  async page(lookup: unknown): Promise<SessionPage> {
    return this.#open().catalogue.page(lookup)
  }

  async get(id: unknown): Promise<SessionRecord | undefined> {
    return this.#open().catalogue.get(id)
  }

  async setLabels(id: unknown, labels: unknown): Promise<SessionRecord> {
    return this.#open().catalogue.setLabels(id, labels)
  }

  async deleteSession(id: unknown, tracelessly?: boolean): Promise<boolean> {
    return this.#open().catalogue.delete(id, tracelessly)
  }

  async journeys(): Promise<JourneyRecord[]> {
    return this.#open().catalogue.journeys()
  }

  async journey(journeyId: unknown): Promise<JourneyRecord | undefined> {
    return this.#open().catalogue.journey(journeyId)
  }

  async labels(): Promise<LabelRecord[]> {
    return this.#open().catalogue.labels()
  }

  async recover(): Promise<Recovery[]> {
    return this.#open().catalogue.recover()
  }

  async prune(retention: unknown): Promise<Pruned> {
    return this.#open().catalogue.prune(retention)
  }

  async estimate(): Promise<StoreEstimate> {
    return this.#open().catalogue.estimate()
  }

  async deliveryStatus(): Promise<DeliveryStatus[]> {
    return this.#deliveries?.status() ?? []
  }

  async resumeDeliveries(): Promise<void> {
    this.#deliveries?.resume()
  }

  async lendChunks(): Promise<Lent[]> {
    for (const session of this.#sessions.values()) session.seal()
    return this.#deliveries?.lend() ?? []
  }

  async giveBack(sink: number, sessionId: string, chunkId: string, receipt: Receipt | undefined): Promise<void> {
    this.#deliveries?.giveBack(sink, sessionId, chunkId, receipt)
  }

  async close(): Promise<void> {
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    await Promise.all(sessions.map((session) => session.close()))
    this.#deliveries?.close()
    await this.#opened?.store.close()
    this.#opened = undefined
  }

  #open(): { kernels: Kernels; store: SessionStore; catalogue: CatalogueHost } {
    if (!this.#opened) throw new KymographError('disposed', 'the recorder is not open; create a new one')
    return this.#opened
  }

  #session(id: string): SessionHost {
    const session = this.#sessions.get(id)
    if (!session) throw this.#failures.get(id) ?? new KymographError('ended', `session ${id} is not being recorded`)
    return session
  }

  async #removeAllDelivered(): Promise<void> {
    if (!this.#opened) return
    for await (const { id } of oldestSessions(this.#opened.store)) await this.#removeDelivered(id)
  }

  async #removeDelivered(id: string): Promise<void> {
    const store = this.#opened?.store
    const record = await store?.get(id).catch(() => undefined)
    if (record && record.state !== 'recording' && this.#deliveries?.isDelivered(record)) {
      await store?.delete(id).catch(() => {})
    }
  }

  #isRecording(id: string): boolean {
    return this.#sessions.has(id) || this.#expected.has(id)
  }

  /** The next session hears of what happened while there was none. */
  #tellUntold(host: SessionHost): void {
    const untold = this.#untold.splice(0)
    if (untold.length === 0) return
    setTimeout(() => {
      for (const { code, message } of untold) host.warn(code, message)
    }, LISTENER_DELAY_MS)
  }

  #warnOfTrap(cause: unknown): void {
    const reason = messageOf(cause)
    const message = `a WebAssembly kernel failed (${reason}); its work is done by the reference kernels`
    this.#warn('wasm-trap', message)
  }

  #warn(code: Warning['code'], message: string): void {
    if (this.#sessions.size === 0 && this.#untold.length < UNTOLD_MAX) this.#untold.push({ code, message })
    for (const session of this.#sessions.values()) session.warn(code, message)
  }
}

/** A chunk on its way to the page. */
function storedChunk(bytes: Uint8Array | undefined): StoredChunk | undefined {
  if (!bytes) return undefined
  const header = readFrameHeader(bytes)
  return Comlink.transfer({ id: chunkId(header), seq: header.seq, final: header.final, bytes }, [bytes.buffer])
}

/** The first chunk numbered `seq` or later: before this index where chunks have died with another worker. */
async function frameFrom(store: SessionStore, id: string, seq: number): Promise<Uint8Array | undefined> {
  let found = await store.chunkAt(id, seq)
  if (found && readFrameHeader(found).seq === seq) return found
  for (let low = 0, high = seq; low < high; ) {
    const middle = (low + high) >> 1
    const frame = await store.chunkAt(id, middle)
    if (frame && readFrameHeader(frame).seq < seq) low = middle + 1
    else {
      high = middle
      found = frame
    }
  }
  return found
}

/** How a session ends in the store, if it is there; the page knows of the chunks before number `knownSeq`. */
async function storedEndOf(store: SessionStore, id: string, notesSinceSeq: number): Promise<StoredEnd | undefined> {
  const record = await store.get(id)
  if (!record) return undefined
  const { chunks, bytes } = record
  const chunkAt = async (index: number) => {
    const frame = await store.chunkAt(id, index)
    return frame && decodeChunk(decodeFrame(frame).payload)
  }
  const chunk = await chunkAt(chunks - 1)
  if (!chunk) return undefined
  const marks: Mark[] = []
  // a mark that fills a chunk is in it before the page is told so with the next one
  for (let index = chunks - 1, at: typeof chunk | undefined = chunk; at && at.seq >= notesSinceSeq - 1; ) {
    marks.push(...at.marks)
    index -= 1
    at = index < 0 ? undefined : await chunkAt(index)
  }
  return { chunk, lastTimes: await lastTimesOf(chunk, chunks, chunkAt), chunks, bytes, marks }
}

/** Of each stream of the last chunk the coded times of its last frames: those of a grid may be in a chunk before. */
async function lastTimesOf(
  last: Chunk,
  chunks: number,
  chunkAt: (index: number) => Promise<Chunk | undefined>,
): Promise<Uint8Array[]> {
  const lastTimes: Uint8Array[] = []
  for (const [index, { descriptor, counts, time }] of last.streams.entries()) {
    let found = time
    const isElsewhere = time.length === 0 && counts.produced > 0 && descriptor.resampledHz !== undefined
    // the first chunk by which all were produced
    for (let low = 0, high = isElsewhere ? chunks - 1 : 0; low < high; ) {
      const middle = (low + high) >> 1
      const piece = (await chunkAt(middle))?.streams[index]
      if (piece && piece.counts.produced === counts.produced) {
        high = middle
        found = piece.time
      } else low = middle + 1
    }
    lastTimes.push(found)
  }
  return lastTimes
}

/** Answers control calls on `port`. */
export function serveRecorder(host: RecorderHost, port: MessagePort): void {
  installErrorTransfer()
  Comlink.expose(host, port)
}
