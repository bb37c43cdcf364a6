import { CHANNELS_MAX_COUNT, COLUMN_MAX_VALUES, RING_CHANNELS_MAX_COUNT } from '../limits.js'
import { quantumOf } from './reference/column-plan.js'
import type { ColumnArray, EncodeColumnOptions, RingBufferOptions } from './types.js'

/** Largest ring, timestamps and values together: half of what one WebAssembly memory can address. */
const RING_MAX_BYTES = 2 ** 31
/** Timestamps stay in ±2^62 ns (±146 years), so that differences and grid steps never overflow. */
const TIMESTAMP_HIGH_WORD_LIMIT = 2 ** 30

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value).slice(8, -1)
  return String(value)
}

export function typeError(name: string, expectation: string, value: unknown): TypeError {
  return new TypeError(`"${name}" expected ${expectation}, got ${shown(value)}`)
}

export function rangeError(name: string, expectation: string, value: unknown): RangeError {
  return new RangeError(`"${name}" expected ${expectation}, got ${shown(value)}`)
}

/** Name of a typed array's class, of any realm; undefined for anything else. */
function typedArrayName(value: unknown): string | undefined {
  return ArrayBuffer.isView(value) ? Object.prototype.toString.call(value).slice(8, -1) : undefined
}

/** The options given, and none that a page's polluted `Object.prototype` has. */
export function ownOptions<T extends object>(options: T): T {
  if (typeof options !== 'object' || options === null) throw typeError('options', 'an object', options)
  return Object.assign(Object.create(null), options)
}

export function expectInteger(name: string, value: unknown, min: number, max: number): void {
  const expectation = max === Number.MAX_SAFE_INTEGER ? `an integer >= ${min}` : `an integer in ${min}–${max}`
  if (typeof value !== 'number') throw typeError(name, expectation, value)
  if (!Number.isInteger(value) || value < min || value > max) throw rangeError(name, expectation, value)
}

export function expectOneOf(name: string, value: unknown, allowed: readonly string[]): void {
  const expectation = allowed.map((one) => `'${one}'`).join(' | ')
  if (typeof value !== 'string') throw typeError(name, expectation, value)
  if (!allowed.includes(value)) throw rangeError(name, expectation, value)
}

export function expectBytes(name: string, value: unknown): void {
  const name_ = typedArrayName(value)
  if (name_ !== 'Uint8Array') throw typeError(name, 'a Uint8Array', value)
}

/** Whether another thread may change the bytes while they are read. */
export function isShared({ buffer }: Uint8Array): boolean {
  return Object.prototype.toString.call(buffer) === '[object SharedArrayBuffer]'
}

export function expectChannels(channels: unknown): void {
  expectInteger('channels', channels, 1, CHANNELS_MAX_COUNT)
}

export function expectColumnValues(values: unknown): void {
  const name = typedArrayName(values)
  if (name !== 'Float64Array' && name !== 'Float32Array' && name !== 'Int32Array' && name !== 'BigInt64Array') {
    throw typeError('values', 'a Float64Array, Float32Array, Int32Array or BigInt64Array', values)
  }
  const { length } = values as ColumnArray
  if (length > COLUMN_MAX_VALUES) throw rangeError('values.length', `at most ${COLUMN_MAX_VALUES}`, length)
}

/** How a column is to be coded, every setting there. */
export interface ColumnSettings {
  isFast: boolean
  /** 0: lossless. */
  precision: number
  /** Quantum of the column given as `like`; 0: none. */
  quantumHint: number
}

export function expectColumnSettings(options: EncodeColumnOptions): ColumnSettings {
  const { level, precision, like } = ownOptions(options)
  if (level !== undefined) expectOneOf('level', level, ['dense', 'fast'])
  if (precision !== undefined) {
    if (typeof precision !== 'number') throw typeError('precision', 'a finite number > 0', precision)
    if (!(precision > 0 && precision < Infinity)) throw rangeError('precision', 'a finite number > 0', precision)
  }
  if (like !== undefined) expectBytes('like', like)
  return { isFast: level === 'fast', precision: precision ?? 0, quantumHint: like ? quantumOf(like) : 0 }
}

export function expectRingBufferOptions(options: RingBufferOptions): RingBufferOptions {
  const own = ownOptions(options)
  const { capacityFrames, channels, overflow } = own
  expectInteger('channels', channels, 1, RING_CHANNELS_MAX_COUNT)
  expectInteger('capacityFrames', capacityFrames, 1, Number.MAX_SAFE_INTEGER)
  const mostFrames = Math.floor(RING_MAX_BYTES / (8 * (channels + 1))) - 1
  if (capacityFrames > mostFrames) {
    throw rangeError('capacityFrames', `at most ${mostFrames} with ${channels} channels`, capacityFrames)
  }
  if (overflow !== undefined) expectOneOf('overflow', overflow, ['drop-newest', 'drop-oldest'])
  return own
}

/** Frames as two arrays: one timestamp each, and their values interleaved. */
export function expectFrames(timestampsNs: unknown, values: unknown, channels: number): void {
  if (typedArrayName(timestampsNs) !== 'BigInt64Array') throw typeError('timestampsNs', 'a BigInt64Array', timestampsNs)
  if (typedArrayName(values) !== 'Float64Array') throw typeError('values', 'a Float64Array', values)
  const frames = (timestampsNs as BigInt64Array).length
  const { length } = values as Float64Array
  if (length !== frames * channels) {
    throw rangeError('values.length', `${frames * channels} (${frames} timestamps × ${channels} channels)`, length)
  }
}

/** Whether uniform frames are of 32 bits; `isSingle` is what came before. */
export function expectUniformValues(values: unknown, channels: number, isSingle: boolean | undefined): boolean {
  const name = typedArrayName(values)
  const before = isSingle === undefined ? undefined : isSingle ? 'Float32Array' : 'Float64Array'
  if (name !== 'Float32Array' && name !== 'Float64Array') {
    throw typeError('values', before ? `a ${before}` : 'a Float32Array or Float64Array', values)
  }
  if (before !== undefined && name !== before) throw typeError('values', `a ${before} as before, until flush()`, values)
  const { length } = values as Float32Array
  if (length % channels !== 0) throw rangeError('values.length', `a multiple of ${channels} channels`, length)
  return name === 'Float32Array'
}

/** Refuses timestamps beyond ±2^62 ns before anything of the batch is used. */
export function expectTimestampsInRange(timestampsNs: BigInt64Array): void {
  // Little-endian on every engine that has BigInt64Array: the odd words are the high ones.
  const words = new Int32Array(timestampsNs.buffer, timestampsNs.byteOffset, timestampsNs.length * 2)
  for (let index = 1; index < words.length; index += 2) {
    const high = words[index]
    if (high >= TIMESTAMP_HIGH_WORD_LIMIT || high < -TIMESTAMP_HIGH_WORD_LIMIT) {
      const at = (index - 1) / 2
      throw rangeError(`timestampsNs[${at}]`, 'within ±2^62 ns', timestampsNs[at])
    }
  }
}
