import type { ResamplerMethod, ResamplerQuality } from '../kernels/types.js'
import type { PageCounts, SessionPlan } from '../pipeline/plan.js'
import type { DeliveryCounts, OutgoingChunk, Receipt } from '../sinks/index.js'
import type { StoreEstimate, StoreSummary } from '../store/port.js'
import type { SessionPage } from '../store/query.js'
import type { JourneyRecord, LabelRecord, SessionRecord } from '../store/record.js'
import type { Recovery } from '../store/recovery.js'
import type { Pruned } from '../store/retention.js'
import type { ClockSnapshot, Gap, Mark, StreamCounts } from '../wire/model.js'
import type { SessionRequest } from './checks/session-options.js'
import type { SinkPlan } from './page-api.js'

export type { ResamplerMethod, ResamplerQuality } from '../kernels/types.js'
export type { GridPlan, PageCounts, SessionPlan, StreamPlan } from '../pipeline/plan.js'
export type { ChunkSink } from '../sinks/index.js'
export type { SessionStore, StoreEstimate, StoreSummary } from '../store/port.js'
export type { SessionPage } from '../store/query.js'
export type { JourneyRecord, LabelRecord, SessionRecord } from '../store/record.js'
export type { Recovery } from '../store/recovery.js'
export type { Pruned, Retention } from '../store/retention.js'
export type {
  ChannelDescriptor,
  ChannelKind,
  ChannelType,
  ClockName,
  ClockSnapshot,
  Gap,
  LossCounts,
  LossReason,
  Mark,
  PropertyValue,
  StreamCounts,
  StreamDescriptor,
} from '../wire/model.js'

/** Which store the worker opens. */
export type StoreChoice = { kind: 'memory' | 'indexeddb' | 'page' } | { kind: 'files'; directory: string }

/** How frames travel: in transferred batches, or through rings of shared memory. */
export type Transport = 'batch' | 'shared'

/** What is in force, after every fallback; it changes when a worker is lost. */
export interface Capabilities {
  /** `worker`, or `in-thread` where no worker could be had. */
  thread: 'worker' | 'in-thread'
  /** Whether the kernels run as WebAssembly. */
  wasm: boolean
  kernels: 'wasm' | 'reference'
  transport: Transport
  /** Why there is no worker though one was wanted. */
  inThreadReason?: string
  /** Workers that were lost and replaced. */
  restarts: number
  store: StoreSummary
}

export interface OpenOptions {
  store: StoreChoice
  kernels: 'auto' | 'wasm' | 'reference'
  /** Kernels in place of the library's own. */
  wasm?: BufferSource | WebAssembly.Module
  /** As the application gave them. */
  retention?: unknown
  sinks?: SinkPlan[]
  /** Nothing is delivered before `resumeDeliveries`: there is no consent yet. */
  holdsDeliveries?: boolean
  /** Sessions that are being recorded and will be taken up. */
  sessions?: string[]
}

/** What the worker found when it opened kernels and store. */
export type Opened = Pick<Capabilities, 'kernels' | 'store'>

/** What happens to frames when the way to the store is full: lost and counted, or the writer has to wait. */
export type OverflowPolicy = 'drop-newest' | 'drop-oldest' | 'wait'

/** A session's options, checked and with their defaults: what page and worker need to know before the first frame. */
export interface SessionSettings extends Omit<SessionPlan, 'id' | 'clock'> {
  durationMs?: number
  autoStart: boolean
  /** Age at which an open chunk is sealed. */
  chunkMaxMs: number
  /** By stream index. */
  overflows: OverflowPolicy[]
  /** The session joins the journey of its page, renewed when nothing was recorded for so long. */
  journeyRenewMs?: number
  whenHidden: 'keep' | 'pause'
  /** Flight recorder: the stretch kept before the trigger. */
  preTriggerMs?: number
  /** What the application should know of its options. */
  warnings: Warning[]
}

/** How far deliveries to a sink are. */
export interface DeliveryStatus extends DeliveryCounts {
  /** Its name. */
  sink: string
  /** Nothing is left to deliver. */
  isIdle: boolean
  /** It has refused the credentials, and waits for `resume`. */
  isPaused: boolean
}

/** A chunk the page delivers in place of the worker. */
export interface Lent {
  /** Index of the sink. */
  sink: number
  chunk: OutgoingChunk
}

export interface Warning {
  code:
    | 'label-high-cardinality'
    | 'resampled-beyond-input'
    | 'clock-jump'
    | 'wasm-trap'
    | 'sessions-dropped'
    | 'storage-evicted'
    | 'chunk-quarantined'
    | 'sink-paused'
  message: string
}

/** A session on its way into a worker, for the first time or after a worker was lost. */
export interface SessionOpening {
  id: string
  settings: SessionSettings
  /** Page clocks when the session was created. */
  clock: ClockSnapshot
  /** Page clocks when recording started, if it has. */
  startClock?: ClockSnapshot
  /** Shared memory by stream index; undefined: the stream comes in batches. Layout: src/worker/frame-memory.ts. */
  rings: (SharedArrayBuffer | undefined)[]
  epoch: number
  /** Chunks known to be stored. */
  seq: number
  /** The first chunk that may hold a mark or labels which are sent again. */
  notesSinceSeq: number
  /** Number of the first frame that can come, by stream index: a flight recorder's ring let go of those before. */
  baseFrames: number[]
  /** Number of the oldest frame the page still has, by stream index. */
  oldestFrames: number[]
}

