import { crc32c } from '../kernels/reference/crc32c.js'
import type { DeliveryLedger, DeliveryProgress } from '../store/ledger.js'
import type { SessionStore } from '../store/port.js'
import { type Crc32c, readFrameHeader } from '../wire/index.js'
import { chunkId } from '../wire/model.js'
import { type BackOffOptions, waitMs } from './back-off.js'
import { type Borrower, Loans } from './loans.js'
import { type ChunkSink, DeliveryError, type OutgoingChunk, type Receipt } from './port.js'

/** What a queue has to say. */
export interface DeliveryEvents {
  onDelivered?(chunk: OutgoingChunk): void
  /** The chunk stays in the store and is not tried again. */
  onQuarantined?(chunk: OutgoingChunk, error: DeliveryError): void
  /** All deliveries wait for {@link DeliveryQueue.resume}. */
  onPaused?(error: DeliveryError): void
  /** A chunk was too large for the receiver. */
  onTooLarge?(byteLength: number): void
}

export interface DeliveryQueueOptions {
  backOff?: BackOffOptions
  /** Sessions delivered at once; chunks of one go one after the other. */
  concurrency?: number
  /** A sink that has not answered by then is taken to have failed. */
  timeoutMs?: number
  events?: DeliveryEvents
  /** Has the chunks at hand that it may be lent. */
  borrower?: Borrower
  /** Begins paused, until {@link DeliveryQueue.resume}. */
  isPaused?: boolean
  crc32c?: Crc32c
}

export interface DeliveryCounts {
  delivered: number
  quarantined: number
  failedTries: number
  /** Why the last try failed; undefined since one has gone through. */
  lastError: string | undefined
}

const CONCURRENCY_DEFAULT = 4
const TIMEOUT_DEFAULT_MS = 60_000
const PAGE_SESSIONS = 500

/**
 * Delivers what a store holds to a sink: every chunk at least once, those of a session in their order. Nothing waits in
 * memory but the chunks being delivered; the store is the queue, and the ledger says how far it is emptied.
 */
export class DeliveryQueue {
  readonly #store: SessionStore
  readonly #sink: ChunkSink
  readonly #ledger: DeliveryLedger
  readonly #options: DeliveryQueueOptions
  readonly #progress = new Map<string, DeliveryProgress>()
  /** Sessions that may have chunks to deliver, in the order they were heard of. */
  readonly #waiting = new Set<string>()
  readonly #busy = new Set<string>()
  /** Those of `#busy` that were removed, or begun anew, since their chunk was read. */
  readonly #abandoned = new Set<string>()
  readonly #counts: DeliveryCounts = { delivered: 0, quarantined: 0, failedTries: 0, lastError: undefined }
  readonly #loans: Loans
  readonly #stop = new AbortController()
  #failuresInRow = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #isPaused: boolean
  /** Before, all of a session would pass for undelivered. */
  #isLedgerRead = false
  /** All that was left undelivered before has been heard of. */
  #isBacklogKnown = false
  #idleWaiters: (() => void)[] = []

  constructor(store: SessionStore, sink: ChunkSink, ledger: DeliveryLedger, options: DeliveryQueueOptions = {}) {
    this.#store = store
    this.#sink = sink
    this.#ledger = ledger
    this.#options = options
    this.#isPaused = options.isPaused ?? false
    this.#loans = new Loans(options.borrower)
  }

