import { KymographError } from '../errors.js'
import { describe } from '../worker/checks/text.js'
import {
  type FrameMemory,
  INVALID_VALUES_COUNTER,
  PAGE_LOSS_REASONS,
  pageCountsOf,
  putMillisecondsAsNs,
} from '../worker/frame-memory.js'
import type {
  ChannelDescriptor,
  ClockName,
  LossReason,
  OverflowPolicy,
  PageCounts,
  StreamPlan,
} from '../worker/protocol.js'
import type { Lane } from './lane.js'
import { copyBits, copyConverted, hasType, type Values } from './value-copier.js'
import type { Value, ValueWriter } from './value-writer.js'

/** Milliseconds that still fit into int64 nanoseconds, and into what resamplers take: ±2^62. */
const TIME_MAX_MS = 9.2e12
const RESAMPLED_MAX_MS = 4.6e12
const RESAMPLED_MAX_NS = 2n ** 62n

/** Refusals after which frames are taken again: the worker hears of them. */
const PASSING: ReadonlySet<LossReason> = new Set(['paused', 'redacted', 'no-consent'])

/** Channels whose values `push` takes one by one; more come as an array. */
const PLAIN_CHANNELS_MAX = 4

/** What a writer is given by its session. */
export interface StreamWriterOptions {
  plan: StreamPlan
  overflow: OverflowPolicy
  lane: Lane
  writers: readonly ValueWriter[]
  onInvalidValue: (channel: string, value: unknown) => void
  /** Resolves when there may be room again. */
  progress: () => Promise<void>
}

/** Frames of one stream so far, by what became of them on the page. */
export interface StreamCounts extends PageCounts {
  received: number
}

/**
 * Takes the frames of one stream on the page: appends them to memory on their way to the worker. Nothing else happens
 * on this thread.
 */
export class StreamWriter {
  readonly name: string
  /**
   * Records one frame: its time and one value per channel, in the order the channels were declared.
   *
   * time: milliseconds of the page's monotonic clock (`event.timeStamp`, `performance.now()`), or of the stream's own
   * zero; a bigint is nanoseconds, since the epoch on a `unix` stream. A missing, null or undefined value is absent;
   * one that the channel's type cannot hold is absent too, and counted. May be used apart from its stream.
   *
   * Returns whether the frame was taken; if not, it is counted as lost, except with `overflow: 'wait'`.
   *
   * @throws TypeError for more values than channels; KymographError `clock-mixed` for another clock's time.
   */
  readonly push: (time: number | bigint, ...values: Value[]) => boolean
  readonly #plan: StreamPlan
  readonly #overflow: OverflowPolicy
  readonly #lane: Lane
  readonly #channels: number
  /** The one type all channels have. */
  readonly #type: ChannelDescriptor['type'] | undefined
  readonly #writers: readonly ValueWriter[]
  readonly #onInvalidValue: (channel: string, value: unknown) => void
  readonly #progress: () => Promise<void>
  #refusal: LossReason | undefined
  /** Frames refused since the session has ended: nobody else hears of them. */
  readonly #refusedAfterEnd: PageCounts['lost'] = {}
  readonly #waiting: (() => void)[] = []

