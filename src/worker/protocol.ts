import type { PageCounts, SessionPlan } from '../pipeline/plan.js'
import type { StoreSummary } from '../store/port.js'
import type { Query, SessionPage } from '../store/query.js'
import type { JourneyRecord, SessionRecord } from '../store/record.js'
import type { ClockSnapshot, Gap, Mark, StreamCounts, StreamDescriptor } from '../wire/model.js'

export type { PageCounts, SessionPlan, StreamPlan } from '../pipeline/plan.js'
export type { Query, SessionPage } from '../store/query.js'
export type { JourneyRecord, SessionRecord } from '../store/record.js'
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
export type StoreChoice = { kind: 'memory' } | { kind: 'files'; directory: string }

/** What is in force, after every fallback. */
export interface Capabilities {
  /** `worker`, or `in-thread` where no worker could be had. */
  thread: 'worker' | 'in-thread'
  kernels: 'wasm' | 'reference'
  transport: 'batch'
  /** Why there is no worker though one was wanted. */
  inThreadReason?: string
  store: StoreSummary
}

export interface OpenOptions {
  store: StoreChoice
  kernels: 'auto' | 'wasm' | 'reference'
  /** Kernels in place of the library's own. */
  wasm?: BufferSource | WebAssembly.Module
}

export interface SessionStart extends SessionPlan {
  /** Age at which an open chunk is sealed. */
  chunkMaxMs: number
}

/** From the page, over the session's data port, in order; `serial` counts every message from 1. */
export type ToWorker =
  /** Frames of one stream; the buffer is transferred and comes back by `recycle`. Layout: src/worker/batch.ts. */
  | {
      kind: 'batch'
      serial: number
      streamIndex: number
      clockName: StreamDescriptor['clock']
      buffer: ArrayBuffer
      frameCount: number
      timeUnit: 'ms' | 'ns'
      /** Per text channel (by channel index) the strings the batch's codes point to. */
      dictionaries: [channelIndex: number, values: string[]][]
      counts: PageCounts
      clock: ClockSnapshot
    }
  /** Counts that changed without frames, by stream index. */
  | { kind: 'counts'; serial: number; counts: [streamIndex: number, counts: PageCounts][]; clock: ClockSnapshot }
  | { kind: 'mark'; serial: number; mark: Mark; clock: ClockSnapshot }
  | { kind: 'labels'; serial: number; labels: string[]; revision: number; clock: ClockSnapshot }

/** From the worker, over the session's data port. */
export type ToPage =
  /** A batch's buffer, empty again. */
  | { kind: 'recycle'; buffer: ArrayBuffer }
  /** Everything up to and including message `serial` is in a stored chunk. */
  | { kind: 'stored'; serial: number; seq: number; byteLength: number; final: boolean }
  /** A flush is done: nothing up to and including message `serial` waits any more. */
  | { kind: 'flushed'; serial: number }
  | { kind: 'gap'; stream: string; gap: Gap }
  /** The session is over; `storedFrames` by stream: those in stored chunks. */
  | { kind: 'failed'; code: string; message: string; storedFrames: number[] }

export interface StreamSummary extends StreamCounts {
  /** Frames accepted and not yet in a chunk. */
  pending: number
  effectiveRateHz: number
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
  open(options: OpenOptions): Promise<Omit<Capabilities, 'thread'>>
  createSession(start: SessionStart, port: MessagePort): Promise<void>
  /** Live sessions take their start from this call; imports keep theirs. */
  startSession(id: string, clock: ClockSnapshot): Promise<void>
  flush(id: string, afterSerial: number): Promise<void>
  stop(id: string, afterSerial: number, clock: ClockSnapshot, counts: PageCounts[]): Promise<SessionSummary>
  /** The chunk at `index` of a session, waiting for it while the session lives; undefined after the last. */
  chunkAt(id: string, index: number): Promise<StoredChunk | undefined>
  page(query: Query): Promise<SessionPage>
  get(id: string): Promise<SessionRecord | undefined>
  setLabels(id: string, labels: string[]): Promise<SessionRecord>
  deleteSession(id: string): Promise<boolean>
  journeys(): Promise<JourneyRecord[]>
  journey(journeyId: string): Promise<JourneyRecord | undefined>
  close(): Promise<void>
}
