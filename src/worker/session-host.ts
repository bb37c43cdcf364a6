import { KymographError } from '../errors.js'
import type { Kernels } from '../kernels/types.js'
import { BATCH_BYTES, HANDOVER_MS } from '../limits.js'
import type { ResumePoint } from '../pipeline/plan.js'
import { type SealedChunk, SessionPipeline } from '../pipeline/session-pipeline.js'
import type { SessionStore } from '../store/port.js'
import type { Chunk, ClockSnapshot, Mark } from '../wire/model.js'
import { labelWarnings } from './checks/labels.js'
import { messageOf } from './checks/text.js'
import { FrameInput } from './frame-input.js'
import type { PageCounts, SessionOpening, SessionSummary, ToPage, ToWorker, Warning } from './protocol.js'
import { RetainedMessages } from './retained-messages.js'
import { summaryOf } from './summary.js'

/** A message on one port has arrived by then, before an answer on another. */
const HEARD_MS = 20

export interface SessionHostEvents {
  /** A chunk is on its way to the store, in this frame. */
  onSealed(frame: Uint8Array): void
  onEnd(failure: KymographError | undefined): void
}

/** What the store holds of a session already. */
export interface StoredEnd {
  /** The last chunk that is no amendment. */
  chunk: Chunk
  /** See {@link ResumePoint}. */
  lastTimes: Uint8Array[]
  chunks: number
  bytes: number
  /** Marks of the chunks the page may not know to be stored. */
  marks: Mark[]
}

/** One session in the worker: takes what comes over its data port, keeps the chunk clock, stores what is sealed. */
export class SessionHost {
  readonly #opening: SessionOpening
  readonly #store: SessionStore
  readonly #port: MessagePort
  readonly #pipeline: SessionPipeline
  readonly #input: FrameInput
  readonly #events: SessionHostEvents
  readonly #retained = new RetainedMessages()
  #handledSerial = 0
  #sealTimer: ReturnType<typeof setTimeout> | undefined
  #drainTimer: ReturnType<typeof setInterval> | undefined
  /** Appends run one after the other; this settles with the last. */
  #stored: Promise<void> = Promise.resolve()
  #storedChunks: number
  #storedBytes: number
  #failure: KymographError | undefined
  /** The final chunk is sealed: what still comes changes nothing. */
  #isComplete = false
  #finished = false
  /** Frames ingested per stream as of the last stored chunk. */
  #storedFrames: number[]
  readonly #waiters: (() => void)[] = []
  /** While messages that came together are handled, what there is to say: it goes together too. */
  #isGathering = false
  readonly #gathered: ToPage[] = []
  readonly #gatheredBuffers: ArrayBuffer[] = []

