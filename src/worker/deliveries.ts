import { CHUNK_SEAL_MIN_BYTES } from '../limits.js'
import { type Borrower, DeliveryQueue, LENT_MAX_BYTES, MemoryLedger, type Receipt } from '../sinks/index.js'
import type { SessionStore } from '../store/port.js'
import type { SessionRecord } from '../store/record.js'
import type { SinkPlan } from './page-api.js'
import { openSink, type RemotePage } from './page-parts.js'
import type { DeliveryStatus, Lent, Warning } from './protocol.js'

export interface DeliveriesEvents {
  onWarning(code: Warning['code'], message: string): void
  /** Chunks are to hold no more raw bytes than this from now on. */
  onTooLarge(chunkMaxBytes: number): void
  /** A sink has one more chunk of the session. */
  onDelivered(sessionId: string): void
}

/** The page, of one sink. */
function borrowerAt(page: RemotePage, sink: number): Borrower {
  return {
    hold: (chunk) => void page.hold({ sink, chunk }),
    letGo: ({ id }) => void page.letGo(sink, id),
  }
}

/** A recorder's sinks, a queue each over one store. */
export class Deliveries {
  readonly #plans: SinkPlan[]
  readonly #queues: DeliveryQueue[]

  /** `isPaused`: nothing is delivered before `resume`. */
  constructor(
    plans: SinkPlan[],
    page: RemotePage | undefined,
    store: SessionStore,
    isPaused: boolean,
    events: DeliveriesEvents,
  ) {
    this.#plans = plans
    this.#queues = plans.map((plan, index) => {
      const sink = openSink(plan, index, page)
      const ledger = store.ledger?.(sink.name) ?? new MemoryLedger()
      return new DeliveryQueue(store, sink, ledger, {
        isPaused,
        borrower: page && plan.deliversAtHide ? borrowerAt(page, index) : undefined,
        events: {
          onDelivered: ({ sessionId }) => events.onDelivered(sessionId),
          onQuarantined: ({ id }, { message }) =>
            events.onWarning('chunk-quarantined', `sink "${sink.name}" will not take chunk ${id}: ${message}`),
          onPaused: ({ message }) => events.onWarning('sink-paused', `sink "${sink.name}" is paused: ${message}`),
          onTooLarge: (byteLength) => events.onTooLarge(Math.max(CHUNK_SEAL_MIN_BYTES, byteLength >> 1)),
        },
      })
    })
  }

  /** Takes up what was left undelivered. Resolves when all of that is known. */
  async start(): Promise<void> {
    await Promise.all(this.#queues.map((queue) => queue.start()))
  }

  announce(frame: Uint8Array): void {
    for (const queue of this.#queues) queue.announce(frame)
  }

  notify(sessionId: string): void {
    for (const queue of this.#queues) queue.notify(sessionId)
  }

  forget(sessionId: string): void {
    for (const queue of this.#queues) queue.forget(sessionId).catch(() => {})
  }

  /** False where there is nobody to deliver to. */
  isDelivered({ id, chunks }: Pick<SessionRecord, 'id' | 'chunks'>): boolean {
    return this.#queues.length > 0 && this.#queues.every((queue) => queue.isDelivered(id, chunks))
  }

  status(): DeliveryStatus[] {
    return this.#queues.map(({ counts, isIdle, isPaused }, index) => ({
      sink: this.#plans[index]!.name,
      ...counts,
      isIdle,
      isPaused,
    }))
  }

  resume(): void {
    for (const queue of this.#queues) queue.resume()
  }

  /** Chunks that are due to sinks a page that goes away can deliver to, as many as it can send. */
  lend(): Lent[] {
    const lent: Lent[] = []
    let bytesLeft = LENT_MAX_BYTES
    for (const [sink, queue] of this.#queues.entries()) {
      if (!this.#plans[sink]!.deliversAtHide) continue
      for (const chunk of queue.lend(bytesLeft)) {
        lent.push({ sink, chunk })
        bytesLeft -= chunk.bytes.length
      }
    }
    return lent
  }

  giveBack(sink: number, sessionId: string, chunkId: string, receipt: Receipt | undefined): void {
    this.#queues[sink]?.giveBack(sessionId, chunkId, receipt)
  }

  close(): void {
    for (const queue of this.#queues) queue.close()
  }
}
