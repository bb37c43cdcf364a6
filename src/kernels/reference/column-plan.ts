import {
  CODER_CONSTANT,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_HALVES,
  COLUMN_MODE_MASK,
  COLUMN_MODE_MULTIPLE,
  COLUMN_MODE_PRINTED_SINGLE,
  COLUMN_MODE_RAW,
  COLUMN_MODE_SCALED_SINGLE,
  COLUMN_MODE_SHIFT,
  COLUMN_MODE_SINGLE,
  COLUMN_NEGATIVE_ZERO,
  COLUMN_PATCHED,
  COLUMN_STEPS,
  COLUMN_TYPE_F32,
  COLUMN_TYPE_F64,
  COLUMN_TYPE_I32,
  COLUMN_TYPE_I64,
  DECIMAL_EXPONENT_MAX,
  GROUP_CODER_SHIFT,
  GROUP_WORDS,
} from '../../../assembly/layout'
import { KymographError } from '../../errors.js'
import { COLUMN_MAX_VALUES } from '../../limits.js'
import type { ColumnArray } from '../types.js'

/** The structure of a coded column, checked as far as it shows without decoding its groups. */
export interface ColumnPlan {
  type: number
  count: number
  /** Offset past head and count. */
  bodyOffset: number
}

export function malformed(message: string, offset: number): KymographError {
  return new KymographError('malformed', `coded column: ${message} at byte ${offset}`, { offset })
}

/** A group's content is none. */
export function damagedGroup(offset: number): KymographError {
  return malformed('a damaged group', offset)
}