/**
 * From the page, over the session's data port, in order, several as an array; `serial` counts every message from 1.
 */
export type ToWorker =
  /** Frames of one stream; the buffer is transferred and comes back by `recycle`. Layout: src/worker/frame-memory.ts. */
  | {
      kind: 'batch'
      serial: number
      streamIndex: number
      buffer: ArrayBuffer
      capacityFrames: number
      frameCount: number
      /** Number of the first frame, counted over all the stream's frames that were sent. */
      firstFrame: number
      /** Per text channel (by channel index) the strings the batch's codes point to. */
      dictionaries: [channelIndex: number, values: string[]][]
      clock: ClockSnapshot
    }
  /** Rings have news. */
  | { kind: 'nudge'; clock: ClockSnapshot }
  | { kind: 'mark'; serial: number; mark: Mark; clock: ClockSnapshot }
  | { kind: 'labels'; serial: number; labels: string[]; revision: number; clock: ClockSnapshot }
  /** The page is done with the session, though it may not have stopped. */
  | { kind: 'close' }

/** From the worker, over the session's data port, several as an array. */
export type ToPage =
  /** Message `serial` has been taken up; a batch's buffer comes back, empty again. */
  | { kind: 'recycle'; serial: number; buffer: ArrayBuffer | undefined }
  /** Everything up to and including message `serial` is in a stored chunk, and no resampler has more to give of it. */
  | { kind: 'stored'; serial: number; seq: number; byteLength: number; final: boolean }
  /** Flush number `flush` is done: nothing up to and including message `serial` waits any more. */
  | { kind: 'flushed'; serial: number; flush: number }
  | { kind: 'gap'; stream: string; gap: Gap }
  | ({ kind: 'warning' } & Warning)
  /** The pipeline had to begin anew: frames not yet stored are wanted again. */
  | { kind: 'replay'; cause: string }
  /** The session is over; `storedFrames` by stream: those in stored chunks. */
  | { kind: 'failed'; code: string; message: string; storedFrames: number[] }

export interface StreamSummary extends StreamCounts {
  /** Frames accepted and not yet in a chunk. */
  pending: number
  /** Of the frames that came, gaps left out; 0: unknown. */
  effectiveRateHz: number
  /** Standard deviation of the time from frame to frame, gaps left out, milliseconds; undefined: unknown. */
  jitterMs?: number
  /** Rate of the uniform grid the `produced` frames are on, and how they were found; undefined: recorded as they came. */
  resampledHz?: number
  resampleMethod?: ResamplerMethod
  resampleQuality?: ResamplerQuality
}

/** What became of a session, exact to the frame: received = ingested + pending + Σ lost. */
export interface SessionSummary {
  id: string
  journeyId?: string
  labels: string[]
  startedAt: Date
  endedAt: Date
  chunks: number
  bytes: number
  streams: Record<string, StreamSummary>
}

/** A chunk as the store holds it. */
export interface StoredChunk {
  /** `sessionId:epoch:seq`. */
  id: string
  seq: number
  final: boolean
  /** The chunk in its frame (docs/format.md), fresh. */
  bytes: Uint8Array
}

/** Control calls, made through Comlink. `afterSerial`: wait until that message of the data port has been handled. */
export interface RecorderApi {
  /** page: a port to {@link PageApi}, where something of the page's own is called. */
  open(options: OpenOptions, page?: MessagePort): Promise<Opened>
  /** Answers at once: the worker lives. */
  ping(): Promise<void>
  /** Checks a session's options; nothing is opened yet. */
  checkSession(request: SessionRequest): Promise<SessionSettings>
  /** Opens a session, or takes it up after a worker was lost. Answers with its summary if it had already ended. */
  openSession(opening: SessionOpening, port: MessagePort): Promise<SessionSummary | undefined>
  /** Live sessions take their start from this call; imports keep theirs. */
  startSession(id: string, clock: ClockSnapshot): Promise<void>
  flush(id: string, afterSerial: number, flush: number): Promise<void>
  stop(id: string, afterSerial: number, clock: ClockSnapshot, counts: PageCounts[]): Promise<SessionSummary>
  /** The chunk at `index` of a session; undefined after the last. */
  chunkAt(id: string, index: number): Promise<StoredChunk | undefined>
  /** The first chunk numbered `seq` or later, if there is one: those before it may have died with another worker. */
  chunkFrom(id: string, seq: number): Promise<StoredChunk | undefined>
  /** Both take what the application gave, and check it. */
  page(lookup: unknown): Promise<SessionPage>
  setLabels(id: unknown, labels: unknown): Promise<SessionRecord>
  get(id: unknown): Promise<SessionRecord | undefined>
  /** tracelessly: nothing in the store tells of it any more. */
  deleteSession(id: unknown, tracelessly?: boolean): Promise<boolean>
  journeys(): Promise<JourneyRecord[]>
  journey(journeyId: unknown): Promise<JourneyRecord | undefined>
  labels(): Promise<LabelRecord[]>
  estimate(): Promise<StoreEstimate>
  recover(): Promise<Recovery[]>
  prune(retention: unknown): Promise<Pruned>
  deliveryStatus(): Promise<DeliveryStatus[]>
  resumeDeliveries(): Promise<void>
  /** Seals what is open; answers with the chunks that are due, for a page that goes away. */
  lendChunks(): Promise<Lent[]>
  giveBack(sink: number, sessionId: string, chunkId: string, receipt: Receipt | undefined): Promise<void>
  close(): Promise<void>
}