  /** `last`: the last chunk of this session the store holds, if it has been here before. */
  constructor(
    kernels: Kernels,
    store: SessionStore,
    opening: SessionOpening,
    port: MessagePort,
    last: StoredEnd | undefined,
    events: SessionHostEvents,
  ) {
    this.#opening = opening
    this.#store = store
    this.#port = port
    this.#events = events
    const { settings, id, clock, rings } = opening
    this.#storedChunks = last?.chunks ?? 0
    this.#storedBytes = last?.bytes ?? 0
    this.#storedFrames = settings.streams.map((_, index) => last?.chunk.streams[index]?.counts.ingested ?? 0)
    this.#pipeline = new SessionPipeline(
      kernels,
      { ...settings, id, clock },
      {
        onSealed: (sealed) => this.#storeChunk(sealed),
        onGap: (stream, gap) => this.#post({ kind: 'gap', stream, gap }),
        onWarning: (code, message) => this.#post({ kind: 'warning', code, message }),
        retainedFrom: (index) => this.#input.retainedFrom(index) ?? this.#retained.retainedFrom(index),
      },
    )
    this.#pipeline.resume(resumePointOf(opening, last))
    // labels and marks may have been stored before the start
    const { startClock } = opening
    if (startClock) this.#pipeline.start(startClock)
    this.#input = new FrameInput(this.#pipeline, settings.streams, rings)
    if (this.#input.hasRings) {
      this.#drainTimer = setInterval(() => this.#drain(), HANDOVER_MS)
    }
    port.onmessage = (event: MessageEvent<ToWorker[]>) => {
      this.#isGathering = true
      for (const message of event.data) this.#receive(message)
      this.#isGathering = false
      this.#sendGathered()
    }
  }

  start(clock: ClockSnapshot): void {
    this.#pipeline.start(clock)
  }

  warn(code: Warning['code'], message: string): void {
    this.#post({ kind: 'warning', code, message })
  }

  /** Chunks hold no more raw bytes than this from now on. */
  limitChunks(maxBytes: number): void {
    this.#pipeline.limitChunks(maxBytes)
  }

  /** Seals what is there. */
  seal(): void {
    this.#drain()
    if (!this.#pipeline.isEmpty) this.#guard(() => this.#pipeline.seal())
  }

  /** Seals what is there and resolves when it is stored. */
  async flush(afterSerial: number, flush: number): Promise<void> {
    await this.#until(() => this.#handledSerial >= afterSerial)
    this.seal()
    const serial = this.#retained.release(this.#handledSerial, this.#pipeline.settledFrames)
    await this.#settled()
    this.#post({ kind: 'flushed', serial, flush })
  }

  /** Writes the final chunk and resolves when it is stored. */
  async stop(afterSerial: number, clock: ClockSnapshot, counts: PageCounts[]): Promise<SessionSummary> {
    await this.#until(() => this.#handledSerial >= afterSerial)
    this.#stopTimers()
    this.#guard(() => {
      this.#input.drain()
      this.#pipeline.noteClock(clock)
      for (const [index, streamCounts] of counts.entries()) this.#pipeline.updatePageCounts(index, streamCounts)
      this.#pipeline.finish()
      this.#isComplete = true
    })
    await this.#settled()
    await this.close()
    return summaryOf(this.#opening, this.#pipeline, this.#storedChunks, this.#storedBytes)
  }

  /** Lets go of everything; the session ends as it stands. */
  async close(): Promise<void> {
    if (this.#finished) return
    this.#finished = true
    this.#sendGathered()
    this.#stopTimers()
    this.#port.onmessage = null
    this.#port.close()
    this.#pipeline.dispose()
    this.#events.onEnd(this.#failure)
    this.#wake()
    // all that was announced is stored; who opens the store next sees that nobody writes
    await this.#store.release(this.#opening.id).catch(() => {})
  }

  #receive(message: ToWorker): void {
    if (this.#isComplete || this.#finished) return
    if (message.kind === 'close') return void this.close()
    if (message.kind !== 'nudge') this.#retained.add(message)
    this.#guard(() => {
      this.#pipeline.noteClock(message.clock)
      // frames that were pushed before a mark or new labels come before them
      if (message.kind !== 'batch') this.#input.drain()
      switch (message.kind) {
        case 'batch':
          this.#input.receive(message)
          break
        case 'mark':
          this.#pipeline.mark(message.mark)
          break
        case 'labels':
          this.#setLabels(message)
          break
      }
    })
    if (message.kind === 'nudge') {
      this.#armSealTimer()
      return
    }
    // the page has no use for others
    const isReusable = message.kind === 'batch' && message.buffer.byteLength === BATCH_BYTES
    const buffer = isReusable ? message.buffer : undefined
    this.#post({ kind: 'recycle', serial: message.serial, buffer }, buffer)
    this.#handledSerial = message.serial
    this.#armSealTimer()
    this.#wake()
  }

  #setLabels({ labels, revision }: Extract<ToWorker, { kind: 'labels' }>): void {
    const known = this.#pipeline.labels
    for (const warning of labelWarnings(labels.filter((label) => !known.includes(label)))) {
      this.#post({ kind: 'warning', ...warning })
    }
    this.#pipeline.setLabels(labels, revision)
  }

  #drain(): void {
    if (this.#isComplete) return
    this.#guard(() => this.#input.drain())
    this.#armSealTimer()
  }

  #storeChunk({ chunk, frame }: SealedChunk): void {
    clearTimeout(this.#sealTimer)
    this.#sealTimer = undefined
    this.#events.onSealed(frame)
    const { settledFrames } = this.#pipeline
    const serial = this.#retained.release(this.#handledSerial, settledFrames)
    this.#stored = this.#stored
      .then(() => (this.#failure ? undefined : this.#store.append(chunk, frame)))
      .then(() => {
        if (this.#failure) return
        this.#storedChunks += 1
        this.#storedBytes += frame.length
        this.#storedFrames = chunk.streams.map((piece) => piece.counts.ingested)
        this.#input.release(settledFrames)
        this.#post({ kind: 'stored', serial, seq: chunk.seq, byteLength: frame.length, final: chunk.final })
        this.#wake()
      })
      .catch((cause: unknown) => {
        const isFull = cause instanceof KymographError && cause.code === 'quota'
        this.#fail(isFull ? 'quota' : 'storage-error', 'the store refused a chunk', cause)
      })
  }

  #armSealTimer(): void {
    if (this.#sealTimer !== undefined || this.#finished || this.#pipeline.isEmpty) return
    this.#sealTimer = setTimeout(() => {
      this.#sealTimer = undefined
      this.#guard(() => {
        this.#input.drain()
        if (!this.#pipeline.isEmpty) this.#pipeline.seal()
      })
    }, this.#opening.settings.chunkMaxMs)
  }

  #stopTimers(): void {
    clearTimeout(this.#sealTimer)
    clearInterval(this.#drainTimer)
  }

  /** Runs a step of the pipeline; the first failure ends the session, loudly. */
  #guard(step: () => void): void {
    if (this.#failure || this.#finished) return
    try {
      step()
    } catch (cause) {
      if (cause instanceof KymographError && cause.code === 'wasm-trap') this.#beginAnew(cause)
      else this.#fail(cause instanceof KymographError ? cause.code : 'internal', 'the session failed', cause)
    }
  }

  /** A kernel with state of its own is lost: the session goes on in a new host, from the last stored chunk. */
  #beginAnew(cause: KymographError): void {
    this.#post({ kind: 'replay', cause: cause.message })
    this.#failure = cause
    this.#wake()
    void this.#stored.then(() => this.close())
  }

  #fail(code: KymographError['code'], what: string, cause: unknown): void {
    if (this.#failure) return
    const reason = messageOf(cause)
    this.#failure = new KymographError(code, `${what}: ${reason}`, { cause })
    this.#post({ kind: 'failed', code, message: this.#failure.message, storedFrames: this.#storedFrames })
    this.#wake()
    void this.close()
  }

  async #settled(): Promise<void> {
    await this.#stored
    if (this.#failure) {
      await this.close()
      // the data port tells what is stored, exactly: it is to be heard before the answer is
      await new Promise((resolve) => setTimeout(resolve, HEARD_MS))
      throw this.#failure
    }
  }

  #post(message: ToPage, buffer?: ArrayBuffer): void {
    if (this.#finished) return
    this.#gathered.push(message)
    if (buffer) this.#gatheredBuffers.push(buffer)
    if (!this.#isGathering) this.#sendGathered()
  }

  #sendGathered(): void {
    const messages = this.#gathered.splice(0)
    if (messages.length > 0) this.#port.postMessage(messages, this.#gatheredBuffers.splice(0))
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#failure) throw this.#failure
      if (this.#finished) throw new KymographError('ended', `session ${this.#opening.id} has ended`)
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake()
  }
}

function resumePointOf(opening: SessionOpening, last: StoredEnd | undefined): ResumePoint {
  const { epoch, seq, baseFrames, oldestFrames } = opening
  return {
    epoch,
    seq,
    baseFrames,
    oldestFrames,
    lastChunk: last?.chunk,
    lastTimes: last?.lastTimes ?? [],
    storedMarks: last?.marks ?? [],
  }
}
