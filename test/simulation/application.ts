import type { SessionEvent } from '../../src/session/events.js'
import type { Recorder } from '../../src/session/recorder.js'
import type { Session } from '../../src/session/session.js'
import type { StreamOptions } from '../../src/worker/checks/declaration.js'
import type { ResampleOptions } from '../../src/worker/checks/resampling.js'
import type { SessionOptions } from '../../src/worker/checks/session-options.js'
import type { OverflowPolicy, SessionSummary } from '../../src/worker/protocol.js'
import { Ledger, type StreamKind } from './ledger.js'
import { type Call, Calls } from './promises.js'
import type { Random } from './random.js'

interface StreamDraft {
  kind: StreamKind
  policy: OverflowPolicy
  isUnix: boolean
  resample: ResampleOptions | undefined
}

/** How resampled streams are resampled, by the seed's tens: the other streams go on as ever. */
const RESAMPLED: readonly Pick<StreamDraft, 'kind' | 'resample'>[] = [
  { kind: 'numbers', resample: { rateHz: 100, method: 'linear' } },
  { kind: 'text', resample: { rateHz: 250, quality: 'fast' } },
  { kind: 'numbers', resample: { rateHz: 100, method: 'linear', keepRaw: true } },
  { kind: 'text', resample: { rateHz: 1500, method: 'hold' } },
  { kind: 'text', resample: { rateHz: 400, method: 'cubic', maxGapMs: 8, align: 'grid' } },
  { kind: 'text', resample: { rateHz: 100, method: 'hold', keepRaw: true } },
  { kind: 'numbers', resample: { rateHz: 300, keepRaw: true, align: 'grid' } },
]

/** One session as the application sees it: what it has asked for, and what it was told. */
export class RecordedSession {
  readonly streams: Ledger[]
  readonly marks: string[] = []
  readonly isFlightRecorder: boolean
  wasTriggered = false
  labels: string[]
  stopped: Call<SessionSummary> | undefined
  /** What each stream had received when the stop began. */
  receivedAtStop: number[] | undefined
  readonly chunks: number[] = []
  /** Ids of the chunks `chunks()` has handed over, and its end, if somebody follows. */
  readonly followed: string[] = []
  following: Call<void> | undefined

  constructor(
    readonly session: Session,
    drafts: Record<string, StreamDraft>,
    options: SessionOptions,
  ) {
    this.isFlightRecorder = options.mode !== undefined
    this.labels = options.labels ?? []
    this.streams = Object.entries(drafts).map(
      ([name, { kind, policy, isUnix, resample }]) =>
        new Ledger(name, kind, policy, isUnix, session.stream(name), resample),
    )
    session.addEventListener('statechange', (event: SessionEvent<'statechange'>) => {
      if (event.detail.state === 'stopping') this.receivedAtStop = this.streams.map(({ received }) => received)
    })
    session.addEventListener('chunk', (event: SessionEvent<'chunk'>) => this.chunks.push(event.detail.seq))
  }

  async follow(): Promise<void> {
    for await (const { id } of this.session.chunks()) this.followed.push(id)
  }

  get isOver(): boolean {
    return this.session.state === 'stopped' || this.session.state === 'failed'
  }
}

/** Does at random what applications do. */
export class Application {
  readonly sessions: RecordedSession[] = []
  /** Those who take the chunks of a session to its end. */
  readonly followers = new Calls()
  readonly #recorder: Recorder
  readonly #random: Random
  readonly #calls: Calls
  /** Whether this application never loses a frame by its own doing. */
  readonly #isGentle: boolean
  /** Whether it takes the chunks of its sessions as they are stored. */
  readonly #isFollowing: boolean
  readonly #resampled: Pick<StreamDraft, 'kind' | 'resample'>
  #timeNs = 0n
  #names = 0

  constructor(recorder: Recorder, random: Random, calls: Calls, isFollowing: boolean, seed: number) {
    this.#resampled = RESAMPLED[Math.floor(seed / 10) % RESAMPLED.length]!
    this.#recorder = recorder
    this.#random = random
    this.#calls = calls
    this.#isGentle = random.chance(0.3)
    this.#isFollowing = isFollowing
  }

