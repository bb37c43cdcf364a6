import { KymographError } from '../errors.js'
import type { Kernels, Resampler, RingBuffer } from '../kernels/types.js'
import type {
  ClockName,
  ColumnPiece,
  Gap,
  LossCounts,
  StreamCounts,
  StreamDescriptor,
  StreamPiece,
} from '../wire/model.js'
import { anyAbsent, gatherColumn, gatherValidity, rawValueBytes } from './columns.js'
import type { PageCounts, StreamPlan } from './plan.js'
import { TextPool } from './text-pool.js'
import { Timeline } from './timeline.js'

/** Frames on their way into a ring: times as int64 ns, slots as in src/worker/batch.ts. Borrowed until return. */
export interface FrameBlock {
  timestampsNs: BigInt64Array
  slots: Float64Array
  frameCount: number
}

/** Resamplers take times of ±2^62 ns (kymograph/kernels). */
const RESAMPLED_MAX_NS = 2n ** 62n

/** One stream of a session: timeline, optional resampler, ring, and the piece of the open chunk. */
export class StreamPipeline {
  /** Raw bytes of one frame: what fills a chunk. */
  readonly frameBytes: number
  readonly textPools: Map<number, TextPool>
  readonly #kernels: Kernels
  readonly #plan: StreamPlan
  readonly #stride: number
  readonly #ring: RingBuffer
  readonly #timeline: Timeline
  readonly #resampler: Resampler | undefined
  #clock: ClockName | undefined
  #page: PageCounts = { received: 0, lost: {}, invalidValues: 0 }
  #ingested = 0
  #late = 0
  /** Frames of a resampled stream with a time beyond what resamplers take. */
  #unplaceable = 0
  #produced = 0
  #bytes = 0
  #gaps: Gap[] = []

