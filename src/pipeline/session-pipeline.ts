import type { Kernels } from '../kernels/types.js'
import { encodeChunk, encodeFrame } from '../wire/index.js'
import type { Chunk, ClockName, ClockSnapshot, Gap, Mark, StreamCounts } from '../wire/model.js'
import type { PageCounts, SessionPlan } from './plan.js'
import { type FrameBlock, StreamPipeline } from './stream-pipeline.js'

/** A chunk and its bytes, ready for a store. */
export interface SealedChunk {
  chunk: Chunk
  /** The chunk in its frame (docs/format.md), fresh. */
  frame: Uint8Array
}

export interface SessionPipelineEvents {
  onSealed(sealed: SealedChunk): void
  onGap(stream: string, gap: Gap): void
}

/** Bytes a mark is taken to fill in a chunk besides its text. */
const MARK_BYTES = 64

/**
 * One session's engine: ring → resample → encode → chunk. Runs on any thread, holds no timer and no clock of its own.
 *
 * A chunk is sealed when the raw bytes of its frames reach `chunkMaxBytes`, so chunk borders depend on the frames
 * alone, not on the batches they came in; the owner seals early by age.
 */
export class SessionPipeline {
  readonly streams: StreamPipeline[]
  readonly #kernels: Kernels
  readonly #plan: SessionPlan
  readonly #events: SessionPipelineEvents
  readonly #isImport: boolean
  #labels: string[]
  #labelsRevision = 0
  #hasNewLabels = false
  #seq = 0
  #pendingBytes = 0
  #startedAtNs: bigint
  #endedAtNs: bigint
  /** Readings before the latest one that the open chunk carries: the start of the session. */
  #earlierClocks: ClockSnapshot[] = []
  #clock: ClockSnapshot
  #marks: Mark[] = []
  #relativeFirstNs = new Map<number, bigint>()

  constructor(kernels: Kernels, plan: SessionPlan, events: SessionPipelineEvents) {
    this.#kernels = kernels
    this.#plan = plan
    this.#events = events
    this.#labels = plan.labels
    this.#isImport = plan.importedStartNs !== undefined
    this.#startedAtNs = plan.importedStartNs ?? plan.clock.wallNs
    this.#endedAtNs = this.#startedAtNs
    this.#clock = plan.clock
    this.streams = plan.streams.map(
      (stream) =>
        new StreamPipeline(kernels, stream, plan.chunkMaxBytes, (gap) => events.onGap(stream.descriptor.name, gap)),
    )
  }

  /** Whether the open chunk holds anything worth sealing. */
  get isEmpty(): boolean {
    return this.#pendingBytes === 0 && this.#marks.length === 0 && !this.#hasNewLabels
  }

  get startedAtNs(): bigint {
    return this.#startedAtNs
  }

  get endedAtNs(): bigint {
    return this.#endedAtNs
  }

  get labels(): string[] {
    return this.#labels
  }

