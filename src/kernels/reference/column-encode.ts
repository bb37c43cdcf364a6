import {
  COLUMN_MODE_BITS,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_HALVES,
  COLUMN_MODE_MULTIPLE,
  COLUMN_MODE_PRINTED_SINGLE,
  COLUMN_MODE_RAW,
  COLUMN_MODE_SCALED_SINGLE,
  COLUMN_MODE_SHIFT,
  COLUMN_MODE_SINGLE,
  COLUMN_NEGATIVE_ZERO,
  COLUMN_OVERHEAD_BYTES,
  COLUMN_PATCHED,
  COLUMN_STEPS,
  COLUMN_TYPE_F32,
  COLUMN_TYPE_F64,
  COLUMN_TYPE_I32,
  EFFORT_ALL,
  EFFORT_CLASSES,
  EFFORT_PACKED,
} from '../../../assembly/layout'
import { type ColumnSettings, expectColumnSettings, expectColumnValues } from '../arguments.js'
import type { ColumnArray, EncodeColumnOptions } from '../types.js'
import { columnTypeOf } from './column-plan.js'
import { order64, ordered32, singleBits } from './float-bits.js'
import { type Frame, framesCapacity, planFrame, writeFrame, writeHalves } from './frames.js'
import { groupsCapacity, writeGroups } from './groups.js'
import { findPowerOfTwo, findQuantum } from './quantum.js'
import { estimateOrder } from './residuals.js'
import { findDecimals, multipleScale, type Scale, type ScaledIntegers, scaleAll } from './scaled-integers.js'
import { findSingles, type SingleOrigin } from './singles.js'
import { type IntegerPairs, writeVarint } from './varints.js'

/** Bits per value below which decimals are taken without a look at anything else. */
const GOOD_BITS = 12
const PARAMETER_BITS = 64
const WORD = 2 ** 32

/** One way to code a column, ready to be written. */
interface Candidate {
  mode: number
  hasNegativeZero?: boolean
  patched: number[]
  /** Estimated bits of the whole. */
  bits: number
  scale?: Scale
  origin?: SingleOrigin
  singles?: Candidate & { values: Float32Array }
  /** 32-bit columns. */
  words?: Int32Array
  /** 64-bit columns. */
  integers?: IntegerPairs
  frame?: Frame
}

function bitsOf(words: Int32Array): number {
  const { bits, samples } = estimateOrder(words, 0, words.length)
  return (bits / samples) * words.length
}

function patchBits(patched: readonly number[], width: number): number {
  return patched.length * (width * 8 + 8)
}

/** 64-bit integers, or floats' bits. */
function framedBits(integers: IntegerPairs): Candidate {
  const patched: number[] = []
  const frame = planFrame(integers, patched)
  if (frame) {
    const bits = bitsOf(frame.words) + patchBits(patched, 8)
    return { mode: COLUMN_MODE_BITS, patched, bits, integers, frame }
  }
  // not worth an estimate: whatever else there is will take less, or nothing does
  return { mode: COLUMN_MODE_HALVES, patched: [], bits: integers.length * 32, integers }
}

function scaledCandidate(mode: number, scale: Scale, scaled: ScaledIntegers, width: number): Candidate | undefined {
  const { integers, hasNegativeZero, patched } = scaled
  const parameterBits = mode === COLUMN_MODE_MULTIPLE ? PARAMETER_BITS : 0
  if (width === 4) {
    const words = Int32Array.from(integers)
    const bits = bitsOf(words) + patchBits(patched, width) + parameterBits
    return { mode, hasNegativeZero, patched, bits, scale, words }
  }
  const pairs = new Int32Array(integers.length * 2)
  for (let index = 0; index < integers.length; index++) {
    pairs[index * 2] = integers[index]
    pairs[index * 2 + 1] = Math.floor(integers[index] / WORD)
  }
  const frame = planFrame(pairs)
  if (!frame) return undefined
  const bits = bitsOf(frame.words) + patchBits(patched, width) + parameterBits
  return { mode, hasNegativeZero, patched, bits, scale, integers: pairs, frame }
}

