import {
  COLUMN_MODE_BITS,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_FLOAT_AS_F32,
  COLUMN_MODE_INT,
  COLUMN_MODE_RAW,
  COLUMN_MODE_SHIFT,
  COLUMN_OVERHEAD_BYTES,
  COLUMN_TYPE_F32,
  COLUMN_TYPE_F64,
  DECIMAL_EXPONENT_MAX_F32,
  DECIMAL_EXPONENT_MAX_F64,
} from '../../../assembly/layout'
import { expectColumnValues, expectFast } from '../arguments.js'
import type { ColumnArray, EncodeColumnOptions } from '../types.js'
import { type IntegerPairs, writeVarint } from './bits.js'
import { columnTypeOf } from './column-plan.js'
import { fillDecimals, fillFloat32Bits } from './float-integers.js'
import { planIntegers, writeIntegers } from './integer-blocks.js'

interface Candidate {
  mode: number
  integers: IntegerPairs
  order: number
  exponent: number
}

/** The values' bits as integers: a view of 64-bit ones, 32-bit ones widened. */
function bitsOf(values: ColumnArray): IntegerPairs {
  const words = new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4)
  if (values.BYTES_PER_ELEMENT === 8) return words
  const integers = new Int32Array(words.length * 2)
  for (let index = 0; index < words.length; index++) {
    integers[index * 2] = words[index]
    integers[index * 2 + 1] = words[index] >> 31
  }
  return integers
}

/** Tries modes in a fixed order, each of which must beat the ones before; undefined: raw values are the smallest. */
function smallestCandidate(values: ColumnArray, type: number, isFast: boolean): Candidate | undefined {
  let limitBytes = values.byteLength
  let best: Candidate | undefined
  const consider = (mode: number, integers: IntegerPairs, exponent = 0): void => {
    const plan = planIntegers(integers, values.length, limitBytes)
    if (plan === undefined) return
    limitBytes = plan.bytes
    best = { mode, integers, order: plan.order, exponent }
  }
  const isFloat = type === COLUMN_TYPE_F64 || type === COLUMN_TYPE_F32
  if (type === COLUMN_TYPE_F64) {
    const integers = new Int32Array(values.length * 2)
    if (fillFloat32Bits(values as Float64Array, integers)) consider(COLUMN_MODE_FLOAT_AS_F32, integers)
  }
  if (isFloat) {
    const integers = new Int32Array(values.length * 2)
    const exponentMax = type === COLUMN_TYPE_F64 ? DECIMAL_EXPONENT_MAX_F64 : DECIMAL_EXPONENT_MAX_F32
    const exponent = fillDecimals(values as Float64Array | Float32Array, exponentMax, integers)
    if (exponent >= 0) consider(COLUMN_MODE_DECIMAL, integers, exponent)
  }
  if (!isFloat) consider(COLUMN_MODE_INT, bitsOf(values))
  else if (!isFast || best === undefined) consider(COLUMN_MODE_BITS, bitsOf(values))
  return best
}

/** Byte planes: the lowest bytes of all values first. */
function writeRaw(values: ColumnArray, target: Uint8Array, offset: number): number {
  const source = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  const width = values.BYTES_PER_ELEMENT
  let at = offset
  for (let plane = 0; plane < width; plane++) {
    for (let index = plane; index < source.length; index += width) target[at++] = source[index]
  }
  return at
}

/** Codes a column losslessly, in plain TypeScript; see {@link Kernels.encodeColumn}. */
export function encodeColumn(values: ColumnArray, options: EncodeColumnOptions = {}): Uint8Array {
  expectColumnValues(values)
  const isFast = expectFast(options)
  const type = columnTypeOf(values)
  const best = smallestCandidate(values, type, isFast)
  const bytes = new Uint8Array(values.byteLength + COLUMN_OVERHEAD_BYTES)
  bytes[0] = type | ((best?.mode ?? COLUMN_MODE_RAW) << COLUMN_MODE_SHIFT)
  const payload = writeVarint(bytes, 1, values.length)
  const end = best
    ? writeIntegers(best.integers, values.length, best.order, best.exponent, bytes, payload)
    : writeRaw(values, bytes, payload)
  return bytes.slice(0, end)
}
