import { KymographError } from '../errors.js'
import type { ColumnArray, Kernels } from '../kernels/types.js'
import type {
  ChannelDescriptor,
  ClockName,
  ColumnPiece,
  Gap,
  LossCounts,
  LossReason,
  StreamCounts,
  StreamDescriptor,
  StreamPiece,
} from '../wire/model.js'
import { type Dictionaries, type FrameBlock, partOf, timesOf } from './frame-block.js'
import { HeldFrames } from './held-frames.js'
import { OpenFrames, rawValueBytes } from './open-frames.js'
import type { PageCounts, StreamPlan } from './plan.js'
import { type GridFrames, ResamplerStage } from './resampler-stage.js'
import { TextPool } from './text-pool.js'
import { Timeline } from './timeline.js'

export interface StreamPipelineEvents {
  onGap(gap: Gap): void
  /** The grid is more than twice as fine as the frames that come, both in Hz. */
  onBeyondInput(rateHz: number, inputRateHz: number): void
  /** Number of the first frame that can be given again, if it is not settled with the chunk being sealed. */
  retainedFrom(): number
}

/** One stream of a session: timeline, optional resampler, and the piece of the open chunk. */
export class StreamPipeline {
  /** Raw bytes of one frame: what fills a chunk. */
  readonly frameBytes: number
  /** Dictionaries of the open chunk, by text channel. */
  readonly textPools: Map<number, TextPool>
  readonly #kernels: Kernels
  readonly #plan: StreamPlan
  readonly #open: OpenFrames
  readonly #timeline: Timeline
  readonly #stage: ResamplerStage | undefined
  readonly #events: StreamPipelineEvents
  #isRateChecked = false
  /** Frames the resampler may have more to give of. */
  readonly #held = new HeldFrames()
  /** Of them, those that are to come again if this pipeline ends: neither ingested nor lost. As of the last chunk. */
  #pending = 0
  /** Last instant of the grid that is in a chunk. */
  #lastInstantNs: bigint | undefined
  /** Time of the frame taken last. */
  #newestNs = 0n
  /** Frames before this number were pending when a pipeline before ended: the timeline knows them. */
  #knownEnd = 0
  /** Those frames give instants again that are in a chunk: from the first of them to the last instant there. */
  #again: { fromNs: bigint; toNs: bigint } | undefined
  #clock: ClockName | undefined
  #page: PageCounts = { lost: {}, invalidValues: 0 }
  /** Frames that were let go before the first one that can come. */
  #baseFrame = 0
  /** Frames taken from the page. */
  #taken = 0
  /** Frames lost on this side, when a pipeline before this one ended. */
  #workerLost = 0
  /** Late frames of the pipelines before. */
  #lateBefore = 0
  #produced = 0
  #bytes = 0
  #gaps: Gap[] = []
  /** Last coded column of each channel of floats. */
  readonly #lastColumns: (Uint8Array | undefined)[] = []

