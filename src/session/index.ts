export { type ErrorCode, KymographError } from '../errors.js'
export type {
  Capabilities,
  ChannelDescriptor,
  ChannelType,
  ClockName,
  Gap,
  JourneyRecord,
  LossCounts,
  LossReason,
  SessionPage,
  SessionRecord,
  SessionSummary,
  StoredChunk,
  StreamSummary,
} from '../worker/protocol.js'
export { JourneyCatalogue, SessionCatalogue } from './catalogue.js'
export type { ChannelOptions, OverflowPolicy, StreamOptions } from './declaration.js'
export {
  SessionEvent,
  type SessionEventDetails,
  type SessionEventName,
  type SessionState,
  type WarningCode,
} from './events.js'
export type { Lookup } from './lookup.js'
export type { SessionOptions } from './options.js'
export { Recorder } from './recorder.js'
export { checkRecorderOptions, type RecorderOptions } from './recorder-options.js'
export { Session } from './session.js'
export { createSessionId } from './session-id.js'
export { StreamWriter } from './stream-writer.js'
export type { Values } from './value-copier.js'
export type { Value } from './value-writer.js'
export { LIBRARY_VERSION } from './version.js'
