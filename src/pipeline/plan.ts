import type { ResamplerMethod, ResamplerQuality } from '../kernels/types.js'
import type { Chunk, ClockSnapshot, LossCounts, Mark, StreamDescriptor } from '../wire/model.js'

/** A stream as declared; its clock may stay open until the first write. */
export interface StreamPlan {
  descriptor: Omit<StreamDescriptor, 'clock'> & Partial<Pick<StreamDescriptor, 'clock'>>
  /** Stretch without a frame that counts as a gap; default four nominal periods. */
  gapMs?: number
  /** The uniform grid its frames are resampled onto; undefined: they are recorded as they come. */
  grid?: GridPlan
}

/** How a stream is resampled. */
export interface GridPlan {
  rateHz: number
  method: ResamplerMethod
  /** Of method `sinc`. */
  quality?: ResamplerQuality
  /** Longest stretch without a frame that is bridged; default four nominal periods. */
  maxGapMs?: number
  /** Streams of the same name here are on the same clock. */
  align?: string
  /** The frames are recorded as they come as well. */
  keepRaw: boolean
}

/** Name of the stream that has on a grid what the stream `name` has raw. */
export function resampledNameOf(name: string): string {
  return `${name}.resampled`
}

/** What is recorded of one declared stream: it, or, with `keepRaw`, its raw frames and a second stream on the grid. */
export function recordedStreams(plan: StreamPlan): [own: StreamPlan, resampled?: StreamPlan] {
  const { descriptor, grid } = plan
  if (!grid?.keepRaw) return [plan]
  return [
    { ...plan, grid: undefined },
    { ...plan, descriptor: { ...descriptor, name: resampledNameOf(descriptor.name) } },
  ]
}

/** All a pipeline has to know of a session before the first frame. */
export interface SessionPlan {
  id: string
  journeyId?: string
  labels: string[]
  metadata: Map<string, string>
  /** Page clocks when the session was created. */
  clock: ClockSnapshot
  /** Start of an imported recording; live sessions start when recording starts. */
  importedStartNs?: bigint
  streams: StreamPlan[]
  /** Raw bytes of frames that fill a chunk. */
  chunkMaxBytes: number
}

/** Where a pipeline goes on after one before it has ended without a final chunk. */
export interface ResumePoint {
  /** At least the number of pipelines the session has had. */
  epoch: number
  /** At least the number of chunks stored. */
  seq: number
  /** Per stream the number of the first frame that can come. */
  baseFrames: number[]
  /** Per stream the number of the oldest frame that can still be given. */
  oldestFrames: number[]
  /** The last chunk that is stored, if any is left. */
  lastChunk: Chunk | undefined
  /** Of each of its streams the times of the last frames that are in any chunk, coded; empty: unknown. */
  lastTimes: Uint8Array[]
  /** Marks that are stored and may be given again. */
  storedMarks: Mark[]
}

/** What the page knows of a stream's losses before the worker sees a frame: cumulative. */
export interface PageCounts {
  lost: LossCounts
  invalidValues: number
}
