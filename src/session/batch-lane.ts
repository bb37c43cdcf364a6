import { BATCH_BYTES } from '../limits.js'
import { FrameMemory, frameMemoryBytes, framesThatFit, OVERFLOW_COUNTER } from '../worker/frame-memory.js'
import type { DataLink } from './data-link.js'
import { Cursor, type Lane, newestMsOf, timeMsOf } from './lane.js'

/** Full batches kept for reuse. */
const SPARE_MEMORIES = 16

/** Frames travel in batches: copies of them are transferred, and the page keeps its own until they are stored. */
export class BatchLane implements Lane {
  readonly cursor: Cursor
  evictedFrames = 0
  readonly baseFrame = 0
  oldestFrame = 0
  readonly counters = new Float64Array(16)
  readonly #link: DataLink
  readonly #streamIndex: number
  readonly #dropsOldest: boolean
  /** Nobody reads yet: the oldest frames give way. */
  #isArmed: boolean
  readonly #takeDictionaries: () => [number, string[]][]
  readonly #spares: FrameMemory[] = []
  #batchFirstFrame = 0
  #sentFrames = 0
  #keptFrames = 0

  constructor(
    link: DataLink,
    streamIndex: number,
    channels: number,
    dropsOldest: boolean,
    isArmed: boolean,
    takeDictionaries: () => [number, string[]][],
  ) {
    this.#link = link
    this.#streamIndex = streamIndex
    this.#dropsOldest = dropsOldest
    this.#isArmed = isArmed
    this.#takeDictionaries = takeDictionaries
    this.cursor = new Cursor(createBatch(channels))
  }

  get nextFrame(): number {
    return this.#batchFirstFrame + this.cursor.slot
  }

  get unstoredFrames(): number {
    return this.#keptFrames + this.cursor.slot
  }

  get isReady(): boolean {
    return this.#link.isReady
  }

  advance(): boolean {
    const { cursor } = this
    if (cursor.slot === cursor.memory.capacityFrames) this.handOver()
    if (cursor.slot === 0) {
      if (!this.#dropsOldest && !this.#isArmed && !this.#link.hasRoom) return false
      this.#link.armHandOver()
    }
    cursor.endSlot = cursor.memory.capacityFrames
    return true
  }

  handOver(): boolean {
    const { cursor } = this
    const { memory, slot: frameCount } = cursor
    cursor.endSlot = 0
    if (frameCount === 0) return false
    const isKeptWhole = 2 * frameCount >= memory.capacityFrames
    const kept = isKeptWhole ? memory : copyOf(memory, 0, frameCount)
    if (isKeptWhole) {
      cursor.memory = this.#spares.pop() ?? createBatch(memory.channels)
      cursor.memory.clock = memory.clock
    }
    this.#batchFirstFrame += frameCount
    this.#keptFrames += frameCount
    cursor.slot = 0
    this.#link.sendBatch({
      streamIndex: this.#streamIndex,
      memory: kept,
      frameCount,
      firstFrame: 0,
      dictionaries: this.#takeDictionaries(),
      clock: this.#link.clock,
      canDrop: this.#dropsOldest || this.#isArmed,
      // numbers have no holes where batches gave way
      onFirstSent: (batch) => {
        batch.firstFrame = this.#sentFrames
        this.#sentFrames += batch.frameCount
        batch.memory.counters.set(this.counters)
      },
      onStored: (stored) => {
        this.#keptFrames -= stored.frameCount
        this.oldestFrame = stored.firstFrame + stored.frameCount
        const { memory: spare } = stored
        if (spare.capacityFrames === cursor.memory.capacityFrames && this.#spares.length < SPARE_MEMORIES) {
          this.#spares.push(spare)
        }
      },
      onDropped: (dropped) => this.#drop(dropped.frameCount),
    })
    return true
  }

  trim(preTriggerMs: number): void {
    const newest = this.#link.batchesOf(this.#streamIndex).at(-1)
    if (!newest) return
    const cutoffMs = newestMsOf(newest.memory, newest.frameCount - 1) - preTriggerMs
    this.#link.dropBatches(this.#streamIndex, (batch) => timeMsOf(batch.memory, batch.frameCount - 1) < cutoffMs)
    for (const batch of this.#link.batchesOf(this.#streamIndex)) {
      let old = 0
      while (old < batch.frameCount && timeMsOf(batch.memory, old) < cutoffMs) old += 1
      if (old === 0) break
      batch.memory = copyOf(batch.memory, old, batch.frameCount - old)
      batch.frameCount -= old
      this.#drop(old)
      break
    }
  }

  wipe(): void {
    this.cursor.memory.valueHalves.fill(0)
    this.#spares.length = 0
  }

  disarm(): void {
    this.#isArmed = false
    for (const batch of this.#link.batchesOf(this.#streamIndex)) batch.canDrop = this.#dropsOldest
  }

  #drop(frames: number): void {
    this.#keptFrames -= frames
    this.evictedFrames += frames
    this.counters[OVERFLOW_COUNTER]! += frames
  }
}

function createBatch(channels: number): FrameMemory {
  return new FrameMemory(new ArrayBuffer(BATCH_BYTES), channels, framesThatFit(channels, BATCH_BYTES))
}

function copyOf(source: FrameMemory, from: number, frameCount: number): FrameMemory {
  const { channels } = source
  const memory = new FrameMemory(new ArrayBuffer(frameMemoryBytes(channels, frameCount)), channels, frameCount)
  memory.copy(source, from, frameCount)
  return memory
}
