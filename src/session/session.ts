import { type ErrorCode, KymographError } from '../errors.js'
import type { RecorderClient } from '../worker/client.js'
import type { LossReason, SessionStart, SessionSummary, StoredChunk, ToPage } from '../worker/protocol.js'
import { readClocks } from './clock.js'
import { DataLink } from './data-link.js'
import { SessionEvent, type SessionEventDetails, type SessionEventName, type SessionState } from './events.js'
import { highCardinalityKind, normalizeLabels } from './labels.js'
import { LossReport } from './loss-report.js'
import { createMark } from './marks.js'
import type { SessionSettings } from './options.js'
import { createSessionId } from './session-id.js'
import { StreamWriter } from './stream-writer.js'
import { describe } from './text.js'

/** Why a stream refuses frames in each state; undefined: it takes them. */
const REFUSAL: Record<SessionState, LossReason | undefined> = {
  ready: 'paused',
  recording: undefined,
  paused: 'paused',
  stopping: 'stopped',
  stopped: 'stopped',
  failed: 'storage-error',
}

/** What a small message is taken to weigh on its way, in bytes. */
const MARK_BYTES = 256

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
  readonly #link: DataLink
  readonly #streams = new Map<string, StreamWriter>()
  readonly #onEnd: (session: Session) => void
  readonly #losses = new LossReport()
  readonly #abort = () => void this.stop().catch(() => {})
  #labels: string[]
  #labelsRevision = 0
  #state: SessionState = 'ready'
  #durationTimer: ReturnType<typeof setTimeout> | undefined
  #summary: Promise<SessionSummary> | undefined
  #failure: KymographError | undefined
  #forgetWorker: () => void = () => {}

  private constructor(
    client: RecorderClient,
    settings: SessionSettings,
    port: MessagePort,
    onEnd: (s: Session) => void,
  ) {
    super()
    this.#client = client
    this.#settings = settings
    this.#onEnd = onEnd
    this.#labels = settings.labels
    this.journeyId = settings.journeyId
    this.#link = new DataLink(
      port,
      () => this.#handOver(),
      (message) => this.#receive(message),
    )
    settings.streams.forEach((declaration, index) => {
      const stream = new StreamWriter(this.#link, index, declaration, (channel, value) =>
        this.#warn(
          'invalid-value',
          `stream "${stream.name}", channel "${channel}": ${describe(value)} does not fit, recorded as absent`,
        ),
      )
      stream.refuse(REFUSAL.ready)
      this.#streams.set(stream.name, stream)
    })
  }

  /** Opens a session in the worker and starts it unless `autoStart` is false. */
  static async create(
    client: RecorderClient,
    settings: SessionSettings,
    onEnd: (s: Session) => void,
  ): Promise<Session> {
    if (settings.signal?.aborted)
      throw new KymographError('aborted', 'the signal was aborted before the session started')
    const channel = new MessageChannel()
    const session = new Session(client, settings, channel.port1, onEnd)
    try {
      await client.call('createSession', startOf(session.id, settings), channel.port2)
    } catch (cause) {
      session.#link.close()
      throw cause
    }
    session.#forgetWorker = client.onLost((error) => session.#fail('worker-lost', error.message, error))
    settings.signal?.addEventListener('abort', session.#abort)
    if (settings.autoStart) await session.start()
    if (settings.signal?.aborted) {
      await session.stop().catch(() => {})
      await client.call('deleteSession', session.id)
      throw new KymographError('aborted', 'the signal was aborted while the session was being created')
    }
    return session
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
    const stream = this.#streams.get(name)
    if (!stream)
      throw new RangeError(
        `no stream ${describe(name)}; the session has ${[...this.#streams.keys()].join(', ') || 'none'}`,
      )
    return stream
  }

  /** Starts recording; a session that records already is left alone. */
  async start(): Promise<void> {
    if (this.#state === 'recording' || this.#state === 'paused') return
    this.#require('start', 'ready')
    await this.#client.call('startSession', this.id, readClocks())
    if (this.#state !== 'ready') return
    this.#become('recording')
    if (this.#settings.durationMs !== undefined) {
      this.#durationTimer = setTimeout(this.#abort, this.#settings.durationMs)
    }
    for (const label of this.#labels) this.#warnOfHighCardinality(label)
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
    if (this.#state === 'stopped') return
    if (this.#failure) throw this.#failure
    this.#handOver()
    const { serial } = this.#link
    await this.#client.call('flush', this.id, serial)
    await this.#link.stored(serial)
    if (this.#failure) throw this.#failure
  }

  /** Ends the session and says what became of it; further calls give the same answer. */
  stop(): Promise<SessionSummary> {
    this.#summary ??= this.#stop()
    return this.#summary
  }

  /** Puts a named moment into the session. */
  mark(name: string, properties?: Record<string, string | number | boolean>): void {
    const clock = readClocks()
    const mark = createMark(name, properties, clock)
    this.#require('mark', 'recording', 'paused')
    if (!this.#link.hasRoom)
      throw new KymographError('backlog-full', 'too many marks are on their way to the store; await session.flush()')
    this.#link.send({ kind: 'mark', mark, clock }, MARK_BYTES + JSON.stringify(mark.properties).length)
  }

  /** Replaces the labels; once the session has ended, use `recorder.sessions.setLabels`. */
  setLabels(labels: string[]): void {
    const normalized = normalizeLabels(labels)
    this.#require('setLabels', 'ready', 'recording', 'paused')
    const added = normalized.filter((label) => !this.#labels.includes(label))
    this.#labels = normalized
    this.#labelsRevision += 1
    this.#link.send(
      { kind: 'labels', labels: normalized, revision: this.#labelsRevision, clock: readClocks() },
      MARK_BYTES,
    )
    for (const label of added) this.#warnOfHighCardinality(label)
  }

  addLabels(labels: string[]): void {
    this.setLabels([...this.#labels, ...normalizeLabels(labels)])
  }

  /** The session's chunks from the first on, as they are stored; ends with the session. */
  async *chunks(): AsyncGenerator<StoredChunk, void, undefined> {
    for (let index = 0; ; index++) {
      const chunk = await this.#client.call('chunkAt', this.id, index)
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

  async #stop(): Promise<SessionSummary> {
    if (this.#failure) throw this.#failure
    clearTimeout(this.#durationTimer)
    this.#settings.signal?.removeEventListener('abort', this.#abort)
    this.#handOver()
    this.#become('stopping')
    try {
      const counts = [...this.#streams.values()].map((stream) => stream.counts)
      const summary = await this.#client.call('stop', this.id, this.#link.serial, readClocks(), counts)
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

  #handOver(): void {
    for (const stream of this.#streams.values()) {
      stream.handOver()
      for (const loss of this.#losses.since(stream)) this.#emit('loss', loss)
    }
  }

  #receive(message: ToPage): void {
    if (message.kind === 'stored') {
      const { seq, byteLength, final } = message
      this.#emit('chunk', { seq, byteLength, final })
    } else if (message.kind === 'gap') this.#emit('gap', { ...message.gap, stream: message.stream })
    else if (message.kind === 'failed') {
      for (const [index, stream] of [...this.#streams.values()].entries()) stream.fail(message.storedFrames[index] ?? 0)
      this.#fail(message.code as ErrorCode, message.message)
    }
  }

  #fail(code: ErrorCode, message: string, cause?: unknown): void {
    if (this.#state === 'stopped' || this.#state === 'failed') return
    clearTimeout(this.#durationTimer)
    this.#failure = cause instanceof KymographError ? cause : new KymographError(code, message, { cause })
    this.#become('failed')
    this.#emit('error', this.#failure)
    this.#end()
  }

  #end(): void {
    this.#link.close()
    this.#forgetWorker()
    this.#onEnd(this)
  }

  #become(state: SessionState): void {
    const before = this.#state
    this.#state = state
    for (const stream of this.#streams.values()) stream.refuse(REFUSAL[state])
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

  #warnOfHighCardinality(label: string): void {
    const kind = highCardinalityKind(label)
    if (kind)
      this.#warn(
        'label-high-cardinality',
        `label ${JSON.stringify(label)} looks like ${kind}; labels are for categories, put it into metadata`,
      )
  }

  #warn(code: SessionEventDetails['warning']['code'], message: string): void {
    // a listener can only be added once the caller has the session
    setTimeout(() => this.#emit('warning', { code, message }), 0)
  }

  #emit<N extends SessionEventName>(name: N, detail: SessionEventDetails[N]): void {
    this.dispatchEvent(new SessionEvent(name, detail))
  }
}

/** What the worker has to know of a session before the first frame. */
function startOf(id: string, settings: SessionSettings): SessionStart {
  const { journeyId, labels, metadata, importedStartNs, streams, chunkMaxMs, chunkMaxBytes } = settings
  return {
    id,
    ...(journeyId === undefined ? {} : { journeyId }),
    labels,
    metadata,
    clock: readClocks(),
    ...(importedStartNs === undefined ? {} : { importedStartNs }),
    streams: streams.map(({ plan }) => plan),
    chunkMaxMs,
    chunkMaxBytes,
  }
}
