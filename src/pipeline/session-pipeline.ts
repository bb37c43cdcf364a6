import { KymographError } from '../errors.js'
import type { Kernels } from '../kernels/types.js'
import { encodeChunk, encodeFrame } from '../wire/index.js'
import type { Chunk, ClockName, ClockSnapshot, Gap, Mark, PropertyValue, StreamCounts } from '../wire/model.js'
import { type Dictionaries, type FrameBlock, partOf } from './frame-block.js'
import { type PageCounts, type ResumePoint, recordedStreams, type SessionPlan, type StreamPlan } from './plan.js'
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
  onWarning(code: 'resampled-beyond-input' | 'clock-jump', message: string): void
  /**
   * Number of the first frame of a declared stream that can be given again after the chunk being sealed is stored. As far
   * back, frames a resampler has more to give of are not ingested yet but pending.
   */
  retainedFrom(streamIndex: number): number
}

/** The clocks are read to about a millisecond each; what differs by more is no error of reading. */
const CLOCK_JUMP_MIN_MS = 50
/** Earlier readings one chunk carries. */
const CLOCK_JUMPS_MAX = 64

/** Bytes a mark is taken to fill in a chunk besides its text. */
const MARK_BYTES = 64

/**
 * One session's engine: resample → encode → chunk. Runs on any thread, holds no timer and no clock of its own.
 *
 * A chunk is sealed when the raw bytes of its frames reach `chunkMaxBytes`, so chunk borders depend on the frames
 * alone, not on the batches they came in; the owner seals early by age.
 */
export class SessionPipeline {
  /** Those declared, in their order, and behind them the resampled ones of streams that are kept raw. */
  readonly streams: StreamPipeline[]
  /** By declared stream: it, and its resampled one if it is kept raw; both take its frames. */
  readonly #fed: StreamPipeline[][]
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
  /** When it started on the page's monotonic clock: how long it took is told by that one. */
  #startMonotonicNs: bigint
  #endedAtNs: bigint
  /** Readings before the latest one that the open chunk carries: the start of the session. */
  #earlierClocks: ClockSnapshot[] = []
  #clock: ClockSnapshot
  #marks: Mark[] = []
  #storedMarks: Mark[] = []
  readonly #relativeFirstNs = new Map<StreamPipeline, bigint>()

  constructor(kernels: Kernels, plan: SessionPlan, events: SessionPipelineEvents) {
    this.#kernels = kernels
    this.#plan = plan
    this.#events = events
    this.#labels = plan.labels
    this.#chunkMaxBytes = plan.chunkMaxBytes
    this.#isImport = plan.importedStartNs !== undefined
    this.#startedAtNs = plan.importedStartNs ?? plan.clock.wallNs
    this.#startMonotonicNs = plan.clock.monotonicNs
    this.#endedAtNs = this.#startedAtNs
    this.#clock = plan.clock
    this.#fed = plan.streams.map((stream, index) =>
      recordedStreams(stream).map((recorded) => this.#open(recorded!, index)),
    )
    this.streams = [...this.#fed.map(([own]) => own!), ...this.#fed.flatMap(([, resampled]) => resampled ?? [])]
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

  /** Number per declared stream of the next frame expected from the page: every earlier one is accounted for. */
  get nextFrames(): number[] {
    return this.#fed.map((streams) => Math.min(...streams.map(({ nextFrame }) => nextFrame)))
  }

  /** Number per declared stream of the first frame that is needed again should this pipeline end after the last chunk. */
  get settledFrames(): number[] {
    return this.#fed.map((streams) => Math.min(...streams.map(({ settledFrame }) => settledFrame)))
  }

  /** Goes on, in a new epoch, where a pipeline before has ended. Marks that are stored are known again. */
  resume(point: ResumePoint): void {
    const { lastChunk } = point
    this.#epoch = Math.max(point.epoch, (lastChunk?.epoch ?? -1) + 1)
    this.#seq = Math.max(point.seq, (lastChunk?.seq ?? -1) + 1)
    if (lastChunk) {
      this.#startedAtNs = lastChunk.startedAtNs
      this.#endedAtNs = lastChunk.endedAtNs
      this.#clock = lastChunk.clocks.at(-1) ?? this.#clock
      this.#labels = lastChunk.labels
      this.#labelsRevision = lastChunk.labelsRevision
    }
    this.#storedMarks = point.storedMarks
    this.#fed.forEach((streams, index) => {
      for (const stream of streams) {
        const place = this.streams.indexOf(stream)
        const before = lastChunk && { ...lastChunk.streams[place]!, time: point.lastTimes[place]! }
        stream.resume(before, point.baseFrames[index] ?? 0, point.oldestFrames[index] ?? 0)
      }
    })
  }

