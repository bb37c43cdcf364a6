import {
  COLUMN_BLOCK_VALUES,
  COLUMN_EXPONENT_SHIFT,
  COLUMN_MODE_BITS,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_FLOAT_AS_F32,
  COLUMN_MODE_INT,
  COLUMN_MODE_RAW,
  COLUMN_MODE_SHIFT,
  COLUMN_ORDER_MAX,
  COLUMN_TYPE_F32,
  COLUMN_TYPE_F64,
  COLUMN_TYPE_I32,
  COLUMN_TYPE_I64,
  DECIMAL_EXPONENT_MAX_F32,
  DECIMAL_EXPONENT_MAX_F64,
} from '../../../assembly/layout'
import { KymographError } from '../../errors.js'
import { COLUMN_MAX_VALUES } from '../../limits.js'
import type { ColumnArray } from '../types.js'
import { packedBytes } from './bits.js'

/** The structure of a coded column, checked as far as it shows without its values. */
export interface ColumnPlan {
  type: number
  mode: number
  count: number
  /** Offset of the payload: RAW: byte planes; else the plan byte. */
  payloadOffset: number
}

const MODES_BY_TYPE: readonly (readonly number[])[] = [
  [COLUMN_MODE_RAW, COLUMN_MODE_DECIMAL, COLUMN_MODE_FLOAT_AS_F32, COLUMN_MODE_BITS],
  [COLUMN_MODE_RAW, COLUMN_MODE_DECIMAL, COLUMN_MODE_BITS],
  [COLUMN_MODE_RAW, COLUMN_MODE_INT],
  [COLUMN_MODE_RAW, COLUMN_MODE_INT],
]

export function malformed(message: string, offset: number): KymographError {
  return new KymographError('malformed', `coded column: ${message} at byte ${offset}`, { offset })
}

/** The payload holds an integer that is no value of the column. */
export function integerOutOfRange(plan: ColumnPlan): KymographError {
  return malformed('an integer beyond the range of its type', plan.payloadOffset)
}

function truncated(bytes: Uint8Array): KymographError {
  const offset = bytes.length
  return new KymographError('truncated', `coded column: ends early, after ${offset} bytes`, { offset })
}

export function valueBytes(type: number): number {
  return type === COLUMN_TYPE_F64 || type === COLUMN_TYPE_I64 ? 8 : 4
}

/** By the class's name, so that arrays of another realm count too. */
export function columnTypeOf(values: ColumnArray): number {
  const name = values[Symbol.toStringTag]
  if (name === 'Float64Array') return COLUMN_TYPE_F64
  if (name === 'Float32Array') return COLUMN_TYPE_F32
  return name === 'Int32Array' ? COLUMN_TYPE_I32 : COLUMN_TYPE_I64
}

/** A fresh array of the type. */
export function createColumnArray(type: number, count: number): ColumnArray {
  if (type === COLUMN_TYPE_F64) return new Float64Array(count)
  if (type === COLUMN_TYPE_F32) return new Float32Array(count)
  return type === COLUMN_TYPE_I32 ? new Int32Array(count) : new BigInt64Array(count)
}

/** Offset past a LEB128 varint in its shortest form, of at most `bits` bits. */
function skipVarint(bytes: Uint8Array, offset: number, bits: number): number {
  for (let at = offset, shift = 0; ; at++, shift += 7) {
    if (at >= bytes.length) throw truncated(bytes)
    const byte = bytes[at]
    if (shift + 7 >= bits && byte >= 2 ** (bits - shift)) throw malformed('a number with too many bits', offset)
    if (byte < 128) {
      if (byte === 0 && at > offset) throw malformed('a number that is not in its shortest form', offset)
      return at + 1
    }
  }
}

/** 25 bits: the largest count is 2^24. */
function readCount(bytes: Uint8Array): { count: number; payloadOffset: number } {
  const payloadOffset = skipVarint(bytes, 1, 25)
  let count = 0
  for (let at = payloadOffset - 1; at >= 1; at--) count = count * 128 + (bytes[at] & 127)
  if (count > COLUMN_MAX_VALUES) throw malformed(`a count of ${count}, more than ${COLUMN_MAX_VALUES}`, 1)
  return { count, payloadOffset }
}

function exponentMax(type: number, mode: number): number {
  if (mode !== COLUMN_MODE_DECIMAL) return 0
  return type === COLUMN_TYPE_F64 ? DECIMAL_EXPONENT_MAX_F64 : DECIMAL_EXPONENT_MAX_F32
}

/** Walks plan byte, first values and blocks; returns the offset past them. */
function skipIntegers(bytes: Uint8Array, type: number, mode: number, count: number, offset: number): number {
  if (offset >= bytes.length) throw truncated(bytes)
  const order = bytes[offset] & 3
  if (order > COLUMN_ORDER_MAX || order > count) throw malformed(`delta order ${order}`, offset)
  const exponent = bytes[offset] >>> COLUMN_EXPONENT_SHIFT
  if (exponent > exponentMax(type, mode)) throw malformed(`decimal exponent ${exponent}`, offset)
  let at = offset + 1
  for (let head = 0; head < order; head++) at = skipVarint(bytes, at, 64)
  for (let first = order; first < count; first += COLUMN_BLOCK_VALUES) {
    if (at >= bytes.length) throw truncated(bytes)
    const width = bytes[at]
    if (width > 64) throw malformed(`a width of ${width} bits`, at)
    const bits = Math.min(count - first, COLUMN_BLOCK_VALUES) * width
    const end = at + 1 + packedBytes(Math.min(count - first, COLUMN_BLOCK_VALUES), width)
    if (end > bytes.length) throw truncated(bytes)
    if ((bits & 7) !== 0 && bytes[end - 1] >>> (bits & 7) !== 0) throw malformed('padding bits that are set', end - 1)
    at = end
  }
  return at
}

/**
 * Reads and checks the structure of a coded column without allocating: afterwards every length fits, and the count is
 * backed by bytes (a block of 128 values takes at least one).
 */
export function planColumn(bytes: Uint8Array): ColumnPlan {
  if (bytes.length === 0) throw truncated(bytes)
  const type = bytes[0] & 3
  const mode = bytes[0] >>> COLUMN_MODE_SHIFT
  if (!MODES_BY_TYPE[type].includes(mode)) throw malformed(`mode ${mode} for array type ${type}`, 0)
  const { count, payloadOffset } = readCount(bytes)
  const end =
    mode === COLUMN_MODE_RAW
      ? payloadOffset + count * valueBytes(type)
      : skipIntegers(bytes, type, mode, count, payloadOffset)
  if (end > bytes.length) throw truncated(bytes)
  if (end < bytes.length) throw malformed('bytes after the last value', end)
  return { type, mode, count, payloadOffset }
}
