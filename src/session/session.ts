import { type ErrorCode, KymographError } from '../errors.js'
import { COLLECT_MAX_MS } from '../limits.js'
import { normalizeLabels } from '../worker/checks/labels.js'
import type { SessionOptions } from '../worker/checks/session-options.js'
import { describe, messageOf, ownFields } from '../worker/checks/text.js'
import type { RecorderClient } from '../worker/client.js'
import type {
  ClockSnapshot,
  LossReason,
  SessionSettings,
  SessionSummary,
  StoredChunk,
  ToPage,
  Transport,
} from '../worker/protocol.js'
import { disposeAsyncBy } from './async-dispose.js'
import { automaticFacts } from './automatic-facts.js'
import { readClocks } from './clock.js'
import { DataLink } from './data-link.js'
import { EngineSession, type OpeningDetails } from './engine-session.js'
import {
  type Availability,
  SessionEvent,
  type SessionEventDetails,
  type SessionEventName,
  type SessionEventTarget,
  type SessionState,
} from './events.js'
import { LossReport } from './loss-report.js'
import { createMark } from './marks.js'
import { createSessionId } from './session-id.js'
import type { PreparedSource } from './source.js'
import type { StreamWriter } from './stream-writer.js'
import { openStreams, type PageStream } from './streams.js'
import { unwrittenSummary } from './unwritten-summary.js'

/** Why a stream refuses frames in each state; undefined: it takes them. */
const REFUSAL: Record<SessionState, LossReason | undefined> = {
  'awaiting-consent': 'no-consent',
  ready: 'paused',
  armed: undefined,
  recording: undefined,
  paused: 'paused',
  stopping: 'stopped',
  stopped: 'stopped',
  failed: 'storage-error',
}

/** What a session needs of its recorder. */
export interface SessionPlatform {
  isConsented(): boolean
  /** The journey of the page's origin, and what is to be called at the end of the session. */
  joinJourney(renewMs: number): Promise<[journeyId: string, leave: () => void]>
  onCreate(session: Session): void
  onEnd(session: Session): void
}

/** Codes of failures that take frames along which a store might have taken. */
const LOST_WITH: ReadonlySet<ErrorCode> = new Set(['worker-lost', 'worker-timeout', 'disposed'])

/**
 * One recording with a definite start and stop.
 *
 * An EventTarget: `statechange chunk gap loss availability warning error`, each a {@link SessionEvent} with a `detail`.
 * Made by {@link Recorder.createSession}.
 */
export class Session extends (EventTarget as new () => SessionEventTarget<SessionEventName>) {
  declare readonly [Symbol.asyncDispose]: () => Promise<void>
  readonly id: string = createSessionId()
  /** Known from the start; with `journey: 'auto'` and no consent yet, from when that is granted. */
  journeyId: string | undefined
  readonly #settings: SessionSettings
  readonly #signal: AbortSignal | undefined
  readonly #link: DataLink
  readonly #engine: EngineSession
  readonly #streams: readonly PageStream[]
  readonly #platform: SessionPlatform
  readonly #losses = new LossReport()
  #sources: readonly PreparedSource[] = []
  /** What one of them throws is reported, and keeps nobody from their turn. */
  readonly #collectors = new EventTarget()
  readonly #createdClock = readClocks()
  readonly #abort = () => void this.stop().catch(() => {})
  #labels: string[]
  #labelsRevision = 0
  #state: SessionState = 'awaiting-consent'
  #isWithdrawn = false
  #isHeld = false
  /** Consent has been given, and the session is about to begin. */
  #beginning: Promise<void> | undefined
  #leaveJourney: (() => void) | undefined
  #durationTimer: ReturnType<typeof setTimeout> | undefined
  #collectTimer: ReturnType<typeof setTimeout> | undefined
  #startClock: ClockSnapshot | undefined
  #flushes = 0
  #summary: Promise<SessionSummary> | undefined
  #failure: KymographError | undefined