  /** Recording starts now: fixes the start time of a live session; the same start, told again, changes nothing. */
  start(clock: ClockSnapshot): void {
    this.#startMonotonicNs = clock.monotonicNs
    if (this.#isImport || clock.wallNs === this.#startedAtNs) return
    this.#startedAtNs = clock.wallNs
    this.#endedAtNs = clock.wallNs
    this.#clock = clock
  }

  /** Takes note of the page's clocks: each chunk carries the latest reading, the first chunk the first one too. */
  noteClock(clock: ClockSnapshot): void {
    if (this.#seq === 0 && this.#earlierClocks.length === 0) this.#earlierClocks.push(this.#clock)
    this.#noteJump(clock)
    this.#clock = clock
    if (this.#isImport) return
    const endedAtNs = this.#startedAtNs + clock.monotonicNs - this.#startMonotonicNs
    if (endedAtNs > this.#endedAtNs) this.#endedAtNs = endedAtNs
  }

  /** One clock has gone further than the other: the wall clock was set, or the machine slept. Both ends are kept. */
  #noteJump(clock: ClockSnapshot): void {
    const before = this.#clock
    const jumpNs = clock.wallNs - before.wallNs - (clock.monotonicNs - before.monotonicNs)
    const jumpMs = Number(jumpNs) / 1e6
    if (Math.abs(jumpMs) < CLOCK_JUMP_MIN_MS) return
    const known = this.#earlierClocks
    if (known.length < CLOCK_JUMPS_MAX) known.push(...(known.at(-1) === before ? [] : [before]), clock)
    this.#events.onWarning(
      'clock-jump',
      `the wall clock moved ${Math.round(jumpMs)} ms against the page's clock: it was set, or the device slept; both readings are recorded`,
    )
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
    const texts = new Map(dictionaries)
    for (const stream of this.#fed[streamIndex]!) {
      const known = stream.framesKnown(firstFrame)
      if (known >= given.frameCount) continue
      stream.useClock(clockName)
      this.#checkAligned(stream)
      const block = known === 0 ? given : partOf(given, known, given.frameCount - known)
      if (stream.isResampled) {
        this.#hasNewInput = true
        const { block: frames, dictionaries: gridTexts } = stream.resample(block, texts)
        this.#append(stream, frames, gridTexts)
      } else this.#append(stream, block, texts)
    }
  }

  mark(mark: Mark): void {
    // given again after a restart
    if (this.#storedMarks.some(({ name, monotonicNs }) => name === mark.name && monotonicNs === mark.monotonicNs))
      return
    this.#marks.push(mark)
    this.#pendingBytes += markBytes(mark)
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
    for (const stream of this.#fed[streamIndex]!) stream.updatePageCounts(counts)
  }

  /** Ends the session: what resamplers hold, then the final chunk, always written, even empty. */
  finish(): void {
    for (const stream of this.streams) {
      const rest = stream.finish()
      if (rest) this.#append(stream, rest.block, rest.dictionaries)
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
      streams: this.streams.map((stream) => stream.take(final)),
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

  #open(plan: StreamPlan, streamIndex: number): StreamPipeline {
    const { name } = plan.descriptor
    return new StreamPipeline(this.#kernels, plan, this.#plan.chunkMaxBytes, {
      onGap: (gap) => this.#events.onGap(name, gap),
      retainedFrom: () => this.#events.retainedFrom(streamIndex),
      onBeyondInput: (rateHz, inputRateHz) => {
        const inputHz = Number(inputRateHz.toPrecision(4))
        this.#events.onWarning(
          'resampled-beyond-input',
          `stream "${name}" is resampled to ${rateHz} Hz though its frames come at ${inputHz} Hz: values in between are made up; use a rateHz of at most ${2 * inputHz}`,
        )
      },
    })
  }

  /** @throws KymographError `clock-mixed` when streams that are to be aligned are on different clocks. */
  #checkAligned({ name, align, clock }: StreamPipeline): void {
    if (align === undefined) return
    for (const other of this.streams) {
      if (other.align !== align || other.clock === undefined || other.clock === clock) continue
      throw new KymographError(
        'clock-mixed',
        `streams "${other.name}" and "${name}" are aligned as "${align}" and on different clocks, ${other.clock} and ${clock}; write both on one`,
      )
    }
  }

  #append(stream: StreamPipeline, block: FrameBlock, dictionaries: Dictionaries): void {
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
      // with the chunk they are in, so that it says the same whatever batch they came in
      if (this.#isImport) this.#noteImportedEnd(stream, block, first, frameCount)
      this.#pendingBytes += frameCount * stream.frameBytes
      if (hasTexts) this.#pendingBytes += stream.poolTexts(dictionaries)
      first += frameCount
    }
    if (this.#pendingBytes >= this.#chunkMaxBytes) this.seal()
  }

  #noteImportedEnd(stream: StreamPipeline, { timeHalves }: FrameBlock, first: number, frameCount: number): void {
    for (let i = first; i < first + frameCount; i++) {
      const timestampNs = (BigInt(timeHalves[2 * i + 1]!) << 32n) | BigInt(timeHalves[2 * i]! >>> 0)
      let wallNs = timestampNs
      if (stream.clock !== 'unix') {
        const firstNs = this.#relativeFirstNs.get(stream) ?? timestampNs
        this.#relativeFirstNs.set(stream, firstNs)
        wallNs = this.#startedAtNs + timestampNs - firstNs
      }
      if (wallNs > this.#endedAtNs) this.#endedAtNs = wallNs
    }
  }
}

function frameOf(chunk: Chunk, kernels: Kernels): Uint8Array {
  return encodeFrame(chunk, encodeChunk(chunk), (bytes) => kernels.crc32c(bytes))
}

/** About the bytes of a mark. */
export function markBytes({ name, properties }: Mark): number {
  return MARK_BYTES + (name.length + propertiesLength(properties)) * 3
}

/** About the bytes of a mark's properties; not by way of JSON, whose output a page may have changed. */
function propertiesLength(properties: Record<string, PropertyValue>): number {
  return Object.entries(properties).reduce((sum, [key, value]) => sum + key.length + String(value).length + 6, 2)
}