  get counts(): DeliveryCounts {
    return { ...this.#counts }
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Nothing is left to deliver; never so before `start` has found out. */
  get isIdle(): boolean {
    return this.#isBacklogKnown && this.#waiting.size + this.#busy.size === 0
  }

  /** Takes up what was left undelivered. Resolves when all of that is known, however often the store fails, or on `close`. */
  async start(): Promise<void> {
    for (let failures = 1; !this.#isBacklogKnown && !this.#stop.signal.aborted; failures++) {
      try {
        await this.#readBacklog()
        this.#isBacklogKnown = true
      } catch {
        await this.#unlessClosed(waitMs(failures, undefined, this.#options.backOff))
      }
    }
    this.#wake()
  }

  /** A chunk of this frame is on its way to the store, and could be lent. */
  announce(frame: Uint8Array): void {
    const { sessionId, seq } = readFrameHeader(frame)
    if (this.#loans.wants(sessionId, seq, this.#doneOf(sessionId), frame.length)) this.#loans.add(this.#outgoing(frame))
  }

  /** The session has more chunks. */
  notify(sessionId: string): void {
    this.#waiting.add(sessionId)
    this.#work()
  }

  /** The session was removed; if it comes again, it is another one. */
  async forget(sessionId: string): Promise<void> {
    this.#loans.forget(sessionId)
    this.#waiting.delete(sessionId)
    if (this.#busy.has(sessionId)) this.#abandoned.add(sessionId)
    this.#progress.delete(sessionId)
    await this.#ledger.write(sessionId, undefined)
  }

  /** Whether all of a session's chunks are delivered. */
  isDelivered(sessionId: string, chunks: number): boolean {
    const progress = this.#progress.get(sessionId)
    return progress !== undefined && progress.done === chunks && progress.quarantined.length === 0
  }

  /** Goes on after a pause, or at once where it waits. */
  resume(): void {
    this.#isPaused = false
    this.#tryAgain()
  }

  /** Resolves when nothing is left to deliver, or deliveries are paused. */
  async idle(): Promise<void> {
    while (!this.#isPaused && !this.#stop.signal.aborted && !this.isIdle) {
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve))
    }
  }

  /**
   * Chunks that are due, `maxBytes` of them at most and at once, for somebody who cannot wait: a page that is going away.
   * Their sessions are not delivered from here until they were given back, or some seconds have passed.
   */
  lend(maxBytes: number): OutgoingChunk[] {
    return this.#isPaused ? [] : this.#loans.lend(maxBytes, () => this.#work())
  }

  /** A chunk that was lent, with the receipt it got, if it got one. */
  giveBack(sessionId: string, chunkId: string, receipt: Receipt | undefined): void {
    this.#loans.giveBack(chunkId, (chunk) => isFor(chunk, receipt))
    this.notify(sessionId)
  }

  /** Gives up what is under way; it is delivered again by the next queue. */
  close(): void {
    this.#stop.abort()
    clearTimeout(this.#timer)
    this.#loans.close()
    this.#wake()
  }

  async #readBacklog(): Promise<void> {
    if (!this.#isLedgerRead) for (const [id, progress] of await this.#ledger.read()) this.#progress.set(id, progress)
    this.#isLedgerRead = true
    for (let cursor: string | undefined; !this.#stop.signal.aborted; ) {
      const page = await this.#store.page({ order: 'oldest', limit: PAGE_SESSIONS, cursor })
      for (const { id, chunks } of page.sessions) if (this.#doneOf(id) !== chunks) this.#waiting.add(id)
      this.#work()
      cursor = page.cursor
      if (cursor === undefined) return
    }
  }

  #unlessClosed(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      const end = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#stop.signal.addEventListener('abort', end, { once: true })
    })
  }

  #tryAgain(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#work()
  }