  /** Recording starts now: fixes the start time of a live session. */
  start(clock: ClockSnapshot): void {
    if (this.#isImport) return
    this.#startedAtNs = clock.wallNs
    this.#endedAtNs = clock.wallNs
    this.#clock = clock
  }

  /** Takes note of the page's clocks: each chunk carries the latest reading, the first chunk the first one too. */
  noteClock(clock: ClockSnapshot): void {
    if (this.#seq === 0 && this.#earlierClocks.length === 0) this.#earlierClocks.push(this.#clock)
    this.#clock = clock
    if (!this.#isImport && clock.wallNs > this.#endedAtNs) this.#endedAtNs = clock.wallNs
  }

  /** Takes frames of one stream; slots of text channels are codes into `dictionaries`. Everything borrowed until return. */
  receive(
    streamIndex: number,
    clockName: ClockName,
    block: FrameBlock,
    dictionaries: [channelIndex: number, texts: string[]][] = [],
  ): void {
    const stream = this.streams[streamIndex]!
    stream.useClock(clockName)
    if (this.#isImport) this.#noteImportedEnd(streamIndex, clockName, block)
    this.#append(stream, stream.receive(block), new Map(dictionaries))
  }

  mark(mark: Mark): void {
    this.#marks.push(mark)
    this.#pendingBytes += MARK_BYTES + (mark.name.length + JSON.stringify(mark.properties).length) * 3
    if (this.#pendingBytes >= this.#plan.chunkMaxBytes) this.seal()
  }

  setLabels(labels: string[], revision: number): void {
    this.#labels = labels
    this.#labelsRevision = revision
    this.#hasNewLabels = true
  }

  updatePageCounts(streamIndex: number, counts: PageCounts): void {
    this.streams[streamIndex]!.updatePageCounts(counts)
  }

  /** Ends the session: what resamplers hold, then the final chunk, always written, even empty. */
  finish(): void {
    for (const stream of this.streams) {
      const rest = stream.finish()
      if (rest) this.#append(stream, rest, new Map())
    }
    this.seal(true)
  }

  /** Codes everything held into one chunk and hands it over. */
  seal(final = false): void {
    const chunk: Chunk = {
      sessionId: this.#plan.id,
      epoch: 0,
      seq: this.#seq,
      final,
      amendment: false,
      ...(this.#plan.journeyId === undefined ? {} : { journeyId: this.#plan.journeyId }),
      labels: this.#labels,
      labelsRevision: this.#labelsRevision,
      metadata: this.#plan.metadata,
      startedAtNs: this.#startedAtNs,
      endedAtNs: this.#endedAtNs,
      clocks: [...this.#earlierClocks, this.#clock],
      streams: this.streams.map((stream) => stream.take()),
      marks: this.#marks,
    }
    this.#seq += 1
    this.#pendingBytes = 0
    this.#marks = []
    this.#hasNewLabels = false
    this.#earlierClocks = []
    this.#events.onSealed({ chunk, frame: frameOf(chunk, this.#kernels) })
  }

  counts(): StreamCounts[] {
    return this.streams.map((stream) => stream.counts())
  }

  dispose(): void {
    for (const stream of this.streams) stream.dispose()
  }

  #append(stream: StreamPipeline, block: FrameBlock, dictionaries: Map<number, string[]>): void {
    let from = 0
    while (from < block.frameCount) {
      let room = Math.floor((this.#plan.chunkMaxBytes - this.#pendingBytes) / stream.frameBytes)
      if (room > 0 && dictionaries.size > 0) room = this.#poolTexts(stream, block, from, room, dictionaries)
      if (room <= 0) {
        if (!this.isEmpty) {
          this.seal()
          continue
        }
        room = 1
      }
      const frameCount = Math.min(room, block.frameCount - from)
      stream.append(block, from, frameCount)
      this.#pendingBytes += frameCount * stream.frameBytes
      from += frameCount
    }
    if (this.#pendingBytes >= this.#plan.chunkMaxBytes) this.seal()
  }

  /**
   * Turns the batch's text codes into those of the open chunk, frame by frame while there is room, and returns the
   * number of frames done. One frame always fits into an empty chunk.
   */
  #poolTexts(
    stream: StreamPipeline,
    block: FrameBlock,
    from: number,
    room: number,
    dictionaries: Map<number, string[]>,
  ): number {
    const stride = block.slots.length / block.frameCount
    const halves = new Int32Array(block.slots.buffer, block.slots.byteOffset, block.slots.length * 2)
    const last = Math.min(from + room, block.frameCount)
    let done = 0
    for (let frame = from; frame < last; frame++) {
      if (this.#pendingBytes + (done + 1) * stream.frameBytes > this.#plan.chunkMaxBytes && done > 0) break
      for (const [channel, texts] of dictionaries) {
        const pool = stream.textPools.get(channel)!
        const start = frame * stride
        if ((halves[2 * start + (channel >> 5)]! >>> (channel & 31)) & 1) continue
        const slot = 2 * (start + 1 + channel)
        const before = pool.byteLength
        halves[slot] = pool.codeOf(texts[halves[slot]!]!)
        this.#pendingBytes += pool.byteLength - before
      }
      done += 1
    }
    return done
  }

  #noteImportedEnd(streamIndex: number, clockName: ClockName, block: FrameBlock): void {
    for (let i = 0; i < block.frameCount; i++) {
      const timestampNs = block.timestampsNs[i]!
      let wallNs = timestampNs
      if (clockName !== 'unix') {
        const firstNs = this.#relativeFirstNs.get(streamIndex) ?? timestampNs
        this.#relativeFirstNs.set(streamIndex, firstNs)
        wallNs = this.#startedAtNs + timestampNs - firstNs
      }
      if (wallNs > this.#endedAtNs) this.#endedAtNs = wallNs
    }
  }
}

function frameOf(chunk: Chunk, kernels: Kernels): Uint8Array {
  return encodeFrame(chunk, encodeChunk(chunk), { crc32c: (bytes) => kernels.crc32c(bytes) })
}
