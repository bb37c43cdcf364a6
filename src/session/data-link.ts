import { BACKLOG_MAX_BYTES, BATCH_BYTES, HANDOVER_MS, IN_FLIGHT_MAX_BYTES, POOL_MAX_BYTES } from '../limits.js'
import type { FrameMemory } from '../worker/frame-memory.js'
import type { ClockSnapshot, Mark, ToPage, ToWorker } from '../worker/protocol.js'
import { readClocks } from './clock.js'

/** A batch as the page keeps it until its frames are stored. */
export interface KeptBatch {
  streamIndex: number
  memory: FrameMemory
  frameCount: number
  /** Number of its first frame among those of the stream that were ever sent; known once it is sent. */
  firstFrame: number
  dictionaries: [channelIndex: number, values: string[]][]
  clock: ClockSnapshot
  /** Whether it may give way to later ones while it was never sent. */
  canDrop: boolean
  /** Notes number and counters in the batch: from now on it stays as it is. */
  onFirstSent(batch: KeptBatch): void
  onStored(batch: KeptBatch): void
  onDropped(batch: KeptBatch): void
}

type Note =
  | { kind: 'mark'; mark: Mark; clock: ClockSnapshot }
  | { kind: 'labels'; labels: string[]; revision: number; clock: ClockSnapshot }

interface Kept {
  serial: number
  byteLength: number
  batch?: KeptBatch
  note?: Note
  /** Chunks known to be stored when it was first sent: it is in none of them. */
  sinceSeq?: number
}

/** What a small message is taken to weigh on its way, in bytes, besides its text. */
const NOTE_BYTES = 256

/**
 * The page's end of a session's data port: batches and notes out, buffers and acknowledgements back.
 *
 * Everything is kept until it is stored, and sent again, under the same serial, over a new port when the worker was
 * lost. Nothing here grows beyond BACKLOG_MAX_BYTES, and no more than IN_FLIGHT_MAX_BYTES of it wait in the worker.
 */
export class DataLink {
  readonly #handOver: () => boolean
  readonly #onMessage: (message: ToPage) => void
  /** Buffers that came back from the worker. */
  readonly #pool: ArrayBuffer[] = []
  #port: MessagePort | undefined
  /** Oldest first. */
  #kept: Kept[] = []
  #keptBytes = 0
  /** Serials up to this one are on the present port. */
  #sentSerial = 0
  /** Serials up to this one were on some port. */
  #everSentSerial = 0
  /** Sizes of what the worker has not taken up, oldest first. */
  #inFlight: number[] = []
  #inFlightBytes = 0
  #serial = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #isGathering = false
  /** When what goes together was gathered. */
  #gatheredClock: ClockSnapshot | undefined
  /** Rings have had news while gathering. */
  #isNudging = false
  /** Chunks known to be stored. */
  seq = 0
  /** Number of the last flush that is done and everything before it told. */
  flushed = 0
  /** The final chunk is stored in the engine there is, or the link has closed. */
  isOver = false
  readonly #waiting: (() => void)[] = []

  /**
   * `handOver` is called when frames have waited long enough, and says whether there were any; `onMessage` gets what the
   * worker has to say.
   */
  constructor(handOver: () => boolean, onMessage: (message: ToPage) => void) {
    this.#handOver = handOver
    this.#onMessage = onMessage
  }

  /** Has everything written by now stay until it is stored; returns the number of the last message. */
  secure(): number {
    for (const { batch } of this.#kept) if (batch) batch.canDrop = false
    return this.#serial
  }

  /** Number of the last message up to `serial` that a worker has yet to take up; 0: none, all of them are stored. */
  lastKept(serial: number): number {
    return this.#kept.findLast((kept) => kept.serial <= serial)?.serial ?? 0
  }

  /** The first chunk that may hold a note which is to be sent again. */
  get notesSinceSeq(): number {
    return this.#kept.reduce((seq, { note, sinceSeq }) => (note ? Math.min(seq, sinceSeq ?? seq) : seq), this.seq)
  }

  get hasRoom(): boolean {
    return this.#keptBytes < BACKLOG_MAX_BYTES
  }

  get isReady(): boolean {
    return this.#keptBytes <= BACKLOG_MAX_BYTES / 2
  }

  /** Resolves with the next sign of progress, or when the link closes. */
  progress(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Resolves when progress has made it so, or the link is over. */
  async until(isSo: () => boolean): Promise<void> {
    while (!this.isOver && !isSo()) await this.progress()
  }

  /** Batches of one stream that are kept, oldest first. */
  batchesOf(streamIndex: number): KeptBatch[] {
    return this.#kept.flatMap(({ batch }) => (batch?.streamIndex === streamIndex ? [batch] : []))
  }

  /** Lets go of batches of a stream that were never sent. */
  dropBatches(streamIndex: number, isDropped: (batch: KeptBatch) => boolean): void {
    this.#kept = this.#kept.filter((kept) => {
      const { batch } = kept
      if (batch?.streamIndex !== streamIndex || kept.serial <= this.#everSentSerial || !isDropped(batch)) return true
      this.#keptBytes -= kept.byteLength
      batch.onDropped(batch)
      return false
    })
  }

  /**
   * Something has its first frame: `handOver` will be called within HANDOVER_MS, and again for as long as there is
   * something to hand over, so that a push seldom has to set a timer.
   */
  armHandOver(): void {
    if (this.#isGathering) return
    this.#timer ??= setTimeout(() => {
      if (this.handOver() && !this.isOver) this.armHandOver()
    }, HANDOVER_MS)
  }

