import type { Kernels } from '../kernels/types.js'
import { encodeChunk, encodeFrame } from '../wire/index.js'
import type { Chunk, ClockName, ClockSnapshot, Gap, Mark, PropertyValue, StreamCounts } from '../wire/model.js'
import type { FrameBlock } from './frame-block.js'
import type { PageCounts, ResumePoint, SessionPlan } from './plan.js'
import { StreamPipeline } from './stream-pipeline.js'

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
 * One session's engine: resample → encode → chunk. Runs on any thread, holds no timer and no clock of its own.
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
  /** Raw bytes of frames that fill a chunk. */
  #chunkMaxBytes: number
  #epoch = 0
  #seq = 0
  #pendingBytes = 0
  /** A resampler has taken frames since the last chunk, whether or not it gave any. */
  #hasNewInput = false
  #startedAtNs: bigint
  #endedAtNs: bigint
  /** Readings before the latest one that the open chunk carries: the start of the session. */
  #earlierClocks: ClockSnapshot[] = []
  #clock: ClockSnapshot
  #marks: Mark[] = []
  #storedMarks: Mark[] = []
  #relativeFirstNs = new Map<number, bigint>()

  constructor(kernels: Kernels, plan: SessionPlan, events: SessionPipelineEvents) {
    this.#kernels = kernels
    this.#plan = plan
    this.#events = events
    this.#labels = plan.labels
    this.#chunkMaxBytes = plan.chunkMaxBytes
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
    return !this.#hasContent && !this.#hasNewInput
  }

  get #hasContent(): boolean {
    return this.#pendingBytes > 0 || this.#marks.length > 0 || this.#hasNewLabels
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

  /** Number per stream of the next frame expected from the page. */
  get nextFrames(): number[] {
    return this.streams.map((stream) => stream.nextFrame)
  }

  /** Goes on, in a new epoch, where a pipeline before has ended. Marks that are stored are known again. */
  resume(point: ResumePoint): void {
    const { lastChunk } = point
    this.#epoch = Math.max(point.epoch, (lastChunk?.epoch ?? -1) + 1)
    this.#seq = Math.max(point.seq, (lastChunk?.seq ?? -1) + 1)
    if (lastChunk) {
      this.#startedAtNs = lastChunk.startedAtNs
      this.#endedAtNs = lastChunk.endedAtNs
      this.#labels = lastChunk.labels
      this.#labelsRevision = lastChunk.labelsRevision
    }
    this.#storedMarks = point.storedMarks
    this.streams.forEach((stream, index) => {
      stream.resume(lastChunk?.streams[index], point.baseFrames[index] ?? 0, point.oldestFrames[index] ?? 0)
    })
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

  /**
   * Takes frames of one stream, the first of them number `firstFrame`; those it has had before are left out. Text
   * channels hold codes into `dictionaries`. Everything borrowed until return.
   */
  receive(
    streamIndex: number,
    firstFrame: number,
    clockName: ClockName,
    given: FrameBlock,
    dictionaries: [channelIndex: number, texts: string[]][] = [],
  ): void {
    const stream = this.streams[streamIndex]!
    const known = stream.framesKnown(firstFrame)
    if (known >= given.frameCount) return
    const block = known === 0 ? given : withoutFirst(given, known)
    stream.useClock(clockName)
    if (stream.isResampled) this.#hasNewInput = true
    const noteEnd = (first: number, frameCount: number) => {
      if (this.#isImport) this.#noteImportedEnd(streamIndex, clockName, block, first, frameCount)
    }
    const texts = new Map(dictionaries)
    if (stream.isResampled) {
      noteEnd(0, block.frameCount)
      this.#append(stream, stream.resample(block), texts)
    } else {
      // with the chunk they are in, so that it says the same whatever batch they came in
      this.#append(stream, block, texts, noteEnd)
    }
  }

  mark(mark: Mark): void {
    // given again after a restart
    if (this.#storedMarks.some(({ name, monotonicNs }) => name === mark.name && monotonicNs === mark.monotonicNs))
      return
    this.#marks.push(mark)
    this.#pendingBytes += MARK_BYTES + (mark.name.length + propertiesLength(mark.properties)) * 3
    if (this.#pendingBytes >= this.#chunkMaxBytes) this.seal()
  }

  setLabels(labels: string[], revision: number): void {
    // given again after a restart
    if (revision <= this.#labelsRevision) return
    this.#labels = labels
    this.#labelsRevision = revision
    this.#hasNewLabels = true
  }

  /** Chunks hold no more than this from now on; never more than planned. */
  limitChunks(maxBytes: number): void {
    this.#chunkMaxBytes = Math.min(this.#chunkMaxBytes, maxBytes)
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
      epoch: this.#epoch,
      seq: this.#seq,
      final,
      amendment: false,
      journeyId: this.#plan.journeyId,
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
    this.#hasNewInput = false
    this.#earlierClocks = []
    this.#events.onSealed({ chunk, frame: frameOf(chunk, this.#kernels) })
  }

  counts(): StreamCounts[] {
    return this.streams.map((stream) => stream.counts())
  }

  dispose(): void {
    for (const stream of this.streams) stream.dispose()
  }

  #append(
    stream: StreamPipeline,
    block: FrameBlock,
    dictionaries: Map<number, string[]>,
    onAppended?: (first: number, frameCount: number) => void,
  ): void {
    const hasTexts = dictionaries.size > 0
    for (let first = 0; first < block.frameCount; ) {
      let room = Math.floor((this.#chunkMaxBytes - this.#pendingBytes) / stream.frameBytes)
      if (room <= 0) {
        if (this.#hasContent) {
          this.seal()
          continue
        }
        room = 1
      }
      // texts fill a chunk as well: frame by frame
      const frameCount = hasTexts ? 1 : Math.min(room, block.frameCount - first)
      stream.append(block, first, frameCount)
      onAppended?.(first, frameCount)
      this.#pendingBytes += frameCount * stream.frameBytes
      if (hasTexts) this.#pendingBytes += stream.poolTexts(dictionaries)
      first += frameCount
    }
    if (this.#pendingBytes >= this.#chunkMaxBytes) this.seal()
  }

  #noteImportedEnd(
    streamIndex: number,
    clockName: ClockName,
    { timeHalves }: FrameBlock,
    first: number,
    frameCount: number,
  ): void {
    for (let i = first; i < first + frameCount; i++) {
      const timestampNs = (BigInt(timeHalves[2 * i + 1]!) << 32n) | BigInt(timeHalves[2 * i]! >>> 0)
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

function withoutFirst(block: FrameBlock, frames: number): FrameBlock {
  const { timeHalves, from, frameCount } = block
  return { ...block, timeHalves: timeHalves.subarray(2 * frames), from: from + frames, frameCount: frameCount - frames }
}

function frameOf(chunk: Chunk, kernels: Kernels): Uint8Array {
  return encodeFrame(chunk, encodeChunk(chunk), (bytes) => kernels.crc32c(bytes))
}

/** About the bytes of a mark's properties; not by way of JSON, whose output a page may have changed. */
function propertiesLength(properties: Record<string, PropertyValue>): number {
  return Object.entries(properties).reduce((sum, [key, value]) => sum + key.length + String(value).length + 6, 2)
}
