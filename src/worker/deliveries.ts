import { CHUNK_SEAL_MIN_BYTES } from '../limits.js'
import { DeliveryQueue, MemoryLedger } from '../sinks/index.js'
import type { SessionStore } from '../store/port.js'
import type { SessionRecord } from '../store/record.js'
import { checkSinks } from './checks/sinks.js'
import type { Warning } from './protocol.js'

export interface DeliveriesEvents {
  onWarning(code: Warning['code'], message: string): void
  /** Chunks are to hold no more raw bytes than this from now on. */
  onTooLarge(chunkMaxBytes: number): void
  /** Every sink has all of the session. */
  onDelivered(sessionId: string): void
}

/** A recorder's sinks, a queue each over one store. */
export class Deliveries {
  readonly #queues: DeliveryQueue[]

  /** given: the option `sinks`. @throws TypeError | RangeError naming what is wrong with it. */
  constructor(given: unknown, store: SessionStore, events: DeliveriesEvents) {
    this.#queues = checkSinks(given).map((sink) => {
      const ledger = store.ledger?.(sink.name) ?? new MemoryLedger()
      return new DeliveryQueue(store, sink, ledger, {
        events: {
          onDelivered: ({ sessionId, final }) => {
            if (final) events.onDelivered(sessionId)
          },
          onQuarantined: ({ id }, { message }) =>
            events.onWarning('chunk-quarantined', `sink "${sink.name}" will not take chunk ${id}: ${message}`),
          onPaused: ({ message }) => events.onWarning('sink-paused', `sink "${sink.name}" is paused: ${message}`),
          onTooLarge: (byteLength) => events.onTooLarge(Math.max(CHUNK_SEAL_MIN_BYTES, byteLength >> 1)),
        },
      })
    })
  }

  /** Takes up what was left undelivered; what fails now is heard of with the next chunk. */
  start(): void {
    for (const queue of this.#queues) queue.start().catch(() => {})
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

  close(): void {
    for (const queue of this.#queues) queue.close()
  }
}
