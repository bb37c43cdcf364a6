import { KymographError } from '../errors.js'
import { Batch, batchCapacityFrames } from '../worker/batch.js'
import type { ClockName, LossReason, PageCounts } from '../worker/protocol.js'
import { readClocks } from './clock.js'
import type { DataLink } from './data-link.js'
import type { StreamDeclaration } from './declaration.js'
import { describe } from './text.js'
import { copyBits, hasTypeOfAll, type Values } from './value-copier.js'
import { type Value, ValueWriter } from './value-writer.js'

type TimeUnit = 'ms' | 'ns'

/** Milliseconds that still fit into int64 nanoseconds. */
const TIME_MAX_MS = 9.2e12

/**
 * Takes the frames of one stream on the page: appends them to a batch and hands full batches over. Nothing else
 * happens on this thread.
 */
export class StreamWriter {
  readonly name: string
  readonly #link: DataLink
  readonly #index: number
  readonly #declaration: StreamDeclaration
  readonly #channels: number
  readonly #stride: number
  readonly #capacityFrames: number
  readonly #writers: ValueWriter[]
  readonly #onInvalidValue: (channel: string, value: unknown) => void
  readonly #counts: PageCounts = { received: 0, lost: {}, invalidValues: 0 }
  #clock: ClockName | undefined
  #refusal: LossReason | undefined
  #waitingForChange: (() => void)[] = []
  #batch: Batch | undefined
  #batchUnit: TimeUnit = 'ms'
  #frames = 0

  /** Made by a session; see {@link Session.stream}. */
  constructor(
    link: DataLink,
    index: number,
    declaration: StreamDeclaration,
    onInvalidValue: (channel: string, value: unknown) => void,
  ) {
    const { descriptor } = declaration.plan
    this.name = descriptor.name
    this.#link = link
    this.#index = index
    this.#declaration = declaration
    this.#channels = descriptor.channels.length
    this.#stride = this.#channels + 1
    this.#capacityFrames = batchCapacityFrames(this.#channels)
    this.#writers = descriptor.channels.map((channel) => new ValueWriter(channel))
    this.#onInvalidValue = onInvalidValue
    this.#clock = descriptor.clock
  }