  constructor(kernels: Kernels, plan: StreamPlan, chunkMaxBytes: number, events: StreamPipelineEvents) {
    const { channels, rateHz } = plan.descriptor
    this.#events = events
    this.#kernels = kernels
    this.#plan = plan
    this.#clock = plan.descriptor.clock
    this.frameBytes = channels.reduce((sum, channel) => sum + rawValueBytes(channel.type), 8)
    this.#open = new OpenFrames(Math.ceil(chunkMaxBytes / this.frameBytes) + 1, channels.length)
    const declaredGapMs = plan.gapMs ?? (rateHz ? 4000 / rateHz : undefined)
    this.#timeline = new Timeline(declaredGapMs, (gap) => {
      this.#gaps.push(gap)
      events.onGap(gap)
    })
    this.#stage = plan.grid && new ResamplerStage(kernels, plan.grid, channels, rateHz)
    this.textPools = new Map(
      channels.flatMap((channel, index) => (channel.type === 'text' ? [[index, new TextPool()] as const] : [])),
    )
  }

  get name(): string {
    return this.#plan.descriptor.name
  }

  get descriptor(): StreamDescriptor {
    const { descriptor, grid } = this.#plan
    return {
      ...descriptor,
      clock: this.#clock ?? 'monotonic',
      resampledHz: grid?.rateHz,
      resampleMethod: grid?.method,
      resampleQuality: grid?.quality,
    }
  }

  get isResampled(): boolean {
    return this.#stage !== undefined
  }

  /** Fixed by declaration or by the first frames. */
  get clock(): ClockName | undefined {
    return this.#clock
  }

  get align(): string | undefined {
    return this.#plan.grid?.align
  }

  /** Number of the next frame expected from the page: every earlier one is taken or accounted for. */
  get nextFrame(): number {
    return this.#baseFrame + this.#taken + this.#workerLost
  }

  /** Number of the first frame that is needed again should this pipeline end after the last chunk. */
  get settledFrame(): number {
    return this.nextFrame - this.#pending
  }

  /** How many of the frames that begin with number `firstFrame` came before; frames that never came are counted lost. */
  framesKnown(firstFrame: number): number {
    const known = this.nextFrame - firstFrame
    if (known < 0) this.#workerLost -= known
    return Math.max(0, known)
  }

  /**
   * Goes on where the pipeline before has ended: with the counts of the last stored chunk, the last times stored, and with the frames between
   * that and the oldest one that can still be given counted as lost.
   */
  resume(before: StreamPiece | undefined, baseFrame: number, oldestFrame: number): void {
    this.#baseFrame = baseFrame
    if (before) {
      const { counts } = before
      this.#clock = before.frameCount > 0 || counts.produced > 0 ? before.descriptor.clock : this.#clock
      this.#workerLost = counts.lost['worker-lost'] ?? 0
      this.#lateBefore = counts.lost.late ?? 0
      this.#taken = counts.ingested + this.#lateBefore
      this.#produced = counts.produced
      this.#bytes = counts.bytes
      const { late: _late, 'worker-lost': _workerLost, ...lost } = counts.lost
      this.#page = { lost, invalidValues: counts.invalidValues }
      const timestampsNs =
        before.time.length > 0 ? (this.#kernels.decodeColumn(before.time) as BigInt64Array) : undefined
      this.#timeline.resume(counts, timestampsNs)
      const lostFrames = Object.values(counts.lost).reduce((sum, frames) => sum + frames, 0)
      this.#knownEnd = this.nextFrame + counts.received - counts.ingested - lostFrames
      const toNs = timestampsNs?.at(-1)
      if (this.#stage && toNs !== undefined) this.#again = { fromNs: toNs, toNs }
      this.#lastInstantNs = toNs
    }
    if (oldestFrame > this.nextFrame) this.#workerLost += oldestFrame - this.nextFrame
  }

  /** Fixes the clock; a later batch on another one is refused. */
  useClock(clock: ClockName): void {
    if (this.#clock !== undefined && this.#clock !== clock) {
      throw new KymographError(
        'clock-mixed',
        `stream "${this.name}" is on the ${this.#clock} clock, got ${clock} times`,
      )
    }
    this.#clock = clock
  }

  /** Counts that were noted earlier than those known, and come again, change nothing. */
  updatePageCounts({ lost: told, invalidValues }: PageCounts): void {
    const lost = { ...told }
    const known = this.#page.lost
    for (const reason of Object.keys(known) as LossReason[]) lost[reason] = Math.max(lost[reason] ?? 0, known[reason]!)
    this.#page = { lost, invalidValues: Math.max(invalidValues, this.#page.invalidValues) }
  }

  /** What the frames of a resampled stream give on the uniform grid. */
  resample(block: FrameBlock, dictionaries: Dictionaries): GridFrames {
    const { frameCount } = block
    const timestampsNs = timesOf(block)
    const again = Math.min(frameCount, Math.max(0, this.#knownEnd - this.nextFrame))
    if (again > 0) {
      this.#timeline.follow(timestampsNs[again - 1]!)
      for (const timeNs of timestampsNs.subarray(0, again)) {
        if (this.#again && timeNs < this.#again.fromNs) this.#again.fromNs = timeNs
      }
    }
    this.#timeline.scan(block.timeHalves, again, frameCount - again)
    this.#taken += frameCount
    this.#held.add(timestampsNs)
    this.#newestNs = timestampsNs.at(-1) ?? this.#newestNs
    const frames = this.#withoutGiven(this.#stage!.push(timestampsNs, block, dictionaries))
    this.#checkRate(this.#stage!.inputRateHz)
    return frames
  }

  /** Ends the input: what the resampler still holds. */
  finish(): GridFrames | undefined {
    this.#timeline.finish()
    const rest = this.#stage && this.#withoutGiven(this.#stage.flush())
    // too few frames for the resampler to tell
    this.#checkRate(this.#stage?.inputRateHz ?? this.#timeline.effectiveRateHz())
    return rest
  }

  /** Appends `frameCount` frames of a block from its frame `first` on to the open chunk; the caller has made room. */
  append(block: FrameBlock, first: number, frameCount: number): void {
    const at = this.#open.frameCount
    this.#open.append(block, first, frameCount)
    if (this.#stage) {
      this.#lastInstantNs = this.#open.timestampsNs[at + frameCount - 1]
      return
    }
    this.#timeline.scan(this.#open.timeHalves, at, frameCount)
    this.#taken += frameCount
  }

  /** Turns the text codes of the last frame appended into those of the open chunk; returns the bytes of new texts. */
  poolTexts(dictionaries: Dictionaries): number {
    const { masks, valueHalves, stride, frameCount } = this.#open
    const frame = frameCount - 1
    let bytes = 0
    for (const [channel, texts] of dictionaries) {
      if ((masks[2 * frame + (channel >> 5)]! >>> (channel & 31)) & 1) continue
      const pool = this.textPools.get(channel)!
      const slot = 2 * (channel * stride + frame)
      const before = pool.byteLength
      valueHalves[slot] = pool.codeOf(texts[valueHalves[slot]!]!)
      bytes += pool.byteLength - before
    }
    return bytes
  }

  /** Codes and removes all frames held: the stream's piece of the chunk that is being sealed. */
  take(isLast: boolean): StreamPiece {
    this.#settle(isLast)
    const { channels } = this.#plan.descriptor
    const { frameCount } = this.#open
    const time =
      frameCount > 0 ? this.#kernels.encodeColumn(this.#open.timestampsNs.subarray(0, frameCount)) : new Uint8Array(0)
    const columns = channels.map((channel, index): ColumnPiece => {
      const validity = this.#open.validityOf(index)
      const dictionary = this.textPools.get(index)?.take()
      const column =
        frameCount > 0
          ? this.#encode(this.#open.columnOf(index, channel.type, validity), index, channel)
          : new Uint8Array(0)
      return { column, validity: validity?.slice(), dictionary }
    })
    this.#bytes += time.length + columns.reduce((sum, piece) => sum + pieceBytes(piece), 0)
    const firstFrame = this.#produced
    this.#produced += frameCount
    this.#open.clear()
    const gaps = this.#gaps
    this.#gaps = []
    return {
      descriptor: this.descriptor,
      firstFrame,
      frameCount,
      time,
      columns,
      counts: this.counts(),
      gaps,
      effectiveRateHz: this.#timeline.effectiveRateHz(),
    }
  }

  /** Codes a column of values; its like is the channel's last one, or that of the channel before. */
  #encode(values: ColumnArray, index: number, { type, precision }: ChannelDescriptor): Uint8Array {
    if (type !== 'f64' && type !== 'f32') return this.#kernels.encodeColumn(values)
    const like = this.#lastColumns[index] ?? this.#lastColumns[index - 1]
    const column = this.#kernels.encodeColumn(values, { precision, like })
    this.#lastColumns[index] = column
    return column
  }

  counts(): StreamCounts {
    const lost: LossCounts = { ...this.#page.lost }
    const late = this.#lateBefore + (this.#stage?.lateFrames ?? 0)
    if (late > 0) lost.late = late
    if (this.#workerLost > 0) lost['worker-lost'] = this.#workerLost
    const lostFrames = Object.values(lost).reduce((sum, frames) => sum + frames, 0)
    // those that were pending when a pipeline before ended have been received, though they have yet to come again
    const received = Math.max(this.#taken, this.#knownEnd - this.#baseFrame - this.#workerLost)
    return {
      received: received - late + lostFrames,
      ingested: this.#taken - late - this.#pending,
      produced: this.#produced,
      lost,
      invalidValues: this.#page.invalidValues,
      repeatedTimestamps: this.#timeline.repeated,
      backwardTimestamps: this.#timeline.backward,
      gaps: this.#timeline.gaps,
      bytes: this.#bytes,
    }
  }

  get jitterMs(): number | undefined {
    return this.#timeline.jitterMs()
  }

  get effectiveRateHz(): number {
    return this.#timeline.effectiveRateHz()
  }

  dispose(): void {
    this.#stage?.dispose()
  }

  /** Leaves out instants a pipeline before has given, until one comes that it has not. */
  #withoutGiven({ block, dictionaries }: GridFrames): GridFrames {
    let first = 0
    for (const timeNs of this.#again ? timesOf(block) : []) {
      if (timeNs < this.#again!.fromNs || timeNs > this.#again!.toNs) {
        this.#again = undefined
        break
      }
      first += 1
    }
    return { block: partOf(block, first, block.frameCount - first), dictionaries }
  }

  /**
   * Finds out which frames the chunk being sealed leaves pending: those behind the last instant in it, and as many before
   * it as the resampler needs to come to it again.
   */
  #settle(isLast: boolean): void {
    if (!this.#stage) return
    if (isLast) this.#held.limit(0)
    const lastNs = this.#lastInstantNs
    if (lastNs !== undefined) {
      const aheadNs = this.#newestNs - lastNs
      this.#held.releaseUpTo(aheadNs > 0n ? lastNs - aheadNs : lastNs)
    }
    const late = this.#lateBefore + this.#stage.lateFrames
    this.#held.limit(Math.max(0, Math.min(this.#taken - late, this.nextFrame - this.#events.retainedFrom())))
    this.#pending = this.#held.count
  }

  #checkRate(inputRateHz: number | undefined): void {
    const { grid } = this.#plan
    if (this.#isRateChecked || !grid || !inputRateHz) return
    this.#isRateChecked = true
    if (grid.rateHz > 2 * inputRateHz) this.#events.onBeyondInput(grid.rateHz, inputRateHz)
  }
}

function pieceBytes(piece: ColumnPiece): number {
  let bytes = piece.column.length + (piece.validity?.length ?? 0)
  for (const text of piece.dictionary ?? []) bytes += utf8Length(text)
  return bytes
}

const encoder = new TextEncoder()

function utf8Length(text: string): number {
  return encoder.encode(text).length
}
