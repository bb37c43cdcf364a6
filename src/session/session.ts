import { type ErrorCode, KymographError } from '../errors.js'
import { normalizeLabels } from '../worker/checks/labels.js'
import type { SessionOptions } from '../worker/checks/session-options.js'
import { describe } from '../worker/checks/text.js'
import { type Attachment, isLost, type RecorderClient } from '../worker/client.js'
import type {
  ClockSnapshot,
  LossReason,
  RecorderApi,
  SessionSettings,
  SessionSummary,
  StoredChunk,
  ToPage,
  Transport,
} from '../worker/protocol.js'
import { automaticFacts } from './automatic-facts.js'
import { readClocks } from './clock.js'
import { DataLink } from './data-link.js'
import { SessionEvent, type SessionEventDetails, type SessionEventName, type SessionState } from './events.js'
import { LossReport } from './loss-report.js'
import { createMark } from './marks.js'
import { createSessionId } from './session-id.js'
import type { StreamWriter } from './stream-writer.js'
import { openStreams, type PageStream } from './streams.js'
import { unwrittenSummary } from './unwritten-summary.js'

/** Why a stream refuses frames in each state; undefined: it takes them. */
const REFUSAL: Record<SessionState, LossReason | undefined> = {
  ready: 'paused',
  armed: undefined,
  recording: undefined,
  paused: 'paused',
  stopping: 'stopped',
  stopped: 'stopped',
  failed: 'storage-error',
}

/**
 * One recording with a definite start and stop.
 *
 * An EventTarget: `statechange chunk gap loss warning error`, each a {@link SessionEvent} with a `detail`.
 * Made by {@link Recorder.createSession}.
 */
export class Session extends EventTarget {
  readonly id: string = createSessionId()
  readonly journeyId: string | undefined
  readonly #client: RecorderClient
  readonly #settings: SessionSettings
  readonly #signal: AbortSignal | undefined
  readonly #link: DataLink
  readonly #streams: readonly PageStream[]
  readonly #onEnd: (session: Session) => void
  readonly #losses = new LossReport()
  readonly #createdClock = readClocks()
  readonly #abort = () => void this.stop().catch(() => {})
  #labels: string[]
  #labelsRevision = 0
  #state: SessionState = 'ready'
  #durationTimer: ReturnType<typeof setTimeout> | undefined
  #startClock: ClockSnapshot | undefined
  #flushes = 0
  /** Settles when the engine has the session, or will not have it. */
  #opening: Promise<unknown> = Promise.resolve()
  #epoch = 0
  /** Chunks known to be stored. */
  #seq = 0
  #reopening: Promise<void> | undefined
  #summary: Promise<SessionSummary> | undefined
  /** Known when the worker was lost just after it had stored the final chunk. */
  #endedSummary: SessionSummary | undefined
  /** The engine has stopped the session: when it is lost now, nothing is left to be taken up. */
  #isAnswered = false
  #failure: KymographError | undefined
  #forgetClient: () => void = () => {}

