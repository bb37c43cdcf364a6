import { KymographError } from '../errors.js'

/** A chunk on its way to a sink. */
export interface OutgoingChunk {
  /** `sessionId:epoch:seq`: who receives one twice keeps one. */
  id: string
  sessionId: string
  seq: number
  final: boolean
  /** Of `bytes`: `crc32c:` and eight hexadecimal digits. */
  digest: string
  /** The chunk in its frame (docs/format.md), borrowed. */
  bytes: Uint8Array
}

/** What a sink answers once it has the chunk for good. It counts only if both are those of the chunk. */
export interface Receipt {
  id: string
  digest: string
}

/**
 * Where chunks go besides the store.
 *
 * Rejects with a {@link DeliveryError} that says what to do; any other rejection is taken for trouble on the way.
 */
export interface ChunkSink {
  /** Tells the sinks of a recorder apart, and what was delivered to each, over restarts. */
  readonly name: string
  deliver(chunk: OutgoingChunk, signal: AbortSignal): Promise<Receipt>
  /** The same on a page that is going away, by a request that outlives it; all such may be 64 KiB at a time. */
  deliverAtHide?(chunk: OutgoingChunk): Promise<Receipt>
}

/**
 * What becomes of a chunk that was not taken: `retry` it later; `pause` all deliveries until somebody helps (the
 * credentials are wrong); `quarantine` it, since it will not be taken the next time either; `shrink`: quarantine it, and
 * make later ones smaller.
 */
export type DeliveryRemedy = 'retry' | 'pause' | 'quarantine' | 'shrink'

export class DeliveryError extends KymographError {
  readonly remedy: DeliveryRemedy
  /** Milliseconds the receiver wants to be left alone. */
  readonly retryAfterMs: number | undefined

  constructor(remedy: DeliveryRemedy, message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super('delivery-failed', message, options)
    this.remedy = remedy
    this.retryAfterMs = options.retryAfterMs
  }
}