/** An integer that is no value of the column. */
export function integerOutOfRange(offset: number): KymographError {
  return malformed('an integer out of range', offset)
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

/** Goes over a column from byte to byte; throws at the first that cannot be. */
class Walker {
  readonly bytes: Uint8Array
  at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  truncated(): KymographError {
    const offset = this.bytes.length
    return new KymographError('truncated', `coded column: ends early, after ${offset} bytes`, { offset })
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw this.truncated()
    return this.bytes[this.at++]
  }

  skip(bytes: number): void {
    if (bytes > this.bytes.length - this.at) throw this.truncated()
    this.at += bytes
  }

  /** A LEB128 varint in its shortest form, of at most `bits` bits; exact up to 53. */
  varint(bits: number): number {
    const first = this.at
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      if (shift + 7 >= bits && byte >= 2 ** (bits - shift)) throw malformed('a number with too many bits', first)
      value += (byte & 127) * 2 ** shift
      if (byte < 128) {
        if (byte === 0 && shift > 0) throw malformed('a number in a longer form', first)
        return value
      }
    }
  }

  /** A finite number above 0. */
  positiveDouble(what: string): void {
    const { at } = this
    this.skip(8)
    const value = new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 8).getFloat64(0, true)
    if (!(value > 0 && value < Infinity)) throw malformed(`${what} ${value}`, at)
  }

  /** Groups that are last in the column take the rest. */
  groups(count: number, isLast: boolean): void {
    for (let first = 0; first < count; first += GROUP_WORDS) {
      const at = this.at
      const plan = this.byte()
      const order = plan & 3
      const words = Math.min(count - first, GROUP_WORDS)
      const isEmpty = order === words && ((plan >> GROUP_CODER_SHIFT) & 3) !== CODER_CONSTANT
      if (plan >= 64 || order > words || isEmpty) throw malformed(`plan ${plan} of a group`, at)
      if (isLast && first + words === count) this.at = this.bytes.length
      else this.skip(this.varint(16))
    }
  }

  frame(count: number, isSteps: boolean): void {
    this.varint(64)
    if (isSteps) this.varint(64)
    this.groups(isSteps ? count - 1 : count, true)
  }

  patches(count: number, width: number): void {
    const at = this.at
    const patches = this.varint(25)
    if (patches === 0 || patches > count) throw malformed(`${patches} patches`, at)
    for (let patch = 0, position = -1; patch < patches; patch++) {
      const positionAt = this.at
      position += 1 + this.varint(25)
      if (position >= count) throw malformed('a patch past the last value', positionAt)
      this.skip(width)
    }
  }

  /** What follows a head of floats or integers that are not RAW. */
  body(type: number, head: number, headAt: number, count: number): void {
    const mode = (head >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
    const isScaled = mode === COLUMN_MODE_DECIMAL || mode === COLUMN_MODE_MULTIPLE
    const isFramed = valueBytes(type) === 8 && mode < COLUMN_MODE_SINGLE
    if (
      (!isScaled && (head & COLUMN_NEGATIVE_ZERO) !== 0) ||
      ((!isFramed || count < 2) && (head & COLUMN_STEPS) !== 0)
    ) {
      throw malformed(`head ${head}`, headAt)
    }
    if (mode === COLUMN_MODE_DECIMAL) {
      const at = this.at
      const exponent = this.byte()
      if (exponent > DECIMAL_EXPONENT_MAX) throw malformed(`decimal exponent ${exponent}`, at)
    } else if (mode === COLUMN_MODE_MULTIPLE) this.positiveDouble('quantum')
    else if (mode === COLUMN_MODE_SCALED_SINGLE) this.positiveDouble('factor')
    else if (mode === COLUMN_MODE_PRINTED_SINGLE) {
      const at = this.at
      const digits = this.byte()
      if (digits !== 0 && digits !== 9 && digits !== 10) throw malformed(`${digits} digits`, at)
    }
    if ((head & COLUMN_PATCHED) !== 0) this.patches(count, valueBytes(type))
    if (isFramed) this.frame(count, (head & COLUMN_STEPS) !== 0)
    else if (mode === COLUMN_MODE_HALVES) {
      this.groups(count, false)
      this.groups(count, true)
    } else if (mode >= COLUMN_MODE_SINGLE) this.singles(count)
    else this.groups(count, true)
  }

  singles(count: number): void {
    const at = this.at
    const head = this.byte()
    const mode = (head >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
    if (head >= 128 || (head & 3) !== COLUMN_TYPE_F32 || mode === COLUMN_MODE_RAW || mode > COLUMN_MODE_MULTIPLE) {
      throw malformed(`head ${head}`, at)
    }
    this.body(COLUMN_TYPE_F32, head, at, count)
  }
}

/** A bit for each mode that the array type may have. */
const MODES_BY_TYPE = [0b11111111, 0b00001111, 0b00000011, 0b10000011]

/**
 * Reads and checks the structure of a coded column without allocating: afterwards every length fits, and the count is
 * backed by bytes (a group of 1,024 words takes at least two).
 */
export function planColumn(bytes: Uint8Array): ColumnPlan {
  const walker = new Walker(bytes)
  const head = walker.byte()
  const type = head & 3
  const mode = (head >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
  if (((MODES_BY_TYPE[type] >> mode) & 1) === 0) throw malformed(`mode ${mode} for array type ${type}`, 0)
  const count = walker.varint(25)
  if (count > COLUMN_MAX_VALUES) throw malformed(`a count of ${count}, more than ${COLUMN_MAX_VALUES}`, 1)
  const bodyOffset = walker.at
  if (mode === COLUMN_MODE_RAW) {
    if (head >> 5 !== 0) throw malformed(`head ${head}`, 0)
    walker.skip(count * valueBytes(type))
  } else {
    if (count === 0) throw malformed('no values', 1)
    walker.body(type, head, 0, count)
  }
  if (walker.at < bytes.length) throw malformed('bytes after the last value', walker.at)
  return { type, count, bodyOffset }
}

/** The quantum that the values of a coded column are multiples of; 0 where there is none, or the bytes are none. */
export function quantumOf(bytes: Uint8Array): number {
  let at = 0
  let mode = (bytes[at++] >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
  while (bytes[at++] >= 128);
  if (mode >= COLUMN_MODE_SINGLE && mode <= COLUMN_MODE_PRINTED_SINGLE) {
    if ((bytes[0] & COLUMN_PATCHED) !== 0) return 0
    at += mode === COLUMN_MODE_SCALED_SINGLE ? 8 : mode === COLUMN_MODE_PRINTED_SINGLE ? 1 : 0
    mode = (bytes[at++] >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
  }
  if (mode !== COLUMN_MODE_MULTIPLE || at + 8 > bytes.length) return 0
  const quantum = new DataView(bytes.buffer, bytes.byteOffset + at, 8).getFloat64(0, true)
  return quantum > 0 && quantum < Infinity ? quantum : 0
}
