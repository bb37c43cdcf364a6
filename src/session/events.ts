import type { KymographError } from '../errors.js'
import type { Gap, LossReason, Warning } from '../worker/protocol.js'

/**
 * States of a session; `stopped` and `failed` are final. `awaiting-consent`: nothing is taken before it is granted.
 * `armed`: a flight recorder that waits for its trigger.
 */
export type SessionState =
  | 'awaiting-consent'
  | 'ready'
  | 'armed'
  | 'recording'
  | 'paused'
  | 'stopping'
  | 'stopped'
  | 'failed'

/** What can be had of a source. `prompt`: nobody has been asked yet. `no-signal`: nothing has come for two seconds. */
export type AvailabilityState = 'granted' | 'prompt' | 'denied' | 'unsupported' | 'blocked-by-policy' | 'no-signal'

export interface Availability {
  /** The source's name. */
  source: string
  state: AvailabilityState
  /** Why, for developers; empty where there is nothing to say. */
  reason: string
}

export type WarningCode = Warning['code'] | 'invalid-value' | 'worker-replaced'

/** What each event of a session carries in `detail`. */
export interface SessionEventDetails {
  statechange: { state: SessionState; before: SessionState }
  /** A chunk has been stored. */
  chunk: { seq: number; byteLength: number; final: boolean }
  gap: Gap & { stream: string }
  /** Frames lost on the page since the last such event. */
  loss: { stream: string; reason: LossReason; frames: number }
  /** A source can be read, or not, or no longer. */
  availability: Availability
  warning: { code: WarningCode; message: string }
  error: KymographError
}

export type SessionEventName = keyof SessionEventDetails

/** An event of a session; `type` is one of {@link SessionEventName}. Recorders have `warning` events. */
export class SessionEvent<N extends SessionEventName = SessionEventName> extends Event {
  constructor(
    name: N,
    readonly detail: SessionEventDetails[N],
  ) {
    super(name)
  }
}

type Listener<N extends SessionEventName> =
  | ((event: SessionEvent<N>) => void)
  | { handleEvent(event: SessionEvent<N>): void }
  | null

/** An EventTarget that says what its events carry. */
export interface SessionEventTarget<Names extends SessionEventName> extends EventTarget {
  addEventListener<N extends Names>(type: N, listener: Listener<N>, options?: boolean | AddEventListenerOptions): void
  removeEventListener<N extends Names>(type: N, listener: Listener<N>, options?: boolean | EventListenerOptions): void
}
