import {
  COLUMN_BLOCK_VALUES,
  COLUMN_EXPONENT_SHIFT,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_FLOAT_AS_F32,
  COLUMN_MODE_RAW,
} from '../../../assembly/layout'
import { expectBytes } from '../arguments.js'
import type { ColumnArray } from '../types.js'
import { type IntegerPairs, packedBytes, unpackBits } from './bits.js'
import { type ColumnPlan, createColumnArray, integerOutOfRange, planColumn, valueBytes } from './column-plan.js'
import { POWERS_OF_TEN, widenFloat32Bits } from './float-integers.js'
import { integrateBlock } from './integer-blocks.js'

const INTEGER_LIMIT = 2 ** 53
const WORD = 2 ** 32

function readRaw(bytes: Uint8Array, offset: number, values: ColumnArray): void {
  const target = new Uint8Array(values.buffer)
  const width = values.BYTES_PER_ELEMENT
  let at = offset
  for (let plane = 0; plane < width; plane++) {
    for (let index = plane; index < target.length; index += width) target[index] = bytes[at++]
  }
}

/** Writes a block of integers as values from `first` on; false when one does not fit the column. */
function emitIntegers(
  plan: ColumnPlan,
  power: number,
  integers: IntegerPairs,
  count: number,
  values: ColumnArray,
  words: Int32Array,
  first: number,
): boolean {
  let fits = true
  if (plan.mode === COLUMN_MODE_DECIMAL) {
    const floats = values as Float64Array | Float32Array
    for (let index = 0; index < count; index++) {
      const integer = integers[index * 2 + 1] * WORD + (integers[index * 2] >>> 0)
      fits &&= Math.abs(integer) < INTEGER_LIMIT
      floats[first + index] = integer / power
    }
    return fits
  }
  if (valueBytes(plan.type) === 8 && plan.mode !== COLUMN_MODE_FLOAT_AS_F32) {
    for (let at = 0; at < count * 2; at++) words[first * 2 + at] = integers[at]
    return true
  }
  for (let index = 0; index < count; index++) {
    const bits = integers[index * 2]
    fits &&= integers[index * 2 + 1] === bits >> 31
    if (plan.mode === COLUMN_MODE_FLOAT_AS_F32) widenFloat32Bits(bits, words, (first + index) * 2)
    else words[first + index] = bits
  }
  return fits
}

function readIntegers(bytes: Uint8Array, plan: ColumnPlan, values: ColumnArray): void {
  const words = new Int32Array(values.buffer)
  const integers = new Int32Array(COLUMN_BLOCK_VALUES * 2)
  const carry = new Int32Array(4)
  const order = bytes[plan.payloadOffset] & 3
  const power = POWERS_OF_TEN[bytes[plan.payloadOffset] >>> COLUMN_EXPONENT_SHIFT]
  let at = plan.payloadOffset + 1
  const emit = (first: number, count: number, blockOrder: number): void => {
    integrateBlock(integers, count, blockOrder, carry)
    if (!emitIntegers(plan, power, integers, count, values, words, first)) throw integerOutOfRange(plan)
  }
  // The first `order` values are zigzag varints: the value itself, then the first difference.
  for (let head = 0; head < order; head++) {
    let [low, high] = [0, 0]
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]
      if (shift < 32) low |= (byte & 127) << shift
      if (shift >= 32) high |= (byte & 127) << (shift - 32)
      else if (shift > 25) high |= (byte & 127) >>> (32 - shift)
      if (byte < 128) break
    }
    integers[0] = low
    integers[1] = high
    emit(head, 1, head + 1)
  }
  for (let first = order; first < plan.count; first += COLUMN_BLOCK_VALUES) {
    const count = Math.min(plan.count - first, COLUMN_BLOCK_VALUES)
    const width = bytes[at]
    unpackBits(bytes, at + 1, count, width, integers)
    at += 1 + packedBytes(count, width)
    emit(first, count, order)
  }
}

/** Decodes a column in plain TypeScript; see {@link Kernels.decodeColumn}. */
export function decodeColumn(bytes: Uint8Array): ColumnArray {
  expectBytes('bytes', bytes)
  const plan = planColumn(bytes)
  const values = createColumnArray(plan.type, plan.count)
  if (plan.mode === COLUMN_MODE_RAW) readRaw(bytes, plan.payloadOffset, values)
  else readIntegers(bytes, plan, values)
  return values
}