  private constructor(
    client: RecorderClient,
    settings: SessionSettings,
    transport: Transport,
    signal: AbortSignal | undefined,
    onEnd: (s: Session) => void,
  ) {
    super()
    this.#client = client
    this.#settings = settings
    this.#signal = signal
    this.#onEnd = onEnd
    this.#labels = settings.labels
    this.journeyId = settings.journeyId
    this.#link = new DataLink(
      () => this.#handOver(),
      (message) => this.#receive(message),
    )
    this.#streams = openStreams(settings, transport, this.#link, (stream, channel, value) =>
      this.warn(
        'invalid-value',
        `stream "${stream}", channel "${channel}": ${describe(value)} does not fit, recorded as absent`,
      ),
    )
    for (const { writer } of this.#streams) writer.refuse(REFUSAL.ready)
  }

  /** Opens a session in the worker and starts it unless `autoStart` is false. */
  static async create(
    client: RecorderClient,
    options: SessionOptions,
    transport: Transport,
    onEnd: (s: Session) => void,
  ): Promise<Session> {
    const { signal, ...plain } = options ?? {}
    if (signal?.aborted) throw new KymographError('aborted', 'the signal was aborted before the session started')
    const request = { options: options && plain, facts: automaticFacts() }
    const settings = await client.call('checkSession', request)
    const session = new Session(client, settings, transport, signal, onEnd)
    if (settings.preTriggerMs === undefined) await session.#openFirst()
    signal?.addEventListener('abort', session.#abort)
    if (settings.autoStart) await session.start()
    for (const { code, message } of settings.warnings) session.warn(code, message)
    if (signal?.aborted) {
      await session.stop().catch(() => {})
      await client.call('deleteSession', session.id)
      throw new KymographError('aborted', 'the signal was aborted while the session was being created')
    }
    return session
  }

  /** A flight recorder before its trigger: the engine knows nothing of it. */
  get #isUnwritten(): boolean {
    return this.#settings.preTriggerMs !== undefined && this.#startClock === undefined
  }

  get state(): SessionState {
    return this.#state
  }

  get labels(): readonly string[] {
    return this.#labels
  }

  /**
   * The writer of a declared stream.
   *
   * @throws RangeError when the session has no such stream.
   */
  stream(name: string): StreamWriter {
    const found = this.#streams.find(({ writer }) => writer.name === name)
    if (found) return found.writer
    const names = this.#streams.map(({ writer }) => writer.name).join(', ')
    throw new RangeError(`no stream ${describe(name)}; the session has ${names || 'none'}`)
  }

  /** Starts recording, or arms a flight recorder; a session that runs already is left alone. */
  async start(): Promise<void> {
    if (this.#state === 'recording' || this.#state === 'paused' || this.#state === 'armed') return
    this.#require('start', 'ready')
    if (this.#settings.preTriggerMs !== undefined) return this.#become('armed')
    this.#startClock = readClocks()
    await this.#control('startSession', () => [this.id, this.#startClock!])
    if (this.#state === 'ready') this.#record()
  }

  /**
   * Records what a flight recorder has kept and what follows, and puts a mark `trigger` there. Resolves when the
   * worker has taken it over; a second trigger is ignored.
   *
   * reason: text of the mark's property `reason`.
   */
  async trigger(reason = ''): Promise<void> {
    if (this.#settings.preTriggerMs !== undefined && this.#startClock !== undefined) return
    this.#require('trigger', 'armed')
    const now = readClocks()
    const mark = createMark('trigger', reason === '' ? {} : { reason }, now)
    const pastNs = BigInt(Math.round(this.#settings.preTriggerMs! * 1e6))
    const wallNs = now.wallNs - pastNs
    this.#startClock = {
      monotonicNs: now.monotonicNs - pastNs,
      wallNs: wallNs > this.#createdClock.wallNs ? wallNs : this.#createdClock.wallNs,
    }
    for (const { lane } of this.#streams) {
      lane.handOver()
      lane.trim(this.#settings.preTriggerMs!)
      lane.disarm()
    }
    this.#link.sendNote({ kind: 'mark', mark, clock: now })
    this.#record()
    await this.#openFirst()
  }

  /** Refuses frames, counted `paused`, until {@link resume}. */
  pause(): void {
    if (this.#state === 'paused') return
    this.#require('pause', 'recording')
    this.#handOver()
    this.#become('paused')
  }

  resume(): void {
    if (this.#state === 'recording') return
    this.#require('resume', 'paused')
    this.#become('recording')
  }

  /** Seals a chunk with everything written so far and resolves when it is stored; what a resampler still holds stays with it. */
  async flush(): Promise<void> {
    if (this.#state === 'stopped' || this.#isUnwritten) return
    if (this.#failure) throw this.#failure
    this.#handOver()
    const serial = this.#link.secure()
    this.#flushes += 1
    const flush = this.#flushes
    await this.#control('flush', () => [this.id, this.#link.lastKept(serial), flush])
    await this.#link.flushed(flush)
    if (this.#failure) throw this.#failure
  }

  /** Ends the session and says what became of it; further calls give the same answer. An untriggered flight recorder writes nothing. */
  stop(): Promise<SessionSummary> {
    this.#summary ??= this.#stop()
    return this.#summary
  }

  /** Puts a named moment into the session. */
  mark(name: string, properties?: Record<string, string | number | boolean>): void {
    const clock = readClocks()
    const mark = createMark(name, properties, clock)
    this.#require('mark', 'armed', 'recording', 'paused')
    if (!this.#link.hasRoom)
      throw new KymographError('backlog-full', 'too many marks are on their way to the store; await session.flush()')
    this.#link.sendNote({ kind: 'mark', mark, clock })
  }

  /** Replaces the labels; once the session has ended, use `recorder.sessions.setLabels`. */
  setLabels(labels: string[]): void {
    const normalized = normalizeLabels(labels)
    this.#require('setLabels', 'ready', 'armed', 'recording', 'paused')
    this.#labels = normalized
    this.#labelsRevision += 1
    this.#link.sendNote({ kind: 'labels', labels: normalized, revision: this.#labelsRevision, clock: readClocks() })
  }

  addLabels(labels: string[]): void {
    this.setLabels([...this.#labels, ...normalizeLabels(labels)])
  }

  /** The session's chunks from the first on, as they are stored; ends with the session. */
  async *chunks(): AsyncGenerator<StoredChunk, void, undefined> {
    for (let index = 0; ; index++) {
      const chunk = await this.#control('chunkAt', () => [this.id, index])
      if (!chunk) return
      yield chunk
      if (chunk.final) return
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  override addEventListener<N extends SessionEventName>(
    type: N,
    listener: ((event: SessionEvent<N>) => void) | { handleEvent(event: SessionEvent<N>): void } | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener as EventListenerOrEventListenerObject, options)
  }

  /** Emits a `warning` once the caller can have a listener. */
  warn(code: SessionEventDetails['warning']['code'], message: string): void {
    setTimeout(() => this.#emit('warning', { code, message }), 0)
  }

  #record(): void {
    this.#become('recording')
    const { durationMs } = this.#settings
    if (durationMs !== undefined) this.#durationTimer = setTimeout(this.#abort, durationMs)
  }

  async #stop(): Promise<SessionSummary> {
    if (this.#failure) throw this.#failure
    clearTimeout(this.#durationTimer)
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#handOver()
    const isUnwritten = this.#isUnwritten
    this.#become('stopping')
    if (isUnwritten) {
      for (const { writer } of this.#streams) writer.fail('stopped')
      this.#become('stopped')
      this.#end()
      return unwrittenSummary(this, this.#createdClock, this.#streams)
    }
    try {
      const counts = this.#streams.map(({ writer }) => writer.counts)
      const serial = this.#link.secure()
      const summary = await this.#control('stop', () => [this.id, this.#link.lastKept(serial), readClocks(), counts])
      this.#isAnswered = true
      await this.#link.finalStored()
      this.#become('stopped')
      this.#end()
      return summary
    } catch (cause) {
      const code = cause instanceof KymographError ? cause.code : 'storage-error'
      this.#fail(code, cause instanceof Error ? cause.message : String(cause), cause)
      throw this.#failure ?? cause
    }
  }

  /** Opens the session in the engine for the first time. */
  async #openFirst(): Promise<void> {
    const attachment: Attachment = {
      detach: () => (this.#isAnswered ? this.#link.close() : this.#link.detach()),
      attach: async () => {
        if (!this.#isAnswered) await this.#open()
      },
      fail: (error) => this.#fail('worker-lost', error.message, error),
    }
    try {
      const isReady = this.#client.ready()
      this.#opening = isReady.catch(() => {})
      await isReady
      // attached any earlier, the session would be taken up by a round that is under way as well
      this.#forgetClient = this.#client.attach(attachment)
      await this.#open()
    } catch (error) {
      if (!isLost(error)) {
        const { code, message } = error as KymographError
        this.#fail(code ?? 'internal', message, error)
        throw error
      }
      await this.#client.ready()
    }
    if (this.#failure) throw this.#failure
  }

  /** Opens the session in the engine, or takes it up in the next one: everything not stored is sent again. */
  async #open(): Promise<void> {
    const { port1, port2 } = new MessageChannel()
    const lanes = this.#streams.map(({ lane }) => lane)
    const answer = this.#client.call(
      'openSession',
      {
        id: this.id,
        settings: { ...this.#settings, labels: this.#labels },
        clock: this.#createdClock,
        ...(this.#startClock ? { startClock: this.#startClock } : {}),
        rings: this.#streams.map(({ ring }) => ring),
        epoch: this.#epoch++,
        seq: this.#seq,
        baseFrames: lanes.map((lane) => lane.baseFrame),
        oldestFrames: lanes.map((lane) => lane.oldestFrame),
      },
      port2,
    )
    this.#opening = answer.catch(() => {})
    const summary = await answer
    if (summary) {
      this.#endedSummary = summary
      this.#link.close()
    } else this.#link.attach(port1)
  }

  /** A call about this session, made again when the engine it was made to is lost. */
  async #control<M extends keyof RecorderApi>(
    method: M,
    args: () => Parameters<RecorderApi[M]>,
  ): Promise<Awaited<ReturnType<RecorderApi[M]>>> {
    for (;;) {
      try {
        await this.#isOpened()
        return await this.#client.call(method, ...args())
      } catch (error) {
        if (this.#failure) throw this.#failure
        if (!isLost(error)) throw error
        if ((error as KymographError).code === 'wasm-trap') await this.#reopen()
        await this.#client.ready()
        if (this.#failure) throw this.#failure
        if (this.#endedSummary && method === 'stop') return this.#endedSummary as never
        if (this.#endedSummary && method === 'flush') return undefined as never
      }
    }
  }

  /** A new engine is there before it has the session: calls about it have to wait. */
  async #isOpened(): Promise<void> {
    await this.#client.ready()
    for (let opening: unknown; opening !== this.#opening; ) {
      opening = this.#opening
      await opening
    }
  }

  /** The pipeline had to begin anew, in the same engine. */
  #reopen(): Promise<void> {
    this.#reopening ??= (async () => {
      this.#link.detach()
      try {
        await this.#open()
      } catch (error) {
        if (!isLost(error)) this.#fail('internal', String(error), error)
      } finally {
        this.#reopening = undefined
      }
    })()
    return this.#reopening
  }

  #handOver(): void {
    const { preTriggerMs } = this.#settings
    for (const { writer, lane } of this.#streams) {
      lane.handOver()
      if (this.#state === 'armed') lane.trim(preTriggerMs!)
      else for (const loss of this.#losses.since(writer)) this.#emit('loss', loss)
    }
  }

  #receive(message: ToPage): void {
    switch (message.kind) {
      case 'stored': {
        const { seq, byteLength, final } = message
        this.#seq = seq + 1
        this.#emit('chunk', { seq, byteLength, final })
        break
      }
      case 'gap':
        this.#emit('gap', { ...message.gap, stream: message.stream })
        break
      case 'warning':
        this.warn(message.code, message.message)
        break
      case 'replay':
        void this.#reopen()
        break
      case 'failed':
        this.#fail(message.code as ErrorCode, message.message, undefined, message.storedFrames)
    }
  }

  /** `storedFrames` is what the worker knows better than the page: frames in stored chunks, by stream. */
  #fail(code: ErrorCode, message: string, cause?: unknown, storedFrames?: number[]): void {
    if (this.#state === 'stopped' || this.#state === 'failed') return
    clearTimeout(this.#durationTimer)
    this.#failure = cause instanceof KymographError ? cause : new KymographError(code, message, { cause })
    const reason = storedFrames ? 'storage-error' : 'worker-lost'
    for (const { lane } of this.#streams) lane.handOver()
    for (const [index, { writer }] of this.#streams.entries()) writer.fail(reason, storedFrames?.[index])
    this.#become('failed')
    this.#emit('error', this.#failure)
    this.#end()
  }

  #end(): void {
    this.#link.close()
    this.#forgetClient()
    this.#onEnd(this)
  }

  #become(state: SessionState): void {
    const before = this.#state
    this.#state = state
    for (const { writer } of this.#streams) writer.refuse(REFUSAL[state])
    this.#emit('statechange', { state, before })
  }

  #require(action: string, ...states: SessionState[]): void {
    if (states.includes(this.#state)) return
    const code = this.#state === 'stopped' || this.#state === 'failed' ? 'ended' : 'wrong-state'
    throw new KymographError(
      code,
      `${action} needs a session that is ${states.join(' or ')}; this one is ${this.#state}`,
    )
  }

  #emit<N extends SessionEventName>(name: N, detail: SessionEventDetails[N]): void {
    this.dispatchEvent(new SessionEvent(name, detail))
  }
}