/** The first of those with the fewest bits. */
function fewestBits(candidates: readonly (Candidate | undefined)[]): Candidate | undefined {
  let best: Candidate | undefined
  for (const candidate of candidates) if (candidate && (!best || candidate.bits < best.bits)) best = candidate
  return best
}

function decimals(values: Float64Array | Float32Array): Candidate | undefined {
  const found = findDecimals(values)
  return found && scaledCandidate(COLUMN_MODE_DECIMAL, found.scale, found, values.BYTES_PER_ELEMENT)
}

function multiples(values: Float64Array | Float32Array, quantum: number, tolerance = 0): Candidate | undefined {
  if (quantum === 0) return undefined
  const scale = multipleScale(quantum, tolerance)
  const scaled = scaleAll(values, scale)
  return scaled && scaledCandidate(COLUMN_MODE_MULTIPLE, scale, scaled, values.BYTES_PER_ELEMENT)
}

function wordsOf(values: ColumnArray): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4)
}

function isGood(candidate: Candidate | undefined, count: number): candidate is Candidate {
  return candidate !== undefined && candidate.bits <= GOOD_BITS * count
}

/** Multiples of the quantum that a column before this one had, if it still fits, else of one that is searched. */
function searchedMultiples(values: Float64Array | Float32Array, hint: number): Candidate | undefined {
  const asBefore = hint > 0 ? multiples(values, hint) : undefined
  if (isGood(asBefore, values.length)) return asBefore
  return multiples(values, findQuantum(values)) ?? multiples(values, findPowerOfTwo(values)) ?? asBefore
}

/** The candidate, or multiples of the precision where these take fewer bits. */
function orRounded(values: Float64Array | Float32Array, lossless: Candidate, precision: number): Candidate {
  return precision > 0 ? fewestBits([multiples(values, precision, precision / 2), lossless])! : lossless
}

function bestOfSingles(values: Float32Array, { quantumHint }: ColumnSettings): Candidate {
  const asDecimals = decimals(values)
  if (isGood(asDecimals, values.length)) return asDecimals
  const asIntegers = fewestBits([asDecimals, searchedMultiples(values, quantumHint)])
  if (isGood(asIntegers, values.length)) return asIntegers
  const words = wordsOf(values).map(ordered32)
  return fewestBits([asIntegers, { mode: COLUMN_MODE_BITS, patched: [], bits: bitsOf(words), words }])!
}

function asSingles(
  mode: number,
  values: Float32Array,
  patched: number[],
  settings: ColumnSettings,
  origin?: SingleOrigin,
): Candidate {
  const best = bestOfSingles(values, settings)
  const bits = best.bits + patchBits(patched, 8) + (origin ? PARAMETER_BITS : 0)
  return { mode, patched, bits, origin, singles: { ...best, values } }
}

function bestOfDoubles(values: Float64Array, settings: ColumnSettings): Candidate {
  const exactSingles = singleBits(values)
  if (exactSingles) {
    const singles = new Float32Array(exactSingles.buffer as ArrayBuffer)
    return asSingles(COLUMN_MODE_SINGLE, singles, [], settings)
  }
  const asDecimals = decimals(values)
  if (isGood(asDecimals, values.length)) return asDecimals
  const found = findSingles(values)
  const mode = found?.origin.factor ? COLUMN_MODE_SCALED_SINGLE : COLUMN_MODE_PRINTED_SINGLE
  const bySingles = found && asSingles(mode, found.singles, found.patched, settings, found.origin)
  const asIntegers = fewestBits([asDecimals, bySingles, searchedMultiples(values, settings.quantumHint)])
  if (isGood(asIntegers, values.length)) return asIntegers
  const integers = wordsOf(values).slice()
  order64(integers)
  return fewestBits([asIntegers, framedBits(integers)])!
}

