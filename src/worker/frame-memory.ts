import type { ClockName, LossReason, PageCounts } from './protocol.js'

/** Reasons the page itself loses frames for, by their place among the counters. */
export const PAGE_LOSS_REASONS: readonly LossReason[] = [
  'overflow',
  'worker-lost',
  'invalid-value',
  'paused',
  'stopped',
  'no-consent',
  'redacted',
  'storage-error',
  'quota',
]
/** Places among the counters. */
export const OVERFLOW_COUNTER = 0
/** Place of the count of single values that no channel type could hold. */
export const INVALID_VALUES_COUNTER = 15
const COUNTERS = 16

const CLOCKS: readonly ClockName[] = ['monotonic', 'unix', 'relative']

const HEADER_BYTES = 256
const COUNTERS_OFFSET = 128
/** Where a ring's producer publishes the frames written, modulo 2^32. */
export const WRITTEN_INDEX = 0
const CLOCK_INDEX = 1
const READ_INDEX = 16

const TWO_32 = 4_294_967_296
const PADDING_SLOTS = 8

/**
 * Views on memory that frames travel in from page to worker: a batch, or a ring both threads see.
 *
 *     0         64       128           256
 *     | written | stored | 16 counters | time × capacity | absent mask × capacity | (value × stride) × channels |
 *
 * Everything takes 64 bits. Each channel's values lie together, so that they need no sorting before they are coded. Times are f64 milliseconds on the `monotonic` clock, else i64 nanoseconds. Bit c of a mask
 * says that channel c is absent. f64 and i64 values fill their slot; f32 bits, i32, enum index and text code stand in
 * its low half. Counters are cumulative f64. In a ring `written` and `stored` count frames modulo 2^32, each written
 * by one thread only, and the capacity is a power of two.
 */
export class FrameMemory {
  readonly timesMs: Float64Array
  readonly timesNs: BigInt64Array
  readonly timeHalves: Int32Array
  /** Two halves per frame. */
  readonly masks: Int32Array
  /** The same, a word per frame: 0 is nothing absent. */
  readonly maskWords: Float64Array
  /** Slots from one channel's first frame to the next one's. */
  readonly stride: number
  readonly values: Float64Array
  readonly values64: BigInt64Array
  readonly valueHalves: Int32Array
  readonly valueFloats: Float32Array
  readonly counters: Float64Array
  /** Header words; see `WRITTEN_INDEX`. */
  readonly indices: Int32Array

  constructor(
    readonly buffer: ArrayBufferLike,
    readonly channels: number,
    readonly capacityFrames: number,
  ) {
    const timesOffset = HEADER_BYTES
    const masksOffset = timesOffset + 8 * capacityFrames
    const valuesOffset = masksOffset + 8 * capacityFrames
    this.stride = strideOf(capacityFrames)
    const slots = this.stride * channels
    this.timesMs = new Float64Array(buffer, timesOffset, capacityFrames)
    this.timesNs = new BigInt64Array(buffer, timesOffset, capacityFrames)
    this.timeHalves = new Int32Array(buffer, timesOffset, 2 * capacityFrames)
    this.masks = new Int32Array(buffer, masksOffset, 2 * capacityFrames)
    this.maskWords = new Float64Array(buffer, masksOffset, capacityFrames)
    this.values = new Float64Array(buffer, valuesOffset, slots)
    this.values64 = new BigInt64Array(buffer, valuesOffset, slots)
    this.valueHalves = new Int32Array(buffer, valuesOffset, 2 * slots)
    this.valueFloats = new Float32Array(buffer, valuesOffset, 2 * slots)
    this.counters = new Float64Array(buffer, COUNTERS_OFFSET, COUNTERS)
    this.indices = new Int32Array(buffer, 0, HEADER_BYTES / 4)
  }

  get clock(): ClockName | undefined {
    return CLOCKS[this.indices[CLOCK_INDEX]! - 1]
  }

  set clock(clock: ClockName | undefined) {
    this.indices[CLOCK_INDEX] = clock === undefined ? 0 : CLOCKS.indexOf(clock) + 1
  }

  /** Frames written by the producer, modulo 2^32. */
  get written(): number {
    return Atomics.load(this.indices, WRITTEN_INDEX) >>> 0
  }

  /** Frames whose chunk is stored, modulo 2^32: the producer may overwrite them. */
  get stored(): number {
    return Atomics.load(this.indices, READ_INDEX) >>> 0
  }

  set stored(frames: number) {
    Atomics.store(this.indices, READ_INDEX, frames | 0)
  }

  /** Copies header and `frameCount` frames from frame `from` on out of another memory of as many channels. */
  copy(source: FrameMemory, from: number, frameCount: number): void {
    const to = from + frameCount
    this.indices.set(source.indices)
    this.timeHalves.set(source.timeHalves.subarray(2 * from, 2 * to))
    this.masks.set(source.masks.subarray(2 * from, 2 * to))
    for (let c = 0; c < this.channels; c++) {
      const column = source.valueHalves.subarray(2 * (c * source.stride + from), 2 * (c * source.stride + to))
      this.valueHalves.set(column, 2 * c * this.stride)
    }
  }
}

/** Counters as counts by reason. */
export function pageCountsOf(counters: Float64Array): PageCounts {
  const lost: PageCounts['lost'] = {}
  PAGE_LOSS_REASONS.forEach((reason, index) => {
    if (counters[index]! > 0) lost[reason] = counters[index]!
  })
  return { lost, invalidValues: counters[INVALID_VALUES_COUNTER]! }
}

/** Bytes of a memory for `capacityFrames` frames of `channels` values. */
export function frameMemoryBytes(channels: number, capacityFrames: number): number {
  return HEADER_BYTES + 8 * (2 * capacityFrames + channels * strideOf(capacityFrames))
}

/** Columns a power of two apart would all fall into the same cache sets: a cache line more keeps them apart. */
function strideOf(capacityFrames: number): number {
  return capacityFrames % 64 === 0 ? capacityFrames + PADDING_SLOTS : capacityFrames
}

/** Bytes one frame takes on its way. */
export function frameBytes(channels: number): number {
  return 8 * (channels + 2)
}

/** Frames of `channels` values that fit into a memory of `byteLength` bytes. */
export function framesThatFit(channels: number, byteLength: number): number {
  return Math.floor((byteLength - HEADER_BYTES - 8 * channels * PADDING_SLOTS) / frameBytes(channels))
}

/**
 * Writes milliseconds as int64 nanoseconds into 32-bit halves: exact below 104 days, beyond that to the resolution of
 * the number given.
 */
export function putMillisecondsAsNs(ms: number, halves: Int32Array, at: number): void {
  const ns = Math.round(ms * 1e6)
  if (ns <= Number.MAX_SAFE_INTEGER && ns >= -Number.MAX_SAFE_INTEGER) {
    const high = Math.floor(ns * (1 / TWO_32))
    halves[2 * at] = ns - high * TWO_32
    halves[2 * at + 1] = high
    return
  }
  const wide = millisecondsToNs(ms)
  halves[2 * at] = Number(BigInt.asIntN(32, wide))
  halves[2 * at + 1] = Number(BigInt.asIntN(32, wide >> 32n))
}

/** To the resolution of the number given. */
export function millisecondsToNs(ms: number): bigint {
  const wholeMs = Math.floor(ms)
  return BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((ms - wholeMs) * 1e6))
}
