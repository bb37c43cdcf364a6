import * as Comlink from 'comlink'
import type { ChunkSink, DeliveryError, HttpHeaders, OutgoingChunk, Receipt } from '../sinks/index.js'
import { LENT_MAX_BYTES } from '../sinks/loans.js'
import type { DeliveryLedger } from '../store/ledger.js'
import type { SessionStore, StoreSummary } from '../store/port.js'
import { describe, messageOf } from './checks/text.js'
import type { ClientOptions } from './client.js'
import { installErrorTransfer } from './error-transfer.js'
import type { PageApi, SinkAnswer, SinkPlan, StoreMethod } from './page-api.js'
import type { DeliveryStatus, Lent } from './protocol.js'

/** Calls the engine takes from here. */
export interface DeliveryEngine {
  call(method: 'deliveryStatus'): Promise<DeliveryStatus[]>
  call(method: 'resumeDeliveries'): Promise<void>
  call(method: 'lendChunks'): Promise<Lent[]>
  call(
    method: 'giveBack',
    sink: number,
    sessionId: string,
    chunkId: string,
    receipt: Receipt | undefined,
  ): Promise<void>
}

const IDLE_POLL_MS = 100

/** What of a recorder's options cannot leave this thread. */
export interface OwnParts {
  sinks: unknown
  store: SessionStore | undefined
}

/** The page's side of what a recorder was given that cannot leave the page: sinks, functions, a store. */
export class PageSide {
  readonly #plans: SinkPlan[]
  readonly #sinks: readonly ChunkSink[]
  readonly #store: SessionStore | undefined
  /** Chunks that would have to be delivered if the page were left now. */
  readonly #held = new Map<string, Lent>()
  /** What engines are opened with. */
  #open: Pick<ClientOptions['open'], 'holdsDeliveries'> = {}
  /** Nothing of the engine before is done any more. */
  #disconnect = () => {}

  /** @throws TypeError | RangeError naming what is wrong with the sinks. */
  constructor({ sinks = [], store }: OwnParts) {
    this.#plans = plansOf(sinks)
    this.#sinks = sinks as ChunkSink[]
    this.#store = store
  }

  /** Adds what engines have to know of it. */
  addTo(client: ClientOptions): void {
    this.#open = client.open
    client.open.sinks = this.#plans
    client.connectPage = () => this.#connect()
  }

  /** A port for the next engine. */
  #connect(): MessagePort {
    this.#disconnect()
    const { port1, port2 } = new MessageChannel()
    installErrorTransfer()
    this.#held.clear()
    const calls = new PageCalls(this.#sinks, this.#store, this.#held)
    Comlink.expose(calls, port1)
    this.#disconnect = () => {
      calls.close()
      port1.close()
    }
    // in Node an open port keeps the process alive
    ;(port1 as { unref?(): void }).unref?.()
    return port2
  }

  /** What is delivered from there. flush: what has been recorded so far is stored when it resolves. */
  open(engine: DeliveryEngine, flush: () => Promise<unknown>): RecorderDeliveries {
    return new RecorderDeliveries(engine, this.#sinks, this.#held, flush, () => this.#open.holdsDeliveries === true)
  }
}