function bestOf(values: ColumnArray, type: number, settings: ColumnSettings): Candidate {
  if (type === COLUMN_TYPE_F64) {
    return orRounded(values as Float64Array, bestOfDoubles(values as Float64Array, settings), settings.precision)
  }
  if (type === COLUMN_TYPE_F32) {
    return orRounded(values as Float32Array, bestOfSingles(values as Float32Array, settings), settings.precision)
  }
  if (type === COLUMN_TYPE_I32) return { mode: COLUMN_MODE_BITS, patched: [], bits: 0, words: wordsOf(values) }
  return framedBits(wordsOf(values))
}

/** Appends values as they are, with their positions. */
function writePatches(values: ColumnArray, patched: readonly number[], target: Uint8Array, offset: number): number {
  const width = values.BYTES_PER_ELEMENT
  const source = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
  let at = writeVarint(target, offset, patched.length)
  let previous = -1
  for (const position of patched) {
    at = writeVarint(target, at, position - previous - 1)
    for (let byte = 0; byte < width; byte++) target[at++] = source[position * width + byte]
    previous = position
  }
  return at
}

function headOf(type: number, { mode, hasNegativeZero, patched, frame }: Candidate): number {
  return (
    type |
    (mode << COLUMN_MODE_SHIFT) |
    (hasNegativeZero ? COLUMN_NEGATIVE_ZERO : 0) |
    (patched.length > 0 ? COLUMN_PATCHED : 0) |
    (frame?.isSteps ? COLUMN_STEPS : 0)
  )
}

function writeDouble(value: number, target: Uint8Array, offset: number): number {
  new DataView(target.buffer).setFloat64(offset, value, true)
  return offset + 8
}

/** Appends what follows the head. `values`: those that patches are taken from. */
function writeBody(
  candidate: Candidate,
  values: ColumnArray,
  isFast: boolean,
  target: Uint8Array,
  offset: number,
): number {
  const { mode, scale, origin, singles, patched } = candidate
  let at = offset
  if (mode === COLUMN_MODE_DECIMAL) target[at++] = scale!.exponent
  else if (mode === COLUMN_MODE_MULTIPLE) at = writeDouble(scale!.quantum, target, at)
  else if (mode === COLUMN_MODE_SCALED_SINGLE) at = writeDouble(origin!.factor, target, at)
  else if (mode === COLUMN_MODE_PRINTED_SINGLE) target[at++] = origin!.digits
  if (patched.length > 0) at = writePatches(values, patched, target, at)
  if (singles) {
    target[at++] = headOf(COLUMN_TYPE_F32, singles)
    return writeBody(singles, singles.values, isFast, target, at)
  }
  // measurements rarely come in few distinct steps; clocks and codes do
  const effort = isFast ? EFFORT_PACKED : scale ? EFFORT_CLASSES : EFFORT_ALL
  if (candidate.words) return writeGroups(candidate.words, effort, true, target, at)
  if (candidate.frame) return writeFrame(candidate.integers!, candidate.frame, effort, target, at)
  return writeHalves(candidate.integers!, effort, target, at)
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

/** Codes a column, in plain TypeScript; see {@link Kernels.encodeColumn}. */
export function encodeColumn(values: ColumnArray, options: EncodeColumnOptions = {}): Uint8Array {
  expectColumnValues(values)
  const settings = expectColumnSettings(options)
  const type = columnTypeOf(values)
  const { length: count, BYTES_PER_ELEMENT: width, byteLength } = values
  const target = new Uint8Array(
    byteLength +
      COLUMN_OVERHEAD_BYTES +
      (width === 8 ? framesCapacity(count) : groupsCapacity(count)) +
      (width + 3) * count,
  )
  const bodyAt = writeVarint(target, 1, count)
  if (count > 0) {
    const best = bestOf(values, type, settings)
    target[0] = headOf(type, best)
    const end = writeBody(best, values, settings.isFast, target, bodyAt)
    if (end - bodyAt < byteLength) return target.slice(0, end)
  }
  target[0] = type | (COLUMN_MODE_RAW << COLUMN_MODE_SHIFT)
  return target.slice(0, writeRaw(values, target, bodyAt))
}