  constructor(kernels: Kernels, plan: StreamPlan, chunkMaxBytes: number, onGap: (gap: Gap) => void) {
    const { channels, resampledHz } = plan.descriptor
    this.#kernels = kernels
    this.#plan = plan
    this.#clock = plan.descriptor.clock
    this.#stride = channels.length + 1
    this.frameBytes = channels.reduce((sum, channel) => sum + rawValueBytes(channel.type), 8)
    this.#ring = kernels.createRingBuffer({
      capacityFrames: Math.ceil(chunkMaxBytes / this.frameBytes) + 1,
      channels: this.#stride,
    })
    const declaredGapMs = plan.gapMs ?? (plan.descriptor.rateHz ? 4000 / plan.descriptor.rateHz : undefined)
    this.#timeline = new Timeline(declaredGapMs, (gap) => {
      this.#gaps.push(gap)
      onGap(gap)
    })
    this.#resampler = resampledHz
      ? kernels.createResampler({ rateHz: resampledHz, channels: channels.length, maxGapMs: declaredGapMs })
      : undefined
    this.textPools = new Map(
      channels.flatMap((channel, index) => (channel.type === 'text' ? [[index, new TextPool()] as const] : [])),
    )
  }

  get name(): string {
    return this.#plan.descriptor.name
  }

  get pendingFrames(): number {
    return this.#ring.lengthFrames
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

  updatePageCounts(counts: PageCounts): void {
    this.#page = counts
  }

  /** Takes note of received frames and turns them into those to be recorded: themselves, or those on the uniform grid. */
  receive(block: FrameBlock): FrameBlock {
    const halves = new Int32Array(block.timestampsNs.buffer, block.timestampsNs.byteOffset, block.frameCount * 2)
    this.#timeline.scan(halves, block.frameCount)
    if (!this.#resampler) return block
    const frames = this.#resampleable(block)
    const resampled = this.#resampler.push(frames.timestampsNs.subarray(0, frames.frameCount), this.#valuesOf(frames))
    this.#ingested += frames.frameCount
    this.#countLate()
    return this.#blockOf(resampled.timestampsNs, resampled.values)
  }

  /** Ends the input: what the resampler still holds. */
  finish(): FrameBlock | undefined {
    this.#timeline.finish()
    if (!this.#resampler) return undefined
    const rest = this.#resampler.flush()
    this.#countLate()
    return this.#blockOf(rest.timestampsNs, rest.values)
  }

  /** Appends frames `from` … `from + frameCount` of a block to the ring; the caller has made room. */
  append(block: FrameBlock, from: number, frameCount: number): void {
    const taken = this.#ring.write(
      block.timestampsNs.subarray(from, from + frameCount),
      block.slots.subarray(from * this.#stride, (from + frameCount) * this.#stride),
    )
    if (taken !== frameCount)
      throw new KymographError('wrong-state', `stream "${this.name}": ring took ${taken} of ${frameCount} frames`)
    if (!this.#resampler) this.#ingested += frameCount
  }

  /** Codes and removes all frames held: the stream's piece of the chunk that is being sealed. */
  take(): StreamPiece {
    const { channels } = this.#plan.descriptor
    const frames = this.#ring.read(this.#ring.lengthFrames)
    const frameCount = frames.timestampsNs.length
    const slotHalves = new Int32Array(frames.values.buffer, frames.values.byteOffset, frames.values.length * 2)
    const sparse = anyAbsent(slotHalves, frameCount, this.#stride)
    const time = frameCount > 0 ? this.#kernels.encodeColumn(frames.timestampsNs) : new Uint8Array(0)
    const columns = channels.map((channel, index): ColumnPiece => {
      const validity = sparse ? gatherValidity(slotHalves, frameCount, this.#stride, index) : undefined
      const values = gatherColumn(slotHalves, frameCount, this.#stride, index, channel.type, validity)
      const dictionary = this.textPools.get(index)?.take()
      return {
        column: frameCount > 0 ? this.#kernels.encodeColumn(values) : new Uint8Array(0),
        ...(validity ? { validity } : {}),
        ...(dictionary ? { dictionary } : {}),
      }
    })
    this.#bytes += time.length + columns.reduce((sum, piece) => sum + pieceBytes(piece), 0)
    const firstFrame = this.#produced
    this.#produced += frameCount
    const gaps = this.#gaps
    this.#gaps = []
    return {
      descriptor: this.#descriptor(),
      firstFrame,
      frameCount,
      time,
      columns,
      counts: this.counts(),
      gaps,
      effectiveRateHz: this.#timeline.effectiveRateHz(),
    }
  }

  counts(): StreamCounts {
    const lost: LossCounts = { ...this.#page.lost }
    if (this.#late > 0) lost.late = (lost.late ?? 0) + this.#late
    if (this.#unplaceable > 0) lost['invalid-value'] = (lost['invalid-value'] ?? 0) + this.#unplaceable
    return {
      received: this.#page.received,
      ingested: this.#ingested,
      produced: this.#produced,
      lost,
      invalidValues: this.#page.invalidValues,
      repeatedTimestamps: this.#timeline.repeated,
      backwardTimestamps: this.#timeline.backward,
      gaps: this.#timeline.gaps,
      bytes: this.#bytes,
    }
  }

  get effectiveRateHz(): number {
    return this.#timeline.effectiveRateHz()
  }

  dispose(): void {
    this.#ring.dispose()
    this.#resampler?.dispose()
  }

  #descriptor(): StreamDescriptor {
    return { ...this.#plan.descriptor, clock: this.#clock ?? 'monotonic' }
  }

  /** Frames whose time the resampler can place; the others are lost as `invalid-value`. */
  #resampleable(block: FrameBlock): FrameBlock {
    const kept = [...block.timestampsNs.subarray(0, block.frameCount).keys()].filter((frame) => {
      const timestampNs = block.timestampsNs[frame]!
      return timestampNs >= -RESAMPLED_MAX_NS && timestampNs <= RESAMPLED_MAX_NS
    })
    if (kept.length === block.frameCount) return block
    this.#unplaceable += block.frameCount - kept.length
    const slots = new Float64Array(kept.length * this.#stride)
    kept.forEach((frame, i) => {
      slots.set(block.slots.subarray(frame * this.#stride, (frame + 1) * this.#stride), i * this.#stride)
    })
    return {
      timestampsNs: BigInt64Array.from(kept, (frame) => block.timestampsNs[frame]!),
      slots,
      frameCount: kept.length,
    }
  }

  #countLate(): void {
    const late = this.#resampler?.lateFrames ?? 0
    this.#ingested -= late - this.#late
    this.#late = late
  }

  /** Slots as numbers for the resampler; absent becomes NaN. */
  #valuesOf(block: FrameBlock): Float64Array {
    const { channels } = this.#plan.descriptor
    const values = new Float64Array(block.frameCount * channels.length)
    const halves = new Int32Array(block.slots.buffer, block.slots.byteOffset, block.frameCount * this.#stride * 2)
    const floats = new Float32Array(halves.buffer, halves.byteOffset, halves.length)
    for (let frame = 0; frame < block.frameCount; frame++) {
      const start = frame * this.#stride
      for (let c = 0; c < channels.length; c++) {
        const isAbsent = (halves[2 * start + (c >> 5)]! >>> (c & 31)) & 1
        const slot = start + 1 + c
        values[frame * channels.length + c] = isAbsent
          ? Number.NaN
          : channels[c]!.type === 'f32'
            ? floats[2 * slot]!
            : block.slots[slot]!
      }
    }
    return values
  }

  /** Resampled numbers as slots; NaN becomes absent. */
  #blockOf(timestampsNs: BigInt64Array, values: Float64Array): FrameBlock {
    const { channels } = this.#plan.descriptor
    const frameCount = timestampsNs.length
    const slots = new Float64Array(frameCount * this.#stride)
    const halves = new Int32Array(slots.buffer)
    const floats = new Float32Array(slots.buffer)
    for (let frame = 0; frame < frameCount; frame++) {
      const start = frame * this.#stride
      for (let c = 0; c < channels.length; c++) {
        const value = values[frame * channels.length + c]!
        if (Number.isNaN(value)) halves[2 * start + (c >> 5)]! |= 1 << (c & 31)
        else if (channels[c]!.type === 'f32') floats[2 * (start + 1 + c)] = value
        else slots[start + 1 + c] = value
      }
    }
    return { timestampsNs, slots, frameCount }
  }
}

function pieceBytes(piece: ColumnPiece): number {
  const texts = piece.dictionary ?? []
  return piece.column.length + (piece.validity?.length ?? 0) + texts.reduce((sum, text) => sum + utf8Length(text), 0)
}

const encoder = new TextEncoder()

function utf8Length(text: string): number {
  return encoder.encode(text).length
}
