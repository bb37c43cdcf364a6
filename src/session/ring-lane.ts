import { RING_NUDGE_BYTES } from '../limits.js'
import { type FrameMemory, frameBytes, OVERFLOW_COUNTER } from '../worker/frame-memory.js'
import { Cursor, type Lane, newestMsOf, timeMsOf } from './lane.js'

/** Part of a full ring that gives way at once while a flight recorder waits for its trigger. */
const EVICTED_SHARE = 8

/** What a ring's producer tells others; nothing in a thread that can tell nobody, such as an AudioWorklet. */
export interface RingNotices {
  /** Enough frames are there for the consumer to look at once. */
  nudge(): void
  /** The first frame after a nudge is there. */
  arm(): void
}

/**
 * Frames travel through a ring both threads see: single producer, single consumer, one atomic store per commit. The
 * consumer's index, looked at only when the ring seems full, moves on when frames are stored, so the ring is the
 * producer's copy as well.
 */
export class RingLane implements Lane {
  readonly cursor: Cursor
  evictedFrames = 0
  baseFrame = 0
  readonly counters: Float64Array
  readonly #nudgeFrames: number
  readonly #notices: RingNotices | undefined
  #nudgedAtFrame = 0
  /** Number of the frame in slot 0 of the present stretch. */
  #originFrame = 0
  /** Nobody reads yet: the oldest frames give way. */
  #isArmed: boolean

  /** `firstFrame`: number of the first frame, where a producer before this one has left off. */
  constructor(memory: FrameMemory, notices: RingNotices | undefined, isArmed: boolean, firstFrame = 0) {
    this.#originFrame = firstFrame
    this.#nudgedAtFrame = firstFrame
    this.cursor = new Cursor(memory)
    this.cursor.ring = memory.indices
    this.counters = memory.counters
    this.#notices = notices
    this.#isArmed = isArmed
    this.#nudgeFrames = Math.max(1, Math.floor(RING_NUDGE_BYTES / frameBytes(memory.channels)))
  }

  get nextFrame(): number {
    return this.#originFrame + this.cursor.slot
  }

  get unstoredFrames(): number {
    return (this.nextFrame - this.cursor.memory.stored) >>> 0
  }

  get oldestFrame(): number {
    return this.nextFrame - this.unstoredFrames
  }

  get isReady(): boolean {
    return 2 * this.unstoredFrames <= this.cursor.memory.capacityFrames
  }

  advance(): boolean {
    const { cursor, nextFrame } = this
    const { capacityFrames } = cursor.memory
    if (nextFrame - this.#nudgedAtFrame >= this.#nudgeFrames) this.#nudge()
    let room = capacityFrames - this.unstoredFrames
    if (room === 0 && this.#isArmed) {
      room = capacityFrames / EVICTED_SHARE
      this.#evict(room)
    }
    cursor.slot = (nextFrame >>> 0) & (capacityFrames - 1)
    cursor.endSlot = Math.min(capacityFrames, cursor.slot + Math.min(room, this.#nudgeFrames))
    this.#originFrame = nextFrame - cursor.slot
    cursor.ringOffset = this.#originFrame | 0
    if (room === 0) this.#nudge()
    else this.#notices?.arm()
    return room > 0
  }

  handOver(): boolean {
    this.cursor.endSlot = 0
    if (this.nextFrame === this.#nudgedAtFrame) return false
    this.#nudge()
    return true
  }

  trim(preTriggerMs: number): void {
    const { unstoredFrames } = this
    const { memory } = this.cursor
    if (unstoredFrames === 0) return
    const slotOf = (number: number) => (number >>> 0) & (memory.capacityFrames - 1)
    const cutoffMs = newestMsOf(memory, slotOf(this.nextFrame - 1)) - preTriggerMs
    let old = 0
    while (old < unstoredFrames && timeMsOf(memory, slotOf(memory.stored + old)) < cutoffMs) old += 1
    this.#evict(old)
  }

  wipe(): void {
    this.cursor.memory.valueHalves.fill(0)
  }

  disarm(): void {
    this.#isArmed = false
    this.baseFrame = this.evictedFrames
  }

  #nudge(): void {
    this.#nudgedAtFrame = this.nextFrame
    if (!this.#isArmed) this.#notices?.nudge()
  }

  #evict(frames: number): void {
    this.cursor.memory.stored += frames
    this.evictedFrames += frames
    this.counters[OVERFLOW_COUNTER]! += frames
  }
}
