import { KymographError } from '../errors.js'
import type { Kernels } from '../kernels/types.js'
import { type SealedChunk, SessionPipeline } from '../pipeline/session-pipeline.js'
import type { SessionStore } from '../store/port.js'
import type { ClockSnapshot } from '../wire/model.js'
import { Batch } from './batch.js'
import type { PageCounts, SessionStart, SessionSummary, ToPage, ToWorker } from './protocol.js'

const TWO_32 = 4_294_967_296

/** One session in the worker: takes what comes over its data port, keeps the chunk clock, stores what is sealed. */
export class SessionHost {
  readonly #start: SessionStart
  readonly #store: SessionStore
  readonly #port: MessagePort
  readonly #pipeline: SessionPipeline
  #handledSerial = 0
  #sealTimer: ReturnType<typeof setTimeout> | undefined
  /** Appends run one after the other; this settles with the last. */
  #stored: Promise<void> = Promise.resolve()
  #storedChunks = 0
  #storedBytes = 0
  #failure: KymographError | undefined
  #finished = false
  /** Frames ingested per stream as of the last stored chunk. */
  #storedFrames: number[]
  readonly #onEnd: (failure: KymographError | undefined) => void
  #waiters: (() => void)[] = []

  constructor(
    kernels: Kernels,
    store: SessionStore,
    start: SessionStart,
    port: MessagePort,
    onEnd: (failure: KymographError | undefined) => void,
  ) {
    this.#start = start
    this.#store = store
    this.#port = port
    this.#onEnd = onEnd
    this.#storedFrames = start.streams.map(() => 0)
    this.#pipeline = new SessionPipeline(kernels, start, {
      onSealed: (sealed) => this.#storeChunk(sealed),
      onGap: (stream, gap) => this.#post({ kind: 'gap', stream, gap }),
    })
    port.onmessage = (event: MessageEvent<ToWorker>) => this.#receive(event.data)
  }

  start(clock: ClockSnapshot): void {
    this.#pipeline.start(clock)
  }

  /** Seals what is there and resolves when it is stored. */
  async flush(afterSerial: number): Promise<void> {
    await this.#until(() => this.#handledSerial >= afterSerial)
    const serial = this.#handledSerial
    if (!this.#pipeline.isEmpty) this.#guard(() => this.#pipeline.seal())
    await this.#settled()
    this.#post({ kind: 'flushed', serial })
  }

  /** Writes the final chunk and resolves when it is stored. */
  async stop(afterSerial: number, clock: ClockSnapshot, counts: PageCounts[]): Promise<SessionSummary> {
    await this.#until(() => this.#handledSerial >= afterSerial)
    clearTimeout(this.#sealTimer)
    this.#pipeline.noteClock(clock)
    counts.forEach((streamCounts, index) => {
      this.#pipeline.updatePageCounts(index, streamCounts)
    })
    this.#guard(() => this.#pipeline.finish())
    await this.#settled()
    await this.close()
    return this.#summary()
  }

  /** Waits for the chunk at `index`; false when there will be none. */
  async hasChunk(index: number): Promise<boolean> {
    await this.#until(() => this.#storedChunks > index || this.#finished)
    return this.#storedChunks > index
  }

  /** Lets go of everything; the session ends as it stands. */
  async close(): Promise<void> {
    if (this.#finished) return
    this.#finished = true
    clearTimeout(this.#sealTimer)
    this.#port.onmessage = null
    this.#port.close()
    this.#pipeline.dispose()
    this.#onEnd(this.#failure)
    this.#wake()
    await this.#store.release(this.#start.id)
  }

  #receive(message: ToWorker): void {
    this.#guard(() => {
      this.#pipeline.noteClock(message.clock)
      switch (message.kind) {
        case 'batch':
          this.#receiveBatch(message)
          break
        case 'counts':
          for (const [index, counts] of message.counts) this.#pipeline.updatePageCounts(index, counts)
          break
        case 'mark':
          this.#pipeline.mark(message.mark)
          break
        case 'labels':
          this.#pipeline.setLabels(message.labels, message.revision)
          break
      }
    })
    if (message.kind === 'batch') this.#post({ kind: 'recycle', buffer: message.buffer }, [message.buffer])
    this.#handledSerial = message.serial
    this.#armSealTimer()
    this.#wake()
  }

  #receiveBatch(message: Extract<ToWorker, { kind: 'batch' }>): void {
    const plan = this.#start.streams[message.streamIndex]
    if (!plan) throw new KymographError('malformed', `batch for stream ${message.streamIndex}: no such stream`)
    const batch = new Batch(message.buffer, plan.descriptor.channels.length)
    const { frameCount } = message
    if (message.timeUnit === 'ms') millisecondsToNanoseconds(batch, frameCount)
    this.#pipeline.updatePageCounts(message.streamIndex, message.counts)
    this.#pipeline.receive(
      message.streamIndex,
      message.clockName,
      {
        timestampsNs: batch.timesNs.subarray(0, frameCount),
        slots: batch.slots.subarray(0, frameCount * batch.stride),
        frameCount,
      },
      message.dictionaries,
    )
  }

  #storeChunk({ chunk, frame }: SealedChunk): void {
    clearTimeout(this.#sealTimer)
    this.#sealTimer = undefined
    const serial = this.#handledSerial
    this.#stored = this.#stored
      .then(() => (this.#failure ? undefined : this.#store.append(chunk, frame)))
      .then(() => {
        if (this.#failure) return
        this.#storedChunks += 1
        this.#storedBytes += frame.length
        this.#storedFrames = chunk.streams.map((piece) => piece.counts.ingested)
        this.#post({ kind: 'stored', serial, seq: chunk.seq, byteLength: frame.length, final: chunk.final })
        this.#wake()
      })
      .catch((cause: unknown) => this.#fail('storage-error', 'the store refused a chunk', cause))
  }

  #armSealTimer(): void {
    if (this.#sealTimer !== undefined || this.#pipeline.isEmpty) return
    this.#sealTimer = setTimeout(() => {
      this.#sealTimer = undefined
      this.#guard(() => {
        if (!this.#pipeline.isEmpty) this.#pipeline.seal()
      })
    }, this.#start.chunkMaxMs)
  }

  /** Runs a step of the pipeline; the first failure ends the session, loudly. */
  #guard(step: () => void): void {
    if (this.#failure) return
    try {
      step()
    } catch (cause) {
      this.#fail(cause instanceof KymographError ? cause.code : 'internal', 'the session failed', cause)
    }
  }

  #fail(code: KymographError['code'], what: string, cause: unknown): void {
    if (this.#failure) return
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.#failure = new KymographError(code, `${what}: ${reason}`, { cause })
    this.#post({ kind: 'failed', code, message: this.#failure.message, storedFrames: this.#storedFrames })
    this.#wake()
    void this.close()
  }

  async #settled(): Promise<void> {
    await this.#stored
    if (this.#failure) {
      await this.close()
      throw this.#failure
    }
  }

  #summary(): SessionSummary {
    const pipeline = this.#pipeline
    const counts = pipeline.counts()
    return {
      id: this.#start.id,
      ...(this.#start.journeyId === undefined ? {} : { journeyId: this.#start.journeyId }),
      labels: pipeline.labels,
      startedAt: new Date(Number(pipeline.startedAtNs / 1_000_000n)),
      endedAt: new Date(Number(pipeline.endedAtNs / 1_000_000n)),
      chunks: this.#storedChunks,
      bytes: this.#storedBytes,
      streams: Object.fromEntries(
        pipeline.streams.map((stream, index) => [
          stream.name,
          { ...counts[index]!, pending: 0, effectiveRateHz: stream.effectiveRateHz },
        ]),
      ),
    }
  }

  #post(message: ToPage, transfer: Transferable[] = []): void {
    if (!this.#finished) this.#port.postMessage(message, transfer)
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#failure) throw this.#failure
      if (this.#finished) throw new KymographError('ended', `session ${this.#start.id} has ended`)
      await new Promise<void>((resolve) => this.#waiters.push(resolve))
    }
  }

  #wake(): void {
    const waiters = this.#waiters
    this.#waiters = []
    for (const wake of waiters) wake()
  }
}

/** In place; exact below 104 days, beyond that to the resolution of the number given. */
function millisecondsToNanoseconds(batch: Batch, frameCount: number): void {
  const { timesMs, timesNs, timeHalves } = batch
  for (let i = 0; i < frameCount; i++) {
    const ms = timesMs[i]!
    const ns = Math.round(ms * 1e6)
    if (Number.isSafeInteger(ns)) {
      const high = Math.floor(ns / TWO_32)
      timeHalves[2 * i] = (ns - high * TWO_32) | 0
      timeHalves[2 * i + 1] = high
    } else {
      const wholeMs = Math.floor(ms)
      timesNs[i] = BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((ms - wholeMs) * 1e6))
    }
  }
}