/** What a recorder delivers to its sinks. */
export class RecorderDeliveries {
  readonly #engine: DeliveryEngine
  readonly #sinks: readonly ChunkSink[]
  readonly #held: Map<string, Lent>
  readonly #flush: () => Promise<unknown>
  readonly #waitsForConsent: () => boolean
  #isLeft = false
  readonly #onHide = ({ type }: Event) => {
    const isHidden = globalThis.document.visibilityState === 'hidden'
    const isLeaving = type === 'pagehide'
    // a page that is left is hidden next: the worker is not to be at it when it freezes (ADR 14)
    if (isLeaving || (isHidden && !this.#isLeft)) this.#deliverAtHide().catch(() => {})
    this.#isLeft = isLeaving || (this.#isLeft && isHidden)
  }

  constructor(
    engine: DeliveryEngine,
    sinks: readonly ChunkSink[],
    held: Map<string, Lent>,
    flush: () => Promise<unknown>,
    waitsForConsent: () => boolean,
  ) {
    this.#waitsForConsent = waitsForConsent
    this.#engine = engine
    this.#sinks = sinks
    this.#held = held
    this.#flush = flush
    globalThis.document?.addEventListener('visibilitychange', this.#onHide)
    globalThis.document?.defaultView?.addEventListener('pagehide', this.#onHide)
  }

  /** How far each sink is, in the order they were given. */
  async status(): Promise<DeliveryStatus[]> {
    return this.#engine.call('deliveryStatus')
  }

  /** Goes on after a pause (the credentials were refused), or at once where it waits; not before there is consent. */
  async resume(): Promise<void> {
    if (!this.#waitsForConsent()) await this.#engine.call('resumeDeliveries')
  }

  /** Resolves when every sink has all that is stored, or is paused. */
  async idle(): Promise<void> {
    while (!(await this.#isDone())) {
      await new Promise((resolve) => setTimeout(resolve, IDLE_POLL_MS))
    }
  }

  async #isDone(): Promise<boolean> {
    try {
      return (await this.status()).every(({ isIdle, isPaused }) => isIdle || isPaused)
    } catch (error) {
      // the next engine goes on with it
      if ((error as { code?: unknown }).code === 'worker-lost') return false
      throw error
    }
  }

  /** Nothing is done at page hide any more. */
  close(): void {
    globalThis.document?.removeEventListener('visibilitychange', this.#onHide)
    globalThis.document?.defaultView?.removeEventListener('pagehide', this.#onHide)
  }

  /** What is undelivered goes out in requests that outlive the page: the worker's would be cut off with it. */
  async #deliverAtHide(): Promise<void> {
    // at once what is here already: there may be no time for any answer
    const sent = new Set<string>()
    let bytesLeft = LENT_MAX_BYTES
    const send = (lent: Lent) => {
      const key = keyOf(lent.sink, lent.chunk.id)
      if (sent.has(key)) return
      bytesLeft -= lent.chunk.bytes.length
      // the worker would wait for what it has lent
      if (bytesLeft < 0) return this.#giveBack(lent, undefined)
      sent.add(key)
      this.#send(key, lent)
    }
    for (const lent of [...this.#held.values()]) send(lent)
    if (!this.#sinks.some((sink) => sink.deliverAtHide)) return
    void this.#flush()
    for (const lent of await this.#engine.call('lendChunks')) send(lent)
  }

  #send(key: string, lent: Lent): void {
    this.#held.delete(key)
    // at once, and whatever a sink throws; what has failed is tried again by the worker, or the next one
    const delivery = (async () => this.#sinks[lent.sink]!.deliverAtHide!(lent.chunk))()
    delivery.then(
      (receipt) => this.#giveBack(lent, receipt),
      () => this.#giveBack(lent, undefined),
    )
  }

  #giveBack({ sink, chunk }: Lent, receipt: Receipt | undefined): void {
    this.#engine.call('giveBack', sink, chunk.sessionId, chunk.id, receipt).catch(() => {})
  }
}

class PageCalls implements PageApi {
  readonly #sinks: readonly ChunkSink[]
  readonly #store: SessionStore | undefined
  readonly #held: Map<string, Lent>
  readonly #deliveries = new Map<string, AbortController>()

  constructor(sinks: readonly ChunkSink[], store: SessionStore | undefined, held: Map<string, Lent>) {
    this.#sinks = sinks
    this.#store = store
    this.#held = held
  }

  async headers(index: number): Promise<HttpHeaders> {
    return (this.#sinks[index] as unknown as { headers(): HttpHeaders | Promise<HttpHeaders> }).headers()
  }

  async deliver(index: number, chunk: OutgoingChunk): Promise<SinkAnswer> {
    const key = keyOf(index, chunk.id)
    const controller = new AbortController()
    this.#deliveries.set(key, controller)
    try {
      return { receipt: await this.#sinks[index]!.deliver(chunk, controller.signal) }
    } catch (error) {
      const { remedy, retryAfterMs } = error as Partial<DeliveryError>
      return { remedy, retryAfterMs, message: messageOf(error) }
    } finally {
      this.#deliveries.delete(key)
    }
  }

  hold(lent: Lent): void {
    this.#held.set(keyOf(lent.sink, lent.chunk.id), lent)
  }

  letGo(index: number, chunkId: string): void {
    this.#held.delete(keyOf(index, chunkId))
  }

  abort(index: number, chunkId: string): void {
    this.#deliveries.get(keyOf(index, chunkId))?.abort()
  }

  storeSummary(): { summary: StoreSummary; hasLedger: boolean } {
    const { summary, ledger } = this.#store!
    return { summary: { ...summary }, hasLedger: typeof ledger === 'function' }
  }

  callLedger(sink: string, method: keyof DeliveryLedger, args: unknown[]): unknown {
    const ledger = this.#store!.ledger!(sink)
    return (ledger[method] as (...args: unknown[]) => unknown).apply(ledger, args)
  }

  /** The engine that made these calls is gone. */
  close(): void {
    for (const delivery of this.#deliveries.values()) delivery.abort()
  }

  callStore(method: StoreMethod, args: unknown[]): unknown {
    return (this.#store![method] as (...args: unknown[]) => unknown)(...args)
  }
}

const keyOf = (sink: number, chunkId: string) => `${sink} ${chunkId}`

function plansOf(given: unknown): SinkPlan[] {
  if (!Array.isArray(given)) throw new TypeError(`"sinks" expected an array, got ${describe(given)}`)
  const names = new Set<unknown>()
  return given.map((sink: Partial<ChunkSink> & { kind?: unknown; url: string; headers?: unknown }, index) => {
    const { name, kind, url, headers } = sink ?? {}
    if (typeof sink?.deliver !== 'function' || typeof name !== 'string' || name === '') {
      throw new TypeError(
        `"sinks[${index}]" expected httpSink(…) or { name, deliver(chunk, signal) }, got ${describe(sink)}`,
      )
    }
    if (names.has(name)) {
      throw new RangeError(`"sinks[${index}]" expected a name of its own, got ${describe(name)} again`)
    }
    names.add(name)
    if (kind !== 'http') return { kind: 'page', name, deliversAtHide: typeof sink.deliverAtHide === 'function' }
    const sent = typeof headers === 'function' ? 'page' : (headers as HttpHeaders | undefined)
    return { kind, name, url, headers: sent, deliversAtHide: true }
  })
}
