import { BACKLOG_MAX_BYTES, BATCH_BYTES, HANDOVER_MS, POOL_MAX_BUFFERS } from '../limits.js'
import type { ToPage, ToWorker } from '../worker/protocol.js'

type Unsent<T> = T extends unknown ? Omit<T, 'serial'> : never

/**
 * The page's end of a session's data port: batches out, buffers and acknowledgements back.
 *
 * Keeps count of the bytes on their way to the store; nothing here grows beyond BACKLOG_MAX_BYTES.
 */
export class DataLink {
  readonly #port: MessagePort
  readonly #pool: ArrayBuffer[] = []
  /** What is on its way: bytes by serial, oldest first. */
  readonly #outstanding: { serial: number; byteLength: number }[] = []
  readonly #handOver: () => void
  #outstandingBytes = 0
  /** The final chunk is stored, or the link has closed. */
  #isOver = false
  #serial = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #waiting: (() => void)[] = []

  /** `handOver` is called when open batches have waited long enough; `receive` gets what the worker has to say. */
  constructor(port: MessagePort, handOver: () => void, receive: (message: ToPage) => void) {
    this.#port = port
    this.#handOver = handOver
    port.onmessage = (event: MessageEvent<ToPage>) => {
      const message = event.data
      if (message.kind === 'recycle') {
        if (this.#pool.length < POOL_MAX_BUFFERS) this.#pool.push(message.buffer)
        return
      }
      if (message.kind === 'stored' && message.final) this.#isOver = true
      if (message.kind === 'stored' || message.kind === 'flushed') this.#acknowledge(message.serial)
      receive(message)
    }
  }

  /** Number of the last message sent. */
  get serial(): number {
    return this.#serial
  }

  get hasRoom(): boolean {
    return this.#outstandingBytes < BACKLOG_MAX_BYTES
  }

  /** Whether there is room for a good deal more than one batch. */
  get isReady(): boolean {
    return this.#outstandingBytes <= BACKLOG_MAX_BYTES / 2
  }

  /** Resolves when that is so, or the link has closed. */
  async ready(): Promise<void> {
    while (!this.isReady) await this.#news()
  }

  /** Resolves when message `serial` is in a stored chunk, or the link has closed. */
  async stored(serial: number): Promise<void> {
    while (this.#outstanding.length > 0 && this.#outstanding[0]!.serial <= serial) await this.#news()
  }

  /** Resolves when the final chunk is stored, or the link has closed. */
  async finalStored(): Promise<void> {
    while (!this.#isOver) await this.#news()
  }

  takeBuffer(): ArrayBuffer {
    return this.#pool.pop() ?? new ArrayBuffer(BATCH_BYTES)
  }

  /** A batch has its first frame: it will be handed over within HANDOVER_MS. */
  armHandOver(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#handOver()
    }, HANDOVER_MS)
  }

  /** Sends a message; `byteLength` of it counts as on its way until it is stored. */
  send(message: Unsent<ToWorker>, byteLength = 0): void {
    this.#serial += 1
    this.#outstanding.push({ serial: this.#serial, byteLength })
    this.#outstandingBytes += byteLength
    this.#port.postMessage({ ...message, serial: this.#serial }, message.kind === 'batch' ? [message.buffer] : [])
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#port.onmessage = null
    this.#port.close()
    this.#isOver = true
    this.#outstanding.length = 0
    this.#outstandingBytes = 0
    this.#wake()
  }

  #acknowledge(serial: number): void {
    while (this.#outstanding.length > 0 && this.#outstanding[0]!.serial <= serial) {
      this.#outstandingBytes -= this.#outstanding.shift()!.byteLength
    }
    this.#wake()
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}
