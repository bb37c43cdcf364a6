import type { SessionState } from '../../src/session/events.js'
import type { StreamWriter } from '../../src/session/stream-writer.js'
import type { ResampleOptions } from '../../src/worker/checks/resampling.js'
import type { LossReason, OverflowPolicy } from '../../src/worker/protocol.js'

export type StreamKind = 'numbers' | 'text'

const REFUSAL: Record<SessionState, LossReason> = {
  'awaiting-consent': 'no-consent',
  ready: 'paused',
  paused: 'paused',
  armed: 'overflow',
  recording: 'overflow',
  stopping: 'stopped',
  stopped: 'stopped',
  failed: 'storage-error',
}

/** What the application has offered to one stream, kept apart from all the library counts. */
export class Ledger {
  /** Numbers of the frames that were taken, in order. */
  readonly taken: number[] = []
  /** By frame number. */
  readonly timesNs: bigint[] = []
  readonly lost: Partial<Record<LossReason, number>> = {}

  constructor(
    readonly name: string,
    readonly kind: StreamKind,
    readonly policy: OverflowPolicy,
    readonly isUnix: boolean,
    readonly writer: StreamWriter,
    readonly resample: ResampleOptions | undefined,
  ) {}

  /** Whether its frames are stored as they came. */
  get isRaw(): boolean {
    return this.resample === undefined || this.resample.keepRaw === true
  }

  /** The streams its frames are stored in. */
  get recordedNames(): string[] {
    return this.resample?.keepRaw ? [this.name, `${this.name}.resampled`] : [this.name]
  }

  /** Frames offered that are the library's to account for. */
  get received(): number {
    return this.taken.length + Object.values(this.lost).reduce((sum, frames) => sum + frames, 0)
  }

  /** The cell a frame has in the second channel. */
  static detailOf(frame: number, kind: StreamKind): number | string | undefined {
    if (frame % 5 === 0) return undefined
    return kind === 'text' ? `t${frame % 11}` : -frame / 8
  }

  push(timeNs: bigint, state: () => SessionState): boolean {
    const frame = this.#number(timeNs)
    const isTaken = this.writer.push(
      this.isUnix ? timeNs : Number(timeNs) / 1e6,
      frame,
      Ledger.detailOf(frame, this.kind),
    )
    if (isTaken) this.taken.push(frame)
    else this.#refused(1, state())
    return isTaken
  }

  /** Writes as many frames as there are times; undefined: a time that cannot be recorded. */
  write(timesNs: (bigint | undefined)[], state: () => SessionState): number {
    const frames = timesNs.map((timeNs) => this.#number(timeNs ?? 0n))
    const values = frames.flatMap((frame) => [frame, Ledger.detailOf(frame, this.kind)])
    const isPlain = this.kind !== 'text' && values.every((value) => value !== undefined)
    const times = this.isUnix
      ? BigInt64Array.from(timesNs, (timeNs) => timeNs ?? 0n)
      : Float64Array.from(timesNs, (timeNs) => (timeNs === undefined ? Number.NaN : Number(timeNs) / 1e6))
    const done = this.writer.write(times, isPlain ? Float64Array.from(values as number[]) : values)
    for (let i = 0; i < done; i++) {
      if (timesNs[i] === undefined) this.#lose('invalid-value', 1)
      else this.taken.push(frames[i]!)
    }
    if (done < frames.length) this.#refused(frames.length - done, state())
    return done
  }

  #number(timeNs: bigint): number {
    return this.timesNs.push(timeNs) - 1
  }

  #refused(frames: number, state: SessionState): void {
    const reason = REFUSAL[state]
    // who waits offers them again
    if (this.policy === 'wait' && (reason === 'paused' || reason === 'overflow')) return
    this.#lose(reason, frames)
  }

  #lose(reason: LossReason, frames: number): void {
    this.lost[reason] = (this.lost[reason] ?? 0) + frames
  }
}
