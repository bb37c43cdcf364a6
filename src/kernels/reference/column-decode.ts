import {
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
  COLUMN_TYPE_I64,
} from '../../../assembly/layout'
import { expectBytes, isShared } from '../arguments.js'
import type { ColumnArray } from '../types.js'
import { createColumnArray, damagedGroup, integerOutOfRange, planColumn, valueBytes } from './column-plan.js'
import { order64, ordered32, widenSingle } from './float-bits.js'
import { type IntegerPatch, readFrame, readHalves } from './frames.js'
import { readGroups } from './groups.js'
import { POWERS_OF_TEN } from './scaled-integers.js'
import { fromSingle } from './singles.js'
import { VarintReader } from './varints.js'

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

/** The patches that a head says are there. */
function readPatches(
  bytes: Uint8Array,
  head: number,
  offset: number,
  width: number,
): { patches: Patch[]; end: number } {
  const reader = new VarintReader(bytes, offset)
  const patches: Patch[] = []
  if ((head & COLUMN_PATCHED) === 0) return { patches, end: offset }
  const count = reader.read()
  for (let patch = 0, position = -1; patch < count; patch++) {
    position += 1 + reader.read()
    patches.push({ position, offset: reader.at })
    reader.at += width
  }
  return { patches, end: reader.at }
}

interface Patch {
  position: number
  /** Of the value's bytes. */
  offset: number
}

function applyPatches(bytes: Uint8Array, patches: readonly Patch[], values: ColumnArray): void {
  const width = values.BYTES_PER_ELEMENT
  const target = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  for (const { position, offset } of patches) target.set(bytes.subarray(offset, offset + width), position * width)
}

/** How integers become floats again: ÷ `divisor`, × `factor`, one of which is 1. */
interface Unscale {
  divisor: number
  factor: number
  hasNegativeZero: boolean
  end: number
}

function readScale(bytes: Uint8Array, head: number, mode: number, offset: number): Unscale {
  const hasNegativeZero = (head & COLUMN_NEGATIVE_ZERO) !== 0
  if (mode === COLUMN_MODE_DECIMAL) {
    return { divisor: POWERS_OF_TEN[bytes[offset]], factor: 1, hasNegativeZero, end: offset + 1 }
  }
  return { divisor: 1, factor: readDouble(bytes, offset), hasNegativeZero, end: offset + 8 }
}

function readDouble(bytes: Uint8Array, offset: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset + offset, 8).getFloat64(0, true)
}

function floatOf(integer: number, { divisor, factor, hasNegativeZero }: Unscale): number {
  if (hasNegativeZero && integer < 0) return -(((-1 - integer) / divisor) * factor)
  return (integer / divisor) * factor
}

