/** How far the delivery of a session has come, to one sink. */
export interface DeliveryProgress {
  /** Chunks from the first on that are done with: delivered or in quarantine. */
  done: number
  /** Indices of those the sink will not take. */
  quarantined: number[]
}

/**
 * What was delivered, by session id, so that deliveries go on where they stood. It may lag, or be lost: chunks are then
 * delivered again and the receiver keeps one.
 */
export interface DeliveryLedger {
  read(): Promise<Map<string, DeliveryProgress>>
  /** undefined: the session is gone. */
  write(sessionId: string, progress: DeliveryProgress | undefined): Promise<void>
}

/** For stores that last no longer. */
export class MemoryLedger implements DeliveryLedger {
  readonly #progress = new Map<string, DeliveryProgress>()

  async read(): Promise<Map<string, DeliveryProgress>> {
    return new Map(this.#progress)
  }

  async write(sessionId: string, progress: DeliveryProgress | undefined): Promise<void> {
    if (progress) this.#progress.set(sessionId, progress)
    else this.#progress.delete(sessionId)
  }
}