  /** Says what it has asked for. */
  create(): string {
    const random = this.#random
    const drafts: Record<string, StreamDraft> = {}
    const policies: OverflowPolicy[] = ['drop-newest', 'drop-oldest', 'wait']
    const count = random.pick([1, 1, 2, 3])
    for (let i = 0; i < count; i++) {
      const kind = random.chance(0.75) ? 'numbers' : random.pick(['text', 'resampled'] as const)
      const policy = random.pick(policies)
      drafts[`s${i}`] =
        kind === 'resampled'
          ? { ...this.#resampled, policy, isUnix: false }
          : { kind, policy, isUnix: random.chance(0.3), resample: undefined }
    }
    const streams = Object.fromEntries(
      Object.entries(drafts).map(([name, { kind, policy, isUnix, resample }]): [string, StreamOptions] => [
        name,
        {
          channels: ['a', kind === 'text' ? { name: 'b', type: 'text' } : 'b'],
          overflow: policy,
          ...(resample ? { clock: 'relative', resample } : {}),
          ...(isUnix ? { clock: 'unix' } : {}),
        },
      ]),
    )
    const options: SessionOptions = {
      streams,
      autoMetadata: false,
      chunk: { maxBytes: random.pick([256, 512, 2048]), maxMs: random.pick([20, 200, 2000]) },
      ...(random.chance(0.2) ? { mode: { preTriggerMs: random.pick([5, 50, 500]) } } : {}),
      ...(random.chance(0.2) ? { autoStart: false } : {}),
      ...(random.chance(0.1) ? { duration: random.within(100, 3000) } : {}),
      ...(random.chance(0.2) ? { labels: ['first'] } : {}),
    }
    const creating = this.#recorder.createSession(options).then((session) => {
      const recorded = new RecordedSession(session, drafts, options)
      this.sessions.push(recorded)
      if (this.#isFollowing) recorded.following = this.followers.track('chunks', recorded.follow())
    })
    this.#calls.track('createSession', creating)
    return JSON.stringify({ ...options, drafts })
  }

  /** Does one thing and says what. */
  act(): string {
    const random = this.#random
    const recorded = this.sessions.length > 0 ? random.pick(this.sessions) : undefined
    if (!recorded) return 'idle'
    const { session, streams } = recorded
    const stream = random.pick(streams)
    const dice = random.below(100)
    if (dice < 30) return this.#push(recorded, stream)
    if (dice < 68) return this.#write(recorded, stream)
    if (dice < 74) return this.mark(recorded)
    if (dice < 78) {
      this.#names += 1
      const labels = [`label ${this.#names}`]
      return this.#try('setLabels', () => {
        session.setLabels(labels)
        recorded.labels = labels
      })
    }
    if (dice < 83) {
      this.#calls.track('flush', session.flush())
      return 'flush'
    }
    if (dice < 86 && !this.#isGentle) return this.#try('pause', () => session.pause())
    if (dice < 90) return this.#try('resume', () => session.resume())
    if (dice < 93 && recorded.isFlightRecorder) return this.trigger(recorded)
    if (dice < 95) {
      this.#calls.track('start', session.start())
      return 'start'
    }
    if (dice < 96 && !this.#isGentle) return this.stop(recorded)
    if (dice < 98) {
      this.#calls.track('ready', stream.writer.ready)
      return `wait for ${stream.name}`
    }
    return 'idle'
  }

  mark(recorded: RecordedSession): string {
    this.#names += 1
    const name = `mark ${this.#names}`
    return this.#try(name, () => {
      recorded.session.mark(name)
      recorded.marks.push(name)
    })
  }

  trigger(recorded: RecordedSession): string {
    if (recorded.session.state === 'armed') recorded.wasTriggered = true
    this.#calls.track('trigger', recorded.session.trigger())
    return 'trigger'
  }

  stop(recorded: RecordedSession): string {
    recorded.stopped = this.#calls.track('stop', recorded.session.stop())
    return 'stop'
  }

  #push(recorded: RecordedSession, stream: Ledger): string {
    const isTaken = stream.push(this.#nextTime(), () => recorded.session.state)
    return `push ${stream.name} ${isTaken ? 'taken' : 'refused'}`
  }

  #write(recorded: RecordedSession, stream: Ledger): string {
    const random = this.#random
    const frames = random.chance(0.15) && !this.#isGentle ? random.within(100, 400) : random.within(1, 40)
    const hasInvalid = !this.#isGentle && !stream.isUnix && random.chance(0.1)
    const times = Array.from({ length: frames }, () =>
      hasInvalid && random.chance(0.1) ? undefined : this.#nextTime(),
    )
    const done = stream.write(times, () => recorded.session.state)
    return `write ${stream.name} ${done} of ${frames}`
  }

  /** Mostly forward, now and then the same time again or one before. */
  #nextTime(): bigint {
    const random = this.#random
    const step = random.chance(0.95) ? random.within(1, 8) : random.within(-20, 0)
    this.#timeNs += BigInt(step) * 250_000n
    if (this.#timeNs < 0n) this.#timeNs = 0n
    return this.#timeNs
  }

  /** Some calls are out of place in some states: they say so, and nothing else happens. */
  #try(name: string, action: () => void): string {
    try {
      action()
      return name
    } catch (error) {
      const { code } = error as { code?: string }
      if (code !== 'wrong-state' && code !== 'ended' && code !== 'backlog-full') throw error
      return `${name}: ${code}`
    }
  }
}
