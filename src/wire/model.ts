import type { ResamplerMethod, ResamplerQuality } from '../kernels/types.js'

/** The clock a stream's timestamps live on; on the wire always int64 nanoseconds. */
export type ClockName = 'monotonic' | 'unix' | 'relative'
export type ChannelType = 'f64' | 'f32' | 'i32' | 'i64' | 'enum' | 'text'
export type ChannelKind = 'angle' | 'quaternion'

/** Why frames were received and not ingested: a closed list (DESIGN.md 6). */
export const LOSS_REASONS = [
  'overflow',
  'worker-lost',
  'wasm-trap',
  'invalid-value',
  'late',
  'paused',
  'stopped',
  'no-consent',
  'redacted',
  'quota',
  'storage-error',
  'evicted',
  'corrupt',
] as const
export type LossReason = (typeof LOSS_REASONS)[number]

/** Frames lost per reason since the start of the session; reasons without loss are left out. */
export type LossCounts = Partial<Record<LossReason, number>>

export interface ChannelDescriptor {
  name: string
  type: ChannelType
  /** UCUM code. */
  unit?: string
  /** Declared values of an `enum` channel; the column holds indices into them. */
  values?: string[]
  kind?: ChannelKind
  /** Allowed width of the error, |decoded − given| ≤ precision / 2; absent: lossless. */
  precision?: number
  /** Name in the imported file, where it could not be kept. */
  originalName?: string
}

export interface StreamDescriptor {
  name: string
  clock: ClockName
  channels: ChannelDescriptor[]
  /** Declared rate. */
  rateHz?: number
  /** Rate of the uniform grid the frames were resampled onto; with it, how. */
  resampledHz?: number
  resampleMethod?: ResamplerMethod
  /** Of method `sinc`. */
  resampleQuality?: ResamplerQuality
}

/** The page's two clocks read at one moment, nanoseconds. */
export interface ClockSnapshot {
  monotonicNs: bigint
  wallNs: bigint
}

/** A stretch of a stream longer than its gap threshold without a frame, on the stream's clock. */
export interface Gap {
  startNs: bigint
  endNs: bigint
}

export type PropertyValue = string | number | boolean

/** A named moment put into the session by the application. */
export interface Mark {
  name: string
  /** Page clock. */
  monotonicNs: bigint
  wallNs: bigint
  properties: Record<string, PropertyValue>
}

/** Cumulative since the start of the session, in frames unless said otherwise. */
export interface StreamCounts {
  received: number
  ingested: number
  /** Frames written into chunks; differs from `ingested` when resampling. */
  produced: number
  lost: LossCounts
  /** Single values the channel's type could not hold: recorded as absent. */
  invalidValues: number
  /** Frames whose timestamp equals the one before. */
  repeatedTimestamps: number
  /** Frames whose timestamp is before the one before. */
  backwardTimestamps: number
  gaps: number
  /** Bytes of coded times, columns, validity and dictionaries in all chunks up to and including this one. */
  bytes: number
}

/** One channel's piece of a chunk. */
export interface ColumnPiece {
  /** Present values only, coded (docs/format.md, columns). f64: Float64Array, f32: Float32Array, i64: BigInt64Array, others Int32Array. */
  column: Uint8Array
  /** One bit per frame, least significant first, 1 = present; undefined when nothing is absent. */
  validity?: Uint8Array
  /** `text` channels: the strings the column's indices point to. */
  dictionary?: string[]
}

/** One stream's piece of a chunk. */
export interface StreamPiece {
  descriptor: StreamDescriptor
  /** Number of the first frame in this chunk, counted over what was produced. */
  firstFrame: number
  frameCount: number
  /** Coded BigInt64Array of nanoseconds. */
  time: Uint8Array
  columns: ColumnPiece[]
  counts: StreamCounts
  /** Gaps that end in this chunk. */
  gaps: Gap[]
  /** Over the session so far, gaps left out; 0 when unknown. */
  effectiveRateHz: number
}

/** A self-contained contiguous piece of all streams of one session. */
export interface Chunk {
  /** UUIDv7, canonical text form. */
  sessionId: string
  epoch: number
  seq: number
  /** The session's last chunk. */
  final: boolean
  /** Carries changed labels only, appended after the stop. */
  amendment: boolean
  journeyId?: string
  labels: string[]
  labelsRevision: number
  /** Keys are any text, `__proto__` included: a Map. */
  metadata: Map<string, string>
  /** Start of the session (imports: of the recording), Unix nanoseconds. */
  startedAtNs: bigint
  /** End of what is recorded so far (live: page clock at the last batch; imports: last instant), Unix nanoseconds. */
  endedAtNs: bigint
  /** Page clock snapshots, oldest first. */
  clocks: ClockSnapshot[]
  streams: StreamPiece[]
  marks: Mark[]
  /**
   * In a final chunk written after a crash: for how long, about, the recording may have gone on behind the last frame
   * that is stored, nanoseconds.
   */
  tailNs?: bigint
}

/** What a frame's header says of the chunk it carries. */
export interface FrameHeader {
  sessionId: string
  epoch: number
  seq: number
  final: boolean
  amendment: boolean
  payloadByteLength: number
}

/** Chunk identity: sinks that see one twice keep one. */
export function chunkId(header: { sessionId: string; epoch: number; seq: number }): string {
  return `${header.sessionId}:${header.epoch}:${header.seq}`
}
