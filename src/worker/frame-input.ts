import { KymographError } from '../errors.js'
import type { StreamPlan } from '../pipeline/plan.js'
import type { SessionPipeline } from '../pipeline/session-pipeline.js'
import { FrameMemory, framesThatFit, pageCountsOf, putMillisecondsAsNs } from './frame-memory.js'
import type { ToWorker } from './protocol.js'

/** Frames handed to the pipeline at a time. */
const PIECE_FRAMES = 2048

type Batch = Extract<ToWorker, { kind: 'batch' }>

/** Where a session's frames come in: from batches, and from rings. */
export class FrameInput {
  readonly #pipeline: SessionPipeline
  readonly #streams: readonly StreamPlan[]
  readonly #rings: (RingReader | undefined)[]
  /** Milliseconds as nanoseconds, a piece at a time. */
  readonly #timeHalves = new Int32Array(2 * PIECE_FRAMES)

  constructor(
    pipeline: SessionPipeline,
    streams: readonly StreamPlan[],
    rings: readonly (SharedArrayBuffer | undefined)[],
  ) {
    this.#pipeline = pipeline
    this.#streams = streams
    this.#rings = rings.map((buffer, index) => {
      if (!buffer) return undefined
      const channels = streams[index]!.descriptor.channels.length
      const memory = new FrameMemory(buffer, channels, framesThatFit(channels, buffer.byteLength))
      return new RingReader(memory, pipeline.nextFrames[index]!)
    })
  }

  get hasRings(): boolean {
    return this.#rings.some((ring) => ring !== undefined)
  }

  receive(batch: Batch): void {
    const { streamIndex, firstFrame, frameCount } = batch
    const plan = this.#streams[streamIndex]
    if (!plan) throw new KymographError('malformed', `batch for stream ${streamIndex}: no such stream`)
    const memory = new FrameMemory(batch.buffer, plan.descriptor.channels.length, batch.capacityFrames)
    this.#pipeline.updatePageCounts(streamIndex, pageCountsOf(memory.counters))
    this.#take(streamIndex, memory, firstFrame, 0, frameCount, batch.dictionaries)
  }

  /** Takes what the producers have written by now. */
  drain(): void {
    for (const [index, ring] of this.#rings.entries()) {
      if (!ring) continue
      const { memory } = ring
      const written = memory.written
      this.#pipeline.updatePageCounts(index, pageCountsOf(memory.counters))
      for (let left = (written - ring.nextFrame) >>> 0; left > 0; ) {
        const slot = (ring.nextFrame >>> 0) & (memory.capacityFrames - 1)
        const frameCount = Math.min(left, memory.capacityFrames - slot)
        this.#take(index, memory, ring.nextFrame, slot, frameCount, [])
        ring.nextFrame += frameCount
        left -= frameCount
      }
    }
  }

  /** Number of the first frame of a ring that can stay in it a while: a quarter of the ring. Undefined: no ring. */
  retainedFrom(streamIndex: number): number | undefined {
    const ring = this.#rings[streamIndex]
    return ring && ring.nextFrame - ring.memory.capacityFrames / 4
  }

  /** Frames before these numbers are stored: rings may overwrite them. */
  release(nextFrames: readonly number[]): void {
    for (const [index, ring] of this.#rings.entries()) if (ring) ring.memory.stored = nextFrames[index]!
  }

  #take(
    streamIndex: number,
    memory: FrameMemory,
    firstFrame: number,
    from: number,
    frameCount: number,
    dictionaries: Batch['dictionaries'],
  ): void {
    const { clock = 'monotonic', timesMs, timeHalves, masks, valueHalves, stride } = memory
    const halves = this.#timeHalves
    for (let done = 0; done < frameCount; done += PIECE_FRAMES) {
      const frames = Math.min(PIECE_FRAMES, frameCount - done)
      const first = from + done
      if (clock === 'monotonic') for (let i = 0; i < frames; i++) putMillisecondsAsNs(timesMs[first + i]!, halves, i)
      const block = {
        timeHalves: clock === 'monotonic' ? halves : timeHalves.subarray(2 * first),
        masks,
        valueHalves,
        stride,
        from: first,
        frameCount: frames,
      }
      this.#pipeline.receive(streamIndex, firstFrame + done, clock, block, dictionaries)
    }
  }
}

/** The consumer's end of a ring: it reads ahead of what is stored, and only storing frees frames. */
class RingReader {
  constructor(
    readonly memory: FrameMemory,
    /** Number of the next frame to read; its low 32 bits are the ring's index. */
    public nextFrame: number,
  ) {
    memory.stored = nextFrame
  }
}
