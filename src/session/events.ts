import type { KymographError } from '../errors.js'
import type { Gap, LossReason } from '../worker/protocol.js'

/** States of a session; `stopped` and `failed` are final. */
export type SessionState = 'ready' | 'recording' | 'paused' | 'stopping' | 'stopped' | 'failed'

export type WarningCode = 'label-high-cardinality' | 'invalid-value' | 'in-thread' | 'duration-reached'

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

/** An event of a session; `type` is one of {@link SessionEventName}. */
export class SessionEvent<N extends SessionEventName = SessionEventName> extends Event {
  constructor(
    name: N,
    readonly detail: SessionEventDetails[N],
  ) {
    super(name)
  }
}