/** Decodes what follows a head of 32-bit values into their words. */
function readWords(bytes: Uint8Array, head: number, offset: number, type: number, words: Int32Array): void {
  const mode = (head >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
  const isScaled = mode === COLUMN_MODE_DECIMAL || mode === COLUMN_MODE_MULTIPLE
  const scale = isScaled ? readScale(bytes, head, mode, offset) : undefined
  const { patches, end } = readPatches(bytes, head, scale ? scale.end : offset, 4)
  readGroups(bytes, end, true, words, damagedGroup)
  if (scale) {
    const floats = new Float32Array(words.buffer)
    for (let index = 0; index < words.length; index++) floats[index] = floatOf(words[index], scale)
  } else if (type === COLUMN_TYPE_F32) {
    for (let index = 0; index < words.length; index++) words[index] = ordered32(words[index])
  }
  applyPatches(bytes, patches, words)
}

/** Decodes 64-bit floats that are made of 32-bit ones. */
function readSingles(bytes: Uint8Array, head: number, offset: number, values: Float64Array): void {
  const mode = (head >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
  const factor = mode === COLUMN_MODE_SCALED_SINGLE ? readDouble(bytes, offset) : 0
  const digits = mode === COLUMN_MODE_PRINTED_SINGLE ? bytes[offset] : 0
  const patchesAt = mode === COLUMN_MODE_SCALED_SINGLE ? offset + 8 : mode === COLUMN_MODE_SINGLE ? offset : offset + 1
  const { patches, end } = readPatches(bytes, head, patchesAt, 8)
  const bits = new Int32Array(values.length)
  readWords(bytes, bytes[end], end + 1, COLUMN_TYPE_F32, bits)
  if (mode === COLUMN_MODE_SINGLE) {
    const words = new Int32Array(values.buffer)
    for (let index = 0; index < bits.length; index++) widenSingle(bits[index], words, index * 2)
  } else {
    const singles = new Float32Array(bits.buffer)
    for (let index = 0; index < singles.length; index++) {
      const value = fromSingle(singles[index], { factor, digits })
      // engines differ in the bits of a NaN that was computed
      values[index] = Number.isNaN(value) ? Number.NaN : value
    }
  }
  applyPatches(bytes, patches, values)
}

/** Turns integers into the doubles they stand for. */
function unscaleAll(integers: Int32Array, scale: Unscale, values: Float64Array, offset: number): void {
  for (let index = 0; index < values.length; index++) {
    const integer = integers[index * 2 + 1] * WORD + (integers[index * 2] >>> 0)
    if (!(Math.abs(integer) < INTEGER_LIMIT)) throw integerOutOfRange(offset)
    values[index] = floatOf(integer, scale)
  }
}

/** Decodes 64-bit integers, and floats that are made of them. */
function readIntegers(bytes: Uint8Array, head: number, offset: number, type: number, values: ColumnArray): void {
  const mode = (head >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
  const isSteps = (head & COLUMN_STEPS) !== 0
  if (mode === COLUMN_MODE_DECIMAL || mode === COLUMN_MODE_MULTIPLE) {
    const scale = readScale(bytes, head, mode, offset)
    const { patches, end } = readPatches(bytes, head, scale.end, 8)
    const integers = new Int32Array(values.length * 2)
    readFrame(bytes, end, isSteps, integers, [], damagedGroup)
    unscaleAll(integers, scale, values as Float64Array, offset)
    applyPatches(bytes, patches, values)
    return
  }
  const words = new Int32Array(values.buffer)
  const { patches, end } = readPatches(bytes, head, offset, 8)
  if (mode === COLUMN_MODE_HALVES) readHalves(bytes, end, words, damagedGroup)
  else {
    const integers = patches.map((patch) => integerPatch(bytes, patch, type))
    readFrame(bytes, end, isSteps, words, integers, damagedGroup)
  }
  if (type === COLUMN_TYPE_F64) order64(words)
  applyPatches(bytes, patches, values)
}

/** Decodes a column in plain TypeScript; see {@link Kernels.decodeColumn}. */
export function decodeColumn(bytes: Uint8Array): ColumnArray {
  expectBytes('bytes', bytes)
  if (isShared(bytes)) return decodeColumn(new Uint8Array(bytes))
  const { type, count, bodyOffset } = planColumn(bytes)
  const values = createColumnArray(type, count)
  const head = bytes[0]
  const mode = (head >> COLUMN_MODE_SHIFT) & COLUMN_MODE_MASK
  if (mode === COLUMN_MODE_RAW) readRaw(bytes, bodyOffset, values)
  else if (valueBytes(type) === 4) readWords(bytes, head, bodyOffset, type, new Int32Array(values.buffer))
  else if (mode >= COLUMN_MODE_SINGLE && mode !== COLUMN_MODE_HALVES) {
    readSingles(bytes, head, bodyOffset, values as Float64Array)
  } else readIntegers(bytes, head, bodyOffset, type, values)
  return values
}

/** The integer of a patched value: a 64-bit integer itself, or a float's bits in their order. */
function integerPatch(bytes: Uint8Array, { position, offset }: Patch, type: number): IntegerPatch {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 8)
  const words = Int32Array.of(view.getInt32(0, true), view.getInt32(4, true))
  if (type !== COLUMN_TYPE_I64) order64(words)
  return { position, low: words[0], high: words[1] }
}
