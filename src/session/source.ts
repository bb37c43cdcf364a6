import type { StreamOptions } from '../worker/checks/declaration.js'
import type { LossReason } from '../worker/protocol.js'
import type { Availability, SessionState } from './events.js'
import type { Values } from './value-copier.js'
import type { Value } from './value-writer.js'

/** Something that is recorded without the application pushing it: made by `kymograph/sources`, or the application's own. */
export interface Source {
  readonly name: string
  /** Asks for the permission this source needs, if it needs one; wants to be called in a click handler. */
  request(): Promise<Availability>
  /** Finds out, without asking, how it will be read; once per session. */
  prepare(): Promise<PreparedSource>
}

/** A source as one session has it. */
export interface PreparedSource {
  /** The streams it adds to the session. */
  readonly streams: Record<string, StreamOptions>
  /**
   * Looks, without asking, whether it can be read: once, when the session is about to begin. Returns why none may begin
   * with it, if it needs a permission that was not given.
   */
  look(): Promise<string | undefined>
  /** Told of the session once, before it starts: captures while its state is `recording` or `armed`. */
  capture(session: SourceSession): void
}

/** What a source sees of a stream. */
export interface SourceStream {
  push(time: number | bigint, ...values: Value[]): boolean
  write(timestamps: Float64Array | BigInt64Array, values: Values): number
  /** From now on frames are refused and counted under `reason`; undefined: taken again. */
  refuse(reason: LossReason | undefined): void
}

/** What a source sees of its session. */
export interface SourceSession {
  readonly state: SessionState
  stream(name: string): SourceStream
  mark(name: string, properties?: Record<string, string | number | boolean>): void
  /**
   * Has `handOver` called within half a second of each `arm()`, and whenever the session flushes, pauses or ends:
   * a source may keep what it hears until then, and write it in one go. `end()` takes it back.
   */
  collect(handOver: () => void): { arm(): void; end(): void }
  /** Emits an `availability` event. */
  announce(availability: Availability): void
  addEventListener(type: 'statechange', listener: () => void): void
  removeEventListener(type: 'statechange', listener: () => void): void
}