  #work(): void {
    const { concurrency = CONCURRENCY_DEFAULT } = this.#options
    if (!this.#isLedgerRead) return
    for (const sessionId of this.#waiting) {
      if (this.#isPaused || this.#timer !== undefined || this.#stop.signal.aborted) return
      // while a receiver is in trouble one chunk at a time tries it
      if (this.#busy.size >= (this.#failuresInRow > 0 ? 1 : concurrency)) return
      if (this.#busy.has(sessionId) || this.#loans.isOut(sessionId)) continue
      this.#waiting.delete(sessionId)
      this.#busy.add(sessionId)
      void this.#deliverNext(sessionId).then((mayHaveMore) => {
        this.#busy.delete(sessionId)
        this.#abandoned.delete(sessionId)
        if (mayHaveMore) this.#waiting.add(sessionId)
        this.#wake()
        this.#work()
      })
    }
  }

  /** One chunk of a session; false when it has no more for now. */
  async #deliverNext(sessionId: string): Promise<boolean> {
    const index = this.#doneOf(sessionId)
    try {
      const bytes = await this.#store.chunkAt(sessionId, index)
      if (!bytes) return await this.#isBegunAnew(sessionId, index)
      if (this.#stop.signal.aborted) return true
      const chunk = this.#outgoing(bytes)
      if (!this.#loans.isDelivered(chunk)) await this.#deliver(chunk)
      this.#failuresInRow = 0
      this.#counts.delivered += 1
      this.#counts.lastError = undefined
      await this.#advance(sessionId, index, false)
      this.#options.events?.onDelivered?.(chunk)
      return true
    } catch (cause) {
      if (this.#stop.signal.aborted) return true
      // neither a store that fails meanwhile nor a listener that throws may end the deliveries
      return this.#handle(cause, sessionId, index).catch(() => this.#retryLater(undefined))
    }
  }

  /** Whether the store has fewer chunks than were delivered: it was emptied or damaged since, and all of them go again. */
  async #isBegunAnew(sessionId: string, done: number): Promise<boolean> {
    if (done === 0 || (await this.#store.chunkAt(sessionId, done - 1)) || !(await this.#store.get(sessionId)))
      return false
    return this.#progress.delete(sessionId)
  }

  async #deliver(chunk: OutgoingChunk): Promise<void> {
    const { timeoutMs = TIMEOUT_DEFAULT_MS } = this.#options
    const deadline = new AbortController()
    const abort = () => deadline.abort()
    const timer = setTimeout(abort, timeoutMs)
    this.#stop.signal.addEventListener('abort', abort)
    try {
      // a sink may ignore the signal
      const givenUp = new Promise<never>((_, reject) => {
        deadline.signal.addEventListener('abort', () =>
          reject(new DeliveryError('retry', `no answer to chunk ${chunk.id} within ${timeoutMs} ms`)),
        )
      })
      const receipt = await Promise.race([this.#sink.deliver(chunk, deadline.signal), givenUp])
      if (!isFor(chunk, receipt)) {
        throw new DeliveryError('retry', `the receipt for chunk ${chunk.id} is for something else`)
      }
    } finally {
      clearTimeout(timer)
      this.#stop.signal.removeEventListener('abort', abort)
    }
  }

  async #handle(cause: unknown, sessionId: string, index: number): Promise<boolean> {
    this.#counts.failedTries += 1
    const error = cause instanceof DeliveryError ? cause : new DeliveryError('retry', String(cause), { cause })
    this.#counts.lastError = error.message
    const { events = {} } = this.#options
    if (error.remedy === 'quarantine' || error.remedy === 'shrink') {
      const bytes = await this.#store.chunkAt(sessionId, index)
      if (!bytes) return false
      if (error.remedy === 'shrink') events.onTooLarge?.(bytes.length)
      this.#counts.quarantined += 1
      await this.#advance(sessionId, index, true)
      events.onQuarantined?.(this.#outgoing(bytes), error)
      return true
    }
    if (error.remedy === 'pause') {
      this.#isPaused = true
      events.onPaused?.(error)
      return true
    }
    return this.#retryLater(error.retryAfterMs)
  }

  #retryLater(retryAfterMs: number | undefined): true {
    this.#failuresInRow += 1
    const { backOff } = this.#options
    this.#timer ??= setTimeout(() => this.#tryAgain(), waitMs(this.#failuresInRow, retryAfterMs, backOff))
    return true
  }

  async #advance(sessionId: string, index: number, isQuarantined: boolean): Promise<void> {
    if (this.#abandoned.has(sessionId)) return
    const quarantined = this.#progress.get(sessionId)?.quarantined ?? []
    const progress = { done: index + 1, quarantined: isQuarantined ? [...quarantined, index] : quarantined }
    this.#progress.set(sessionId, progress)
    this.#loans.settle(sessionId, index)
    // lost with a crash: delivered twice, kept once
    await this.#ledger.write(sessionId, progress).catch(() => {})
  }

  #outgoing(bytes: Uint8Array): OutgoingChunk {
    const header = readFrameHeader(bytes)
    const { sessionId, seq, final } = header
    const checksum = (this.#options.crc32c ?? crc32c)(bytes)
    const digest = `crc32c:${checksum.toString(16).padStart(8, '0')}`
    return { id: chunkId(header), sessionId, seq, final, digest, bytes }
  }

  #doneOf(sessionId: string): number {
    return this.#progress.get(sessionId)?.done ?? 0
  }

  #wake(): void {
    for (const wake of this.#idleWaiters.splice(0)) wake()
  }
}

function isFor({ id, digest }: OutgoingChunk, receipt: Receipt | undefined): boolean {
  return receipt?.id === id && receipt?.digest === digest
}
