import { type FrameMemory, WRITTEN_INDEX } from '../worker/frame-memory.js'

/**
 * Where the next frame of a stream goes: into `memory` at `slot` while `slot < endSlot`; then the lane wants to be
 * asked. One class for every lane, and its fields are read in place, so that `push` costs a few nanoseconds.
 */
export class Cursor {
  slot = 0
  endSlot = 0
  /** Rings: header words to publish frames in, and what to add to a slot for the number modulo 2^32. */
  ring: Int32Array | undefined
  ringOffset = 0

  constructor(public memory: FrameMemory) {}

  /** `frames` have been written from `slot` on. */
  commit(frames: number): void {
    this.slot += frames
    if (this.ring !== undefined) Atomics.store(this.ring, WRITTEN_INDEX, (this.ringOffset + this.slot) | 0)
  }
}

/** The way of one stream's frames off the page: memory to append to, and what happens when it is full. */
export interface Lane {
  readonly cursor: Cursor
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
  /** Sends on what is there, and asks for `advance` before the next frame; says whether there was anything. */
  handOver(): boolean
  /** Flight recorder, before the trigger: lets go of frames handed over and older than this, as of {@link newestMsOf}. */
  trim(preTriggerMs: number): void
  /** Leaves no value in the page's memory; the session has ended. */
  wipe(): void
  /** The flight recorder was triggered: what is kept now stays. */
  disarm(): void
}

/** Time of a frame in milliseconds of its stream's clock, to compare with others. */
export function timeMsOf(memory: FrameMemory, frame: number): number {
  return memory.clock === 'monotonic' ? memory.timesMs[frame]! : Number(memory.timesNs[frame]!) / 1e6
}

/**
 * The moment ages of frames are told from: now, where the clock is the page's; else the time of the newest frame,
 * since nothing says what time it is on the stream's own clock.
 */
export function newestMsOf(memory: FrameMemory, newestFrame: number): number {
  return memory.clock === 'monotonic' ? performance.now() : timeMsOf(memory, newestFrame)
}
