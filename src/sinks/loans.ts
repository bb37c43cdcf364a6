import type { OutgoingChunk } from './port.js'

/** Keepalive requests and beacons of a page share 64 KiB, and the application may have some. */
export const LENT_MAX_BYTES = 48 * 1024
/** By then somebody who was lent chunks has given them back, or never will. */
const OUT_MAX_MS = 10_000

interface Entry {
  chunk: OutgoingChunk
  isOut: boolean
  isDelivered: boolean
}

/** Who may be lent chunks can have them at hand before. */
export interface Borrower {
  hold(chunk: OutgoingChunk): void
  letGo(chunk: OutgoingChunk): void
}

/**
 * The next chunks of the sessions being recorded, kept in memory so that they can be handed over at once: who asks has no
 * time for a store to answer.
 */
export class Loans {
  /** In the order they are due. */
  readonly #entries = new Map<string, Entry>()
  readonly #borrower: Borrower | undefined
  #byteLength = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(borrower: Borrower | undefined) {
    this.#borrower = borrower
  }

  /** Whether a chunk is next in its session, of which so many are done, and fits. */
  wants(sessionId: string, seq: number, done: number, byteLength: number): boolean {
    const last = [...this.#entries.values()].findLast(({ chunk }) => chunk.sessionId === sessionId)
    return seq === (last ? last.chunk.seq + 1 : done) && this.#byteLength + byteLength <= LENT_MAX_BYTES
  }

  add(chunk: OutgoingChunk): void {
    this.#entries.set(chunk.id, { chunk, isOut: false, isDelivered: false })
    this.#byteLength += chunk.bytes.length
    this.#borrower?.hold(chunk)
  }

  /** What is due and not lent already; `onOverdue` is called when it was not given back in time. */
  lend(maxBytes: number, onOverdue: () => void): OutgoingChunk[] {
    const lent: OutgoingChunk[] = []
    let bytesLeft = maxBytes
    for (const entry of this.#entries.values()) {
      bytesLeft -= entry.chunk.bytes.length
      if (bytesLeft < 0) break
      if (entry.isOut || entry.isDelivered) continue
      entry.isOut = true
      lent.push(entry.chunk)
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      for (const entry of this.#entries.values()) entry.isOut = false
      onOverdue()
    }, OUT_MAX_MS)
    return lent
  }

  giveBack(chunkId: string, isDelivered: (chunk: OutgoingChunk) => boolean): void {
    const entry = this.#entries.get(chunkId)
    if (!entry) return
    entry.isOut = false
    entry.isDelivered = isDelivered(entry.chunk)
  }

  /** Whether somebody else is delivering chunks of the session. */
  isOut(sessionId: string): boolean {
    return [...this.#entries.values()].some(({ chunk, isOut }) => isOut && chunk.sessionId === sessionId)
  }

  /** Whether somebody else has delivered this very chunk. */
  isDelivered({ id, digest }: OutgoingChunk): boolean {
    const entry = this.#entries.get(id)
    return entry?.isDelivered === true && entry.chunk.digest === digest
  }

  /** The chunk at `index` of the session is dealt with. */
  settle(sessionId: string, index: number): void {
    this.#remove(({ chunk }) => chunk.sessionId === sessionId && chunk.seq <= index)
  }

  forget(sessionId: string): void {
    this.#remove(({ chunk }) => chunk.sessionId === sessionId)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #remove(isGone: (entry: Entry) => boolean): void {
    for (const [id, entry] of this.#entries) {
      if (!isGone(entry)) continue
      const { chunk } = entry
      this.#entries.delete(id)
      this.#byteLength -= chunk.bytes.length
      this.#borrower?.letGo(chunk)
    }
  }
}