  private constructor(
    client: RecorderClient,
    settings: SessionSettings,
    transport: Transport,
    signal: AbortSignal | undefined,
    platform: SessionPlatform,
  ) {
    super()
    this.#settings = settings
    this.#signal = signal
    this.#platform = platform
    this.#labels = settings.labels
    this.journeyId = settings.journeyId
    this.#link = new DataLink(
      () => this.#handOver(),
      (message) => {
        client.isHeard = true
        this.#receive(message)
      },
    )
    this.#streams = openStreams(settings, transport, this.#link, (stream, channel, value) =>
      this.warn(
        'invalid-value',
        `stream "${stream}", channel "${channel}": ${describe(value)} does not fit, recorded as absent`,
      ),
    )
    for (const { writer } of this.#streams) writer.refuse(REFUSAL[this.#state])
    this.#engine = new EngineSession(this.id, client, this.#link, () => this.#opening(), {
      onReopened: (cause) => this.warn('wasm-trap', cause),
      onFailed: (cause) => this.#fail(cause),
    })
  }

  /** Opens a session in the worker and starts it unless `autoStart` is false. */
  static async create(
    client: RecorderClient,
    options: SessionOptions,
    transport: Transport,
    platform: SessionPlatform,
  ): Promise<Session> {
    const { signal, sources = [], ...plain } = ownFields(options ?? {}) as Partial<SessionOptions>
    // by tag, not by class: it may come from another frame
    if (signal !== undefined && describe(signal) !== 'AbortSignal') {
      throw new TypeError(`"signal" expected an AbortSignal, got ${describe(signal)}`)
    }
    if (signal?.aborted) throw abortedEarly()
    if (!Array.isArray(sources)) throw new TypeError(`"sources" expected an array, got ${describe(sources)}`)
    const wrong = sources.findIndex((source) => typeof source?.prepare !== 'function')
    if (wrong >= 0) {
      throw new TypeError(`"sources[${wrong}]" expected a source, such as pointer(), got ${describe(sources[wrong])}`)
    }
    const prepared = await unlessAborted(signal, Promise.all(sources.map((source) => source.prepare())))
    const sourceStreams = prepared.map(({ streams }) => streams)
    const request = { options: options && plain, facts: automaticFacts(), sourceStreams }
    const settings = await client.call('checkSession', request)
    const session = new Session(client, settings, transport, signal, platform)
    session.#sources = prepared
    for (const source of prepared) source.capture(session)
    platform.onCreate(session)
    if (platform.isConsented()) await session.grant()
    if (signal?.aborted) throw session.#fail(abortedEarly())
    signal?.addEventListener('abort', session.#abort)
    for (const { code, message } of settings.warnings) session.warn(code, message)
    return session
  }

  /** It is not to record any more, though it may only be about to begin. */
  get #isToEnd(): boolean {
    return this.#isWithdrawn || this.#summary !== undefined || this.#signal?.aborted === true
  }

  /** A flight recorder before its trigger, or a session without consent: the engine knows nothing of it. */
  get #isUnwritten(): boolean {
    const isUnopened = this.#state === 'awaiting-consent' || this.#settings.preTriggerMs !== undefined
    return isUnopened && this.#startClock === undefined
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

  /** @internal The recorder has been given consent. */
  async grant(): Promise<void> {
    if (this.#state === 'awaiting-consent') {
      this.#beginning ??= this.#grant().finally(() => {
        this.#beginning = undefined
      })
    }
    await this.#beginning
  }

  /** @internal Consent was withdrawn: ends the session, and nothing of it is left on the page. */
  async withdraw(): Promise<SessionSummary | undefined> {
    this.#isWithdrawn = this.#state !== 'awaiting-consent'
    if (this.#beginning) await this.#beginning.catch(() => {})
    if (this.#state === 'awaiting-consent') return undefined
    // given again before anything was recorded
    if (!this.#isWithdrawn && this.#platform.isConsented()) return undefined
    this.#isWithdrawn = true
    try {
      return await this.stop()
    } finally {
      for (const { lane } of this.#streams) lane.wipe()
    }
  }

  /** @internal The page is hidden, or to be seen again. */
  pageHidden(isHidden: boolean): void {
    if (isHidden) {
      if (this.#settings.whenHidden !== 'pause' || this.#state !== 'recording') return
      this.pause()
      this.#isHeld = true
    } else if (this.#isHeld) {
      this.#isHeld = false
      if (this.#state === 'paused') this.resume()
    }
  }

  /** Starts recording, or arms a flight recorder; a session that runs already is left alone. */
  async start(): Promise<void> {
    if (this.#state === 'recording' || this.#state === 'paused' || this.#state === 'armed') return
    this.#require('start', 'ready')
    if (this.#settings.preTriggerMs !== undefined) return this.#become('armed')
    // another call may be under way
    this.#startClock ??= readClocks()
    await this.#engine.call('startSession', () => [this.id, this.#startClock!])
    if (this.#state === 'ready' && !this.#isToEnd) this.#record()
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
    const preTriggerNs = BigInt(Math.round(this.#settings.preTriggerMs! * 1e6))
    const ageNs = now.monotonicNs - this.#createdClock.monotonicNs
    const pastNs = ageNs < preTriggerNs ? ageNs : preTriggerNs
    this.#startClock = { monotonicNs: now.monotonicNs - pastNs, wallNs: now.wallNs - pastNs }
    this.#collect()
    for (const { writer, lane } of this.#streams) {
      // what went by while it was armed is no news
      this.#losses.since(writer)
      lane.trim(this.#settings.preTriggerMs!)
      lane.disarm()
    }
    this.#link.sendNote({ kind: 'mark', mark, clock: now })
    this.#record()
    await this.#engine.open()
  }

  /** Refuses frames, counted `paused`, until {@link resume}. */
  pause(): void {
    this.#isHeld = false
    if (this.#state === 'paused') return
    this.#require('pause', 'recording')
    this.#collect()
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
    this.#collect()
    const serial = this.#link.secure()
    this.#flushes += 1
    const flush = this.#flushes
    await this.#engine.call('flush', () => [this.id, this.#link.lastKept(serial), flush])
    await this.#link.until(() => this.#link.flushed >= flush)
    if (this.#failure) throw this.#failure
  }

  /** Ends the session and says what became of it; further calls give the same answer. An untriggered flight recorder writes nothing. */
  stop(): Promise<SessionSummary> {
    this.#summary ??= this.#beginning ? this.#beginning.catch(() => {}).then(() => this.#stop()) : this.#stop()
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
    this.#require('setLabels', 'awaiting-consent', 'ready', 'armed', 'recording', 'paused')
    this.#labels = normalized
    this.#labelsRevision += 1
    this.#link.sendNote({ kind: 'labels', labels: normalized, revision: this.#labelsRevision, clock: readClocks() })
  }

  addLabels(labels: string[]): void {
    this.setLabels([...this.#labels, ...normalizeLabels(labels)])
  }

  /** The session's chunks from the first on, as they are stored; ends with the session. @throws what it failed of. */
  async *chunks(): AsyncGenerator<StoredChunk, void, undefined> {
    const link = this.#link
    for (let seq = 0; ; ) {
      // a number the page has not been told of may be given again by another worker
      await link.until(() => link.seq > seq)
      let { seq: toldSeq, isOver } = link
      const chunk = await this.#engine.call('chunkFrom', () => {
        // as it is for the engine that answers
        ;({ seq: toldSeq, isOver } = link)
        return [this.id, seq]
      })
      if (chunk) {
        seq = chunk.seq + 1
        yield chunk
        if (chunk.final) return
      } else if (!isOver) seq = toldSeq
      else if (this.#failure) throw this.#failure
      else return
    }
  }

  /** Emits a `warning` once the caller can have a listener. */
  warn(code: SessionEventDetails['warning']['code'], message: string): void {
    setTimeout(() => this.#emit('warning', { code, message }), 0)
  }

  /** For sources: calls back before frames are handed over; see {@link SourceSession}. */
  collect(handOver: () => void): { arm(): void; end(): void } {
    this.#collectors.addEventListener('', handOver)
    return {
      arm: () => {
        this.#collectTimer ??= setTimeout(
          () => this.#collect(),
          Math.min(COLLECT_MAX_MS, this.#settings.chunkMaxMs / 4),
        )
      },
      end: () => this.#collectors.removeEventListener('', handOver),
    }
  }

  /** Emits `availability`, told by a source. */
  announce(availability: Availability): void {
    this.#emit('availability', availability)
  }

  async #grant(): Promise<void> {
    try {
      // what had to be asked for may have been given since
      await lookAtAll(this.#sources)
      // unless it was taken back, or the session stopped, meanwhile
      if (this.#state !== 'awaiting-consent' || this.#isToEnd || !this.#platform.isConsented()) return
      this.#become('ready')
      await this.#begin()
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  async #begin(): Promise<void> {
    const { journeyRenewMs, preTriggerMs, autoStart } = this.#settings
    if (journeyRenewMs !== undefined) {
      const [journeyId, leave] = await this.#platform.joinJourney(journeyRenewMs)
      this.journeyId = this.#settings.journeyId = journeyId
      this.#leaveJourney = leave
    }
    if (preTriggerMs === undefined) await this.#engine.open()
    if (autoStart && !this.#isToEnd) await this.start()
  }

  #record(): void {
    this.#become('recording')
    const { durationMs } = this.#settings
    if (durationMs !== undefined) this.#durationTimer = setTimeout(this.#abort, durationMs)
    if (globalThis.document?.hidden) this.pageHidden(true)
  }

  async #stop(): Promise<SessionSummary> {
    if (this.#failure) throw this.#failure
    this.#collect()
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
      const summary = await this.#engine.call('stop', () => [
        this.id,
        this.#link.lastKept(serial),
        readClocks(),
        counts,
      ])
      await this.#link.until(() => false)
      this.#become('stopped')
      this.#end()
      return summary
    } catch (cause) {
      throw this.#fail(cause)
    }
  }

  /** Hands over what sources have kept, and what every stream has. */
  #collect(): void {
    clearTimeout(this.#collectTimer)
    this.#collectTimer = undefined
    this.#link.handOver(() => this.#collectors.dispatchEvent(new Event('')))
  }

  /** Hands over what every stream has; says whether there was anything. */
  #handOver(): boolean {
    const { preTriggerMs } = this.#settings
    let isAnything = false
    for (const { writer, lane } of this.#streams) {
      if (lane.handOver()) isAnything = true
      if (this.#state === 'armed') lane.trim(preTriggerMs!)
      else for (const loss of this.#losses.since(writer)) this.#emit('loss', loss)
    }
    return isAnything
  }

  #receive(message: ToPage): void {
    switch (message.kind) {
      case 'stored': {
        const { seq, byteLength, final } = message
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
        void this.#engine.reopen(message.cause)
        break
      case 'failed':
        this.#fail(new KymographError(message.code as ErrorCode, message.message), message.storedFrames)
    }
  }

  /** What the engine has to know of the session, as it is now. */
  #opening(): OpeningDetails {
    const lanes = this.#streams.map(({ lane }) => lane)
    return {
      settings: { ...this.#settings, labels: this.#labels },
      clock: this.#createdClock,
      startClock: this.#startClock,
      rings: this.#streams.map(({ ring }) => ring),
      baseFrames: lanes.map((lane) => lane.baseFrame),
      oldestFrames: lanes.map((lane) => lane.oldestFrame),
    }
  }

  /** `storedFrames` is what the worker knows better than the page: frames in stored chunks, by stream. */
  #fail(cause: unknown, storedFrames?: number[]): KymographError {
    if (this.#failure) return this.#failure
    const message = messageOf(cause)
    const failure = cause instanceof KymographError ? cause : new KymographError('internal', message, { cause })
    if (this.#state === 'stopped') return failure
    this.#failure = failure
    const { code } = failure
    const reason = code === 'quota' ? code : LOST_WITH.has(code) ? 'worker-lost' : 'storage-error'
    this.#collect()
    for (const [index, { writer }] of this.#streams.entries()) writer.fail(reason, storedFrames?.[index])
    this.#become('failed')
    this.#emit('error', failure)
    this.#end()
    return failure
  }

  #end(): void {
    clearTimeout(this.#durationTimer)
    clearTimeout(this.#collectTimer)
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#link.close()
    this.#engine.end(this.#failure)
    this.#leaveJourney?.()
    this.#platform.onEnd(this)
  }

  #become(state: SessionState): void {
    const before = this.#state
    this.#state = state
    for (const { writer } of this.#streams) writer.refuse(this.#isWithdrawn ? 'no-consent' : REFUSAL[state])
    this.#emit('statechange', { state, before })
  }

  #require(action: string, ...states: SessionState[]): void {
    if (states.includes(this.#state)) return
    const code = this.#state === 'stopped' || this.#state === 'failed' ? 'ended' : 'wrong-state'
    const remedy =
      this.#state === 'awaiting-consent'
        ? '; call recorder.grantConsent()'
        : code === 'ended' && action === 'setLabels'
          ? '; use recorder.sessions.setLabels'
          : ''
    throw new KymographError(
      code,
      `${action} needs a session that is ${states.join(' or ')}; this one is ${this.#state}${remedy}`,
    )
  }

  #emit<N extends SessionEventName>(name: N, detail: SessionEventDetails[N]): void {
    this.dispatchEvent(new SessionEvent(name, detail))
  }
}

function abortedEarly(): KymographError {
  return new KymographError('aborted', 'the signal was aborted before the session started')
}

/** What a source of the application waits for may never come. */
async function unlessAborted<T>(signal: AbortSignal | undefined, pending: Promise<T>): Promise<T> {
  let abort = () => {}
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(abortedEarly())
  })
  signal?.addEventListener('abort', abort)
  return Promise.race([pending, aborted]).finally(() => signal?.removeEventListener('abort', abort))
}

/** @throws KymographError `permission-denied` when one of them may not be read. */
async function lookAtAll(sources: readonly PreparedSource[]): Promise<void> {
  const refusals = await Promise.all(sources.map((source) => source.look()))
  const refusal = refusals.find((reason) => typeof reason === 'string')
  if (refusal !== undefined) throw new KymographError('permission-denied', refusal)
}

disposeAsyncBy(Session, (session) => session.stop())
