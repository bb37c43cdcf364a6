export { type ErrorCode, KymographError } from '../errors.js'
export type { ChannelOptions, StreamOptions } from '../worker/checks/declaration.js'
export type { Lookup } from '../worker/checks/lookup.js'
export type { ResampleOptions } from '../worker/checks/resampling.js'
export type { SessionOptions } from '../worker/checks/session-options.js'
export type { RecorderDeliveries } from '../worker/page-side.js'
export type {
  Capabilities,
  ChannelDescriptor,
  ChannelType,
  ChunkSink,
  ClockName,
  DeliveryStatus,
  Gap,
  JourneyRecord,
  LabelRecord,
  LossCounts,
  LossReason,
  OverflowPolicy,
  Pruned,
  Recovery,
  ResamplerMethod,
  ResamplerQuality,
  Retention,
  SessionPage,
  SessionRecord,
  SessionStore,
  SessionSummary,
  StoredChunk,
  StoreEstimate,
  StoreSummary,
  StreamSummary,
} from '../worker/protocol.js'
export { JourneyCatalogue, LabelCatalogue, SessionCatalogue } from './catalogue.js'
export {
  type Availability,
  type AvailabilityState,
  SessionEvent,
  type SessionEventDetails,
  type SessionEventName,
  type SessionEventTarget,
  type SessionState,
  type WarningCode,
} from './events.js'
export { Recorder, type RecorderPlatform } from './recorder.js'
export { checkRecorderOptions, type RecorderOptions } from './recorder-options.js'
export { Session } from './session.js'
export { createJourneyId, createSessionId } from './session-id.js'
export type { PreparedSource, Source, SourceSession, SourceStream } from './source.js'
export { type StreamCounts, StreamWriter } from './stream-writer.js'
export type { Values } from './value-copier.js'
export type { Value } from './value-writer.js'
export { LIBRARY_VERSION } from './version.js'
