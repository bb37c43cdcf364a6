import type { FrameMemory } from '../worker/frame-memory.js'

/**
 * The way of one stream's frames off the page: memory to append to, and what happens when it is full.
 *
 * Frames go into `memory` at `slot` while `slot < endSlot`; then `commit` makes them count. At `endSlot` the lane wants
 * to be asked: `advance` makes room, if it can.
 */
export interface Lane {
  readonly memory: FrameMemory
  readonly slot: number
  readonly endSlot: number
  /** Cumulative loss counters of the stream: src/worker/frame-memory.ts. */
  readonly counters: Float64Array
  /** Frames taken since the session began. */
  readonly nextFrame: number
  /** Frames that were taken and then lost on the page after all: they count as lost, not as taken. */
  evictedFrames: number
  /** Number of the first frame the worker will see. */
  readonly baseFrame: number
  /** Number of the oldest frame that is not known to be stored, as the worker counts them. */
  readonly oldestFrame: number
  /** Frames taken and not known to be stored, nor given way to later ones. */
  readonly unstoredFrames: number
  /** Whether there is room for a good deal more than one batch. */
  readonly isReady: boolean
  /** Makes room for one frame or more; false when there is none. */
  advance(): boolean
  /** `frames` have been written from `slot` on. */
  commit(frames: number): void
  /** Sends on what is there, and asks for `advance` before the next frame. */
  handOver(): void
  /** Flight recorder, before the trigger: lets go of frames older than this before the newest one. */
  trim(preTriggerMs: number): void
  /** The flight recorder was triggered: what is kept now stays. */
  disarm(): void
}

/** Time of a frame in milliseconds of its stream's clock, to compare with others. */
export function timeMsOf(memory: FrameMemory, frame: number): number {
  return memory.clock === 'monotonic' ? memory.timesMs[frame]! : Number(memory.timesNs[frame]!) / 1e6
}