  /** Made by a session; see {@link Session.stream}. */
  constructor({ plan, overflow, lane, writers, onInvalidValue, progress }: StreamWriterOptions) {
    const { name, channels, clock } = plan.descriptor
    this.name = name
    this.#plan = plan
    this.#overflow = overflow
    this.#lane = lane
    this.#channels = channels.length
    this.#type = channels.every(({ type }) => type === channels[0]!.type) ? channels[0]!.type : undefined
    this.#writers = writers
    this.#onInvalidValue = onInvalidValue
    this.#progress = progress
    lane.cursor.memory.clock = clock
    const isPlain = channels.length <= PLAIN_CHANNELS_MAX && channels.every(({ type }) => type === 'f64')
    this.push = isPlain && !plan.grid ? this.#plainPush() : (time, ...values) => this.#push(time, values)
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
    const isMs = timestamps instanceof Float64Array
    if (!isMs && !(timestamps instanceof BigInt64Array)) {
      throw new TypeError(`"timestamps" expected a Float64Array or BigInt64Array, got ${describe(timestamps)}`)
    }
    const { length } = timestamps
    if (values.length !== length * this.#channels) {
      throw new RangeError(
        `"values" expected ${length} frames × ${this.#channels} channels, got ${values.length} values`,
      )
    }
    this.#checkClock(isMs)
    const { channels } = this.#plan.descriptor
    const bits = hasType(values, this.#type) ? values : undefined
    const { cursor } = this.#lane
    let taken = 0
    while (taken < length) {
      if (!this.#admit(length - taken)) break
      const { memory, slot } = cursor
      const room = Math.min(cursor.endSlot - slot, length - taken)
      const frames = this.#recordable(timestamps, taken, room)
      if (frames === 0) {
        this.#lose('invalid-value', 1)
        taken += 1
        continue
      }
      putTimes(timestamps, taken, frames, memory, slot)
      if (bits) copyBits(bits, taken, frames, memory, slot)
      else if (!(values instanceof Float64Array && copyConverted(values, taken, frames, memory, slot, channels))) {
        for (let i = 0; i < frames; i++) this.#putFrame(memory, slot + i, values, (taken + i) * this.#channels)
      }
      cursor.commit(frames)
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
  get counts(): StreamCounts {
    const { lost, invalidValues } = pageCountsOf(this.#lane.counters)
    for (const [reason, frames] of Object.entries(this.#refusedAfterEnd) as [LossReason, number][]) {
      lost[reason] = (lost[reason] ?? 0) + frames
    }
    const { nextFrame, evictedFrames } = this.#lane
    return { received: nextFrame - evictedFrames + sumOf(lost), lost, invalidValues }
  }

  /** From now on frames are refused and counted under `reason`; undefined: taken again. */
  refuse(reason: LossReason | undefined): void {
    this.#lane.handOver()
    this.#refusal = reason
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** The session has ended early: all frames that are not stored are lost. `storedFrames` is known for a failed store. */
  fail(reason: LossReason, storedFrames?: number): void {
    const { received, lost } = this.counts
    const frames = storedFrames === undefined ? this.#lane.unstoredFrames : received - sumOf(lost) - storedFrames
    if (frames <= 0) return
    this.#lane.evictedFrames += frames
    this.#lose(reason, frames)
  }

  async #ready(): Promise<void> {
    for (;;) {
      if (this.#refusal !== undefined && PASSING.has(this.#refusal)) {
        await new Promise<void>((resolve) => this.#waiting.push(resolve))
      } else if (this.#refusal !== undefined) {
        throw new KymographError('ended', `stream "${this.name}" takes no more frames: the session has ended`)
      } else if (this.#lane.isReady) return
      else await this.#progress()
    }
  }

  /**
   * `push` for a few f64 channels: everything that is not a number in its place goes the long way. Named parameters,
   * not an array of values, keep it at a few nanoseconds (bench/README.md).
   */
  #plainPush(): (time: number | bigint, ...values: Value[]) => boolean {
    const { cursor } = this.#lane
    const channels = this.#channels
    const pushAny = (time: number | bigint, values: Value[]) => this.#push(time, withoutMissing(values))
    let isMonotonic = false
    return function push(time, a, b, c, d, e): boolean {
      const { slot, memory } = cursor
      if (slot < cursor.endSlot && typeof time === 'number' && time <= TIME_MAX_MS && time >= -TIME_MAX_MS) {
        isMonotonic ||= memory.clock === 'monotonic'
        const { values, stride } = memory
        let isPlain = isMonotonic && putNumber(values, slot, a)
        if (channels === 1) isPlain &&= b === undefined
        else {
          isPlain &&= putNumber(values, stride + slot, b)
          if (channels === 2) isPlain &&= c === undefined
          else {
            isPlain &&= putNumber(values, 2 * stride + slot, c)
            if (channels === 3) isPlain &&= d === undefined
            else isPlain &&= putNumber(values, 3 * stride + slot, d) && e === undefined
          }
        }
        if (isPlain) {
          memory.timesMs[slot] = time
          memory.maskWords[slot] = 0
          cursor.commit(1)
          return true
        }
      }
      return pushAny(time, [a, b, c, d, e])
    }
  }

  #push(time: number | bigint, values: readonly Value[]): boolean {
    if (values.length > this.#channels) {
      throw new TypeError(`stream "${this.name}" has ${this.#channels} channels, push got ${values.length} values`)
    }
    const isMs = typeof time === 'number'
    this.#checkClock(isMs)
    if (!this.#admit(1)) return false
    if (isMs ? !this.#isRecordableMs(time) : !this.#isRecordableNs(time)) {
      this.#lose('invalid-value', 1)
      return false
    }
    const { cursor } = this.#lane
    const { memory, slot } = cursor
    if (typeof time === 'bigint') memory.timesNs[slot] = time
    else if (memory.clock === 'monotonic') memory.timesMs[slot] = time
    else putMillisecondsAsNs(time, memory.timeHalves, slot)
    this.#putFrame(memory, slot, values, 0)
    cursor.commit(1)
    return true
  }

  /** Whether there is room for a frame; if not, the refusal of `frames` has been counted. */
  #admit(frames: number): boolean {
    const lane = this.#lane
    if (lane.cursor.slot < lane.cursor.endSlot) return true
    if (this.#refusal !== undefined) {
      // who waits offers them again after the pause
      if (!PASSING.has(this.#refusal)) {
        this.#refusedAfterEnd[this.#refusal] = (this.#refusedAfterEnd[this.#refusal] ?? 0) + frames
      } else if (this.#refusal !== 'paused' || this.#overflow !== 'wait') this.#lose(this.#refusal, frames)
      return false
    }
    if (lane.advance()) return true
    if (this.#overflow !== 'wait') this.#lose('overflow', frames)
    return false
  }

  #putFrame(memory: FrameMemory, slot: number, values: Values | readonly Value[], from: number): void {
    const channels = this.#channels
    memory.masks[2 * slot] = 0
    memory.masks[2 * slot + 1] = 0
    for (let c = 0; c < channels; c++) {
      const value = values[from + c]
      if (value !== undefined && value !== null) {
        if (this.#writers[c]!.put(memory, c * memory.stride + slot, value)) continue
        this.#lane.counters[INVALID_VALUES_COUNTER]! += 1
        if (this.#lane.counters[INVALID_VALUES_COUNTER] === 1) {
          this.#onInvalidValue(this.#plan.descriptor.channels[c]!.name, value)
        }
      }
      memory.masks[2 * slot + (c >> 5)]! |= 1 << (c & 31)
    }
  }

  #checkClock(isMs: boolean): void {
    const { memory } = this.#lane.cursor
    let { clock } = memory
    if (clock === undefined) {
      clock = isMs ? 'monotonic' : 'unix'
      memory.clock = clock
    }
    if (clock === 'relative' || (clock === 'monotonic') === isMs) return
    throw clockMixed(this.name, clock, isMs)
  }

  /** How many timestamps from `from` on can be recorded, up to `frames`. */
  #recordable(timestamps: Float64Array | BigInt64Array, from: number, frames: number): number {
    if (timestamps instanceof Float64Array) {
      for (let i = 0; i < frames; i++) if (!this.#isRecordableMs(timestamps[from + i]!)) return i
    } else if (this.#plan.grid) {
      for (let i = 0; i < frames; i++) if (!this.#isRecordableNs(timestamps[from + i]!)) return i
    }
    return frames
  }

  #isRecordableMs(ms: number): boolean {
    const max = this.#plan.grid ? RESAMPLED_MAX_MS : TIME_MAX_MS
    return ms >= -max && ms <= max
  }

  #isRecordableNs(ns: bigint): boolean {
    if (this.#plan.grid) return ns >= -RESAMPLED_MAX_NS && ns <= RESAMPLED_MAX_NS
    return BigInt.asIntN(64, ns) === ns
  }

  #lose(reason: LossReason, frames: number): void {
    this.#lane.counters[PAGE_LOSS_REASONS.indexOf(reason)]! += frames
  }
}

/** The values up to the last one given. */
function withoutMissing(values: Value[]): Value[] {
  let count = values.length
  while (count > 0 && values[count - 1] === undefined) count -= 1
  return values.slice(0, count)
}

/** NaN goes the long way: it is stored in its canonical form. */
function putNumber(values: Float64Array, slot: number, value: Value): boolean {
  if (typeof value !== 'number' || Number.isNaN(value)) return false
  values[slot] = value
  return true
}

function putTimes(
  timestamps: Float64Array | BigInt64Array,
  from: number,
  frames: number,
  memory: FrameMemory,
  slot: number,
): void {
  const to = from + frames
  if (timestamps instanceof BigInt64Array) memory.timesNs.set(timestamps.subarray(from, to), slot)
  else if (memory.clock === 'monotonic') memory.timesMs.set(timestamps.subarray(from, to), slot)
  else for (let i = 0; i < frames; i++) putMillisecondsAsNs(timestamps[from + i]!, memory.timeHalves, slot + i)
}

function sumOf(lost: PageCounts['lost']): number {
  return Object.values(lost).reduce((sum, frames) => sum + frames, 0)
}

function clockMixed(stream: string, clock: ClockName, isMs: boolean): KymographError {
  const [wanted, got] = isMs
    ? ['nanoseconds (bigint)', 'milliseconds (number)']
    : ['milliseconds (number)', 'nanoseconds (bigint)']
  return new KymographError(
    'clock-mixed',
    `stream "${stream}" is on the ${clock} clock and takes ${wanted}, got ${got}; use one clock per stream`,
  )
}
