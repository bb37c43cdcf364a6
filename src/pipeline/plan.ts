import type { ClockSnapshot, LossCounts, StreamDescriptor } from '../wire/model.js'

/** A stream as declared; its clock may stay open until the first write. */
export interface StreamPlan {
  descriptor: Omit<StreamDescriptor, 'clock'> & Partial<Pick<StreamDescriptor, 'clock'>>
  /** Stretch without a frame that counts as a gap; default four nominal periods. */
  gapMs?: number
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

/** What the page knows of a stream's losses before the worker sees a frame: cumulative. */
export interface PageCounts {
  received: number
  lost: LossCounts
  invalidValues: number
}