  /** Hands over now what there is, after `collect` has added to it; says whether there was anything. */
  handOver(collect?: () => void): boolean {
    clearTimeout(this.#timer)
    this.#timer = undefined
    // what goes together travels together
    this.#isGathering = true
    collect?.()
    const isAnything = this.#handOver()
    this.#isGathering = false
    this.#gatheredClock = undefined
    this.#pump()
    if (this.#isNudging) this.nudge()
    return isAnything
  }

  sendBatch(batch: KeptBatch): void {
    this.#keep({ serial: ++this.#serial, byteLength: batch.memory.buffer.byteLength, batch })
  }

  sendNote(note: Note): void {
    const properties = note.kind === 'mark' ? Object.entries(note.mark.properties) : []
    const text = properties.reduce((sum, [key, value]) => sum + key.length + String(value).length, 0)
    this.#keep({ serial: ++this.#serial, byteLength: NOTE_BYTES + text, note })
  }

  /** The clocks now, the same for all that goes together. */
  get clock(): ClockSnapshot {
    if (!this.#isGathering) return readClocks()
    this.#gatheredClock ??= readClocks()
    return this.#gatheredClock
  }

  /** Tells the worker that rings have news. */
  nudge(): void {
    this.#isNudging = this.#isGathering
    if (this.#isGathering) return
    this.#port?.postMessage([{ kind: 'nudge', clock: readClocks() }] satisfies ToWorker[])
  }

  /** There is a worker: sends it everything kept. */
  attach(port: MessagePort): void {
    this.detach()
    this.#port = port
    port.onmessage = (event: MessageEvent<ToPage[]>) => {
      for (const message of event.data) if (this.#port === port) this.#receive(message)
    }
    this.#pump()
    this.nudge()
  }

  /** There is no worker for now. */
  detach(): void {
    if (this.#port) {
      this.#port.onmessage = null
      this.#port.close()
    }
    this.#port = undefined
    this.isOver = false
    this.#sentSerial = 0
    this.#inFlight = []
    this.#inFlightBytes = 0
  }

  /** The session is over, whatever the worker has of it. */
  close(): void {
    clearTimeout(this.#timer)
    this.#port?.postMessage([{ kind: 'close' }] satisfies ToWorker[])
    this.detach()
    this.isOver = true
    this.#kept = []
    this.#keptBytes = 0
    this.#pool.length = 0
    this.#wake()
  }

  #keep(kept: Kept): void {
    this.#kept.push(kept)
    this.#keptBytes += kept.byteLength
    this.#pump()
    while (this.#keptBytes > BACKLOG_MAX_BYTES && this.#dropOldest()) {
      // until it fits
    }
  }

  /** Those that were sent stay: they have to come again as they were. */
  #dropOldest(): boolean {
    const index = this.#kept.findIndex(({ serial, batch }) => serial > this.#everSentSerial && batch?.canDrop)
    if (index < 0) return false
    const [dropped] = this.#kept.splice(index, 1)
    this.#keptBytes -= dropped!.byteLength
    dropped!.batch!.onDropped(dropped!.batch!)
    return true
  }

  #pump(): void {
    if (!this.#port || this.#isGathering || this.#inFlightBytes >= IN_FLIGHT_MAX_BYTES) return
    let index = this.#kept.length
    while (index > 0 && this.#kept[index - 1]!.serial > this.#sentSerial) index -= 1
    const messages: ToWorker[] = []
    const buffers: ArrayBuffer[] = []
    for (; index < this.#kept.length && this.#inFlightBytes < IN_FLIGHT_MAX_BYTES; index++) {
      const kept = this.#kept[index]!
      messages.push(this.#messageOf(kept, buffers))
      kept.sinceSeq ??= this.seq
      this.#sentSerial = kept.serial
      this.#everSentSerial = Math.max(this.#everSentSerial, kept.serial)
      this.#inFlight.push(kept.byteLength)
      this.#inFlightBytes += kept.byteLength
    }
    if (messages.length > 0) this.#port.postMessage(messages, buffers)
  }

  /** Adds to `buffers` what is to be transferred with it. */
  #messageOf({ serial, batch, note }: Kept, buffers: ArrayBuffer[]): ToWorker {
    if (!batch) return { ...note!, serial }
    if (serial > this.#everSentSerial) batch.onFirstSent(batch)
    const { streamIndex, memory, frameCount, firstFrame, dictionaries, clock } = batch
    const source = new Uint8Array(memory.buffer)
    let buffer = source.length === BATCH_BYTES ? this.#pool.pop() : undefined
    if (buffer) new Uint8Array(buffer).set(source)
    else buffer = source.slice().buffer
    buffers.push(buffer)
    const { capacityFrames } = memory
    return { kind: 'batch', serial, streamIndex, buffer, capacityFrames, frameCount, firstFrame, dictionaries, clock }
  }

  #receive(message: ToPage): void {
    switch (message.kind) {
      case 'recycle': {
        this.#inFlightBytes -= this.#inFlight.shift() ?? 0
        const { buffer } = message
        const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength === BATCH_BYTES
        if (isOwn && this.#pool.length * BATCH_BYTES < POOL_MAX_BYTES) {
          this.#pool.push(buffer)
        }
        this.#pump()
        return
      }
      case 'stored':
      case 'flushed':
        while (this.#kept.length > 0 && this.#kept[0]!.serial <= message.serial) {
          const { byteLength, batch } = this.#kept.shift()!
          this.#keptBytes -= byteLength
          batch?.onStored(batch)
        }
        if (message.kind === 'flushed') this.flushed = Math.max(this.flushed, message.flush)
        else {
          this.seq = message.seq + 1
          if (message.final) this.isOver = true
        }
        this.#wake()
    }
    this.#onMessage(message)
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
