import type { KymographError } from '../errors.js'
import type { Gap, LossReason, Warning } from '../worker/protocol.js'

/** States of a session; `stopped` and `failed` are final. `armed`: a flight recorder that waits for its trigger. */
export type SessionState = 'ready' | 'armed' | 'recording' | 'paused' | 'stopping' | 'stopped' | 'failed'

export type WarningCode = Warning['code'] | 'invalid-value' | 'worker-replaced'

/** What each event of a session carries in `detail`. */
export interface SessionEventDetails {
  statechange: { state: SessionState; before: SessionState }
  /** A chunk has been stored. */
  chunk: { seq: number; byteLength: number; final: boolean }
  gap: Gap & { stream: string }
  /** Frames lost on the page since the last such event. */
  loss: { stream: string; reason: LossReason; frames: number }
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