  /**
   * Records one frame: its time and one value per channel, in the order the channels were declared.
   *
   * time: milliseconds of the page's monotonic clock (`event.timeStamp`, `performance.now()`), or of the stream's own
   * zero; a bigint is nanoseconds, since the epoch on a `unix` stream. A missing, null or undefined value is absent;
   * one that the channel's type cannot hold is absent too, and counted.
   *
   * Returns whether the frame was taken; if not, it is counted as lost, except with `overflow: 'wait'`.
   *
   * @throws TypeError for more values than channels; KymographError `clock-mixed` for another clock's time.
   */
  push(time: number | bigint, ...values: Value[]): boolean {
    if (values.length > this.#channels) {
      throw new TypeError(`stream "${this.name}" has ${this.#channels} channels, push got ${values.length} values`)
    }
    const unit = typeof time === 'bigint' ? 'ns' : 'ms'
    this.#checkClock(unit)
    const batch = this.#admit(unit)
    if (!batch) return false
    if (unit === 'ms' ? !isRecordableMs(time as number) : BigInt.asIntN(64, time as bigint) !== time) {
      this.#lose('invalid-value', 1)
      return false
    }
    const frame = this.#frames
    if (unit === 'ms') batch.timesMs[frame] = time as number
    else batch.timesNs[frame] = time as bigint
    const base = frame * this.#stride
    batch.slotHalves[2 * base] = 0
    batch.slotHalves[2 * base + 1] = 0
    for (let c = 0; c < this.#channels; c++) this.#put(batch, base, c, values[c])
    this.#appended(1)
    return true
  }

  /**
   * Records many frames.
   *
   * timestamps: one per frame, Float64Array of milliseconds or BigInt64Array of nanoseconds. values: frames × channels,
   * interleaved. Both are borrowed until return. Typed arrays of the channels' own type keep every bit.
   *
   * Returns the frames taken, from the first on. The rest is lost and counted, or, with `overflow: 'wait'`, is to be
   * offered again after `await stream.ready`.
   *
   * @throws RangeError when the lengths do not match; KymographError `clock-mixed` for another clock's times.
   */
  write(timestamps: Float64Array | BigInt64Array, values: Values): number {
    const unit = timestamps instanceof BigInt64Array ? 'ns' : 'ms'
    if (unit === 'ms' && !(timestamps instanceof Float64Array)) {
      throw new TypeError(`"timestamps" expected a Float64Array or BigInt64Array, got ${describe(timestamps)}`)
    }
    if (values.length !== timestamps.length * this.#channels) {
      throw new RangeError(
        `"values" expected ${timestamps.length} frames × ${this.#channels} channels, got ${values.length} values`,
      )
    }
    this.#checkClock(unit)
    const bits = hasTypeOfAll(values, this.#declaration.plan.descriptor.channels) ? values : undefined
    let taken = 0
    while (taken < timestamps.length) {
      const batch = this.#admit(unit, timestamps.length - taken)
      if (!batch) break
      let frames = Math.min(this.#capacityFrames - this.#frames, timestamps.length - taken)
      if (timestamps instanceof BigInt64Array) {
        batch.timesNs.set(timestamps.subarray(taken, taken + frames), this.#frames)
      } else {
        frames = recordableFrames(timestamps, taken, frames)
        if (frames === 0) {
          this.#lose('invalid-value', 1)
          taken += 1
          continue
        }
        batch.timesMs.set(timestamps.subarray(taken, taken + frames), this.#frames)
      }
      if (bits) copyBits(bits, this.#channels, taken, frames, batch, this.#frames)
      else this.#putFrames(batch, values, taken, frames)
      this.#appended(frames)
      taken += frames
    }
    return taken
  }

  /**
   * Resolves when frames are taken again: when there is room, or after a pause. The way to wait with `overflow: 'wait'`.
   *
   * Rejects with KymographError `ended` when the session has ended.
   */
  get ready(): Promise<void> {
    return this.#ready()
  }

  /** Frames seen so far, by what became of them on the page; cumulative, a copy. */
  get counts(): PageCounts {
    return { ...this.#counts, lost: { ...this.#counts.lost } }
  }

  /** Frames in the open batch. */
  get pendingFrames(): number {
    return this.#frames
  }

  /** Hands the open batch over to the worker. */
  handOver(): void {
    const batch = this.#batch
    if (!batch || this.#frames === 0) return
    const frameCount = this.#frames
    this.#batch = undefined
    this.#frames = 0
    this.#link.send(
      {
        kind: 'batch',
        streamIndex: this.#index,
        clockName: this.#clock ?? 'monotonic',
        buffer: batch.buffer,
        frameCount,
        timeUnit: this.#batchUnit,
        dictionaries: this.#writers.flatMap((writer, c): [number, string[]][] =>
          writer.isText ? [[c, writer.takeTexts()]] : [],
        ),
        counts: this.counts,
        clock: readClocks(),
      },
      frameCount * (this.#stride + 1) * 8,
    )
  }

  /** From now on frames are refused and counted under `reason`; undefined: taken again. */
  refuse(reason: LossReason | undefined): void {
    this.#refusal = reason
    const waiting = this.#waitingForChange
    this.#waitingForChange = []
    for (const wake of waiting) wake()
  }

  /** The session has failed with so many of the frames in stored chunks: accounts for all the others. */
  fail(storedFrames: number): void {
    this.#batch = undefined
    this.#frames = 0
    const lost = Object.values(this.#counts.lost).reduce((sum, frames) => sum + frames, 0)
    const unstored = this.#counts.received - storedFrames - lost
    if (unstored > 0) this.#counts.lost['storage-error'] = (this.#counts.lost['storage-error'] ?? 0) + unstored
  }

  async #ready(): Promise<void> {
    for (;;) {
      if (this.#refusal === 'paused') {
        await new Promise<void>((resolve) => this.#waitingForChange.push(resolve))
      } else if (this.#refusal !== undefined) {
        throw new KymographError('ended', `stream "${this.name}" takes no more frames: the session has ended`)
      } else if (this.#link.isReady) return
      else await this.#link.ready()
    }
  }

  /** A batch with room for at least one frame, or undefined after the refusal of `frames` was counted. */
  #admit(unit: TimeUnit, frames = 1): Batch | undefined {
    if (this.#refusal !== undefined) {
      // who waits offers them again after the pause
      if (this.#refusal === 'paused' && this.#declaration.overflow === 'wait') return undefined
      this.#counts.received += frames
      this.#lose(this.#refusal, frames)
      return undefined
    }
    if (this.#batch && this.#batchUnit !== unit) this.handOver()
    if (!this.#batch) {
      if (!this.#link.hasRoom) {
        if (this.#declaration.overflow === 'drop-newest') {
          this.#counts.received += frames
          this.#lose('overflow', frames)
        }
        return undefined
      }
      this.#batch = new Batch(this.#link.takeBuffer(), this.#channels)
      this.#batchUnit = unit
      this.#link.armHandOver()
    }
    return this.#batch
  }

  #appended(frames: number): void {
    this.#counts.received += frames
    this.#frames += frames
    if (this.#frames >= this.#capacityFrames) this.handOver()
  }

  #put(batch: Batch, base: number, c: number, value: Value): void {
    if (value !== undefined && value !== null) {
      if (this.#writers[c]!.put(batch, base + 1 + c, value)) return
      this.#counts.invalidValues += 1
      if (this.#counts.invalidValues === 1) {
        this.#onInvalidValue(this.#declaration.plan.descriptor.channels[c]!.name, value)
      }
    }
    batch.slotHalves[2 * base + (c >> 5)]! |= 1 << (c & 31)
  }

  /** The way for values that have to be converted: one by one. */
  #putFrames(batch: Batch, values: Values, from: number, frames: number): void {
    for (let i = 0; i < frames; i++) {
      const base = (this.#frames + i) * this.#stride
      batch.slotHalves[2 * base] = 0
      batch.slotHalves[2 * base + 1] = 0
      for (let c = 0; c < this.#channels; c++) this.#put(batch, base, c, values[(from + i) * this.#channels + c])
    }
  }

  #checkClock(unit: TimeUnit): void {
    this.#clock ??= unit === 'ns' ? 'unix' : 'monotonic'
    if (this.#clock === 'relative' || (this.#clock === 'unix') === (unit === 'ns')) return
    const got = unit === 'ns' ? 'nanoseconds (bigint)' : 'milliseconds (number)'
    const wanted = unit === 'ns' ? 'milliseconds (number)' : 'nanoseconds (bigint)'
    throw new KymographError(
      'clock-mixed',
      `stream "${this.name}" is on the ${this.#clock} clock and takes ${wanted}, got ${got}; use one clock per stream`,
    )
  }

  #lose(reason: LossReason, frames: number): void {
    if (reason === 'invalid-value') this.#counts.received += frames
    this.#counts.lost[reason] = (this.#counts.lost[reason] ?? 0) + frames
  }
}

/** How many timestamps from `from` on can be recorded, up to `frames`. */
function recordableFrames(timestamps: Float64Array, from: number, frames: number): number {
  for (let i = 0; i < frames; i++) if (!isRecordableMs(timestamps[from + i]!)) return i
  return frames
}

function isRecordableMs(ms: number): boolean {
  return ms >= -TIME_MAX_MS && ms <= TIME_MAX_MS
}
