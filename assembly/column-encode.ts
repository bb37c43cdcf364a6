// Coding a column: the ways its values can be made words are planned, and the one of fewest bits is written.

import { fillSingles, order32All, order64All } from './float-bits'
import { Frame, planFrame, planNarrow, writeFrame, writeHalves } from './frames'
import { groupsCapacity, writeGroups } from './groups'
import {
  COLUMN_LEVEL_FAST,
  COLUMN_MODE_BITS,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_HALVES,
  COLUMN_MODE_MULTIPLE,
  COLUMN_MODE_PRINTED_SINGLE,
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
  EFFORT_ALL,
  EFFORT_CLASSES,
  EFFORT_PACKED,
} from './layout'
import { clearPatched, patchedBytes, patchedCount, writePatches } from './patches'
import { findPowerOfTwo, findQuantum } from './quantum'
import { estimate, estimateOrder } from './residuals'
import { SCALED_NARROW, SCALED_NONE, Scale, scaleDecimals, scaleValues, useMultiples } from './scaled-integers'
import { findSingles, SingleOrigin } from './singles'
import { writeVarint } from './varints'

/** Bits per value below which decimals are taken without a look at anything else. */
const GOOD_BITS: f64 = 12
const PARAMETER_BITS: f64 = 64

//  scratch ──► ┌──────────────────────────────┐
//              │ 64-bit integers              │ 8 × count
//              │ candidate of the precision   │ candidate, patched positions, words: each
//              │ two candidates of the column │
//              │ 32-bit floats behind doubles │ 4 × count
//              │ two candidates of those      │
//              └──────────────────────────────┘

/** One way to code a column, ready to be written. */
@unmanaged
class Candidate {
  /** Estimated bits of the whole. */
  bits: f64
  mode: i32
  count: i32
  patchedPtr: usize
  wordsPtr: usize
  /** Where patched values are. */
  valuesPtr: usize
  /** SINGLE and its like: the candidate of the 32-bit floats. */
  singlesPtr: usize
}

function aligned(bytes: usize): usize {
  return (bytes + 15) & ~15
}

const SCALE_OFFSET: usize = (offsetof<Candidate>() + 15) & ~15
const FRAME_OFFSET: usize = (SCALE_OFFSET + offsetof<Scale>() + 15) & ~15
const ORIGIN_OFFSET: usize = (FRAME_OFFSET + offsetof<Frame>() + 15) & ~15
const PATCHED_OFFSET: usize = (ORIGIN_OFFSET + offsetof<SingleOrigin>() + 15) & ~15

function candidateBytes(count: i32): usize {
  return PATCHED_OFFSET + aligned(patchedBytes(count)) + aligned((count as usize) << 2)
}

/** Scratch bytes for coding a column of `count` values. */
export function columnEncodeBytes(count: i32): usize {
  return aligned((count as usize) << 3) + 5 * candidateBytes(count) + aligned((count as usize) << 2)
}

/** Bytes that a coded column may take before it is given up for its raw values. */
export function columnCapacity(count: i32): usize {
  return 2 * groupsCapacity(count) + ((count as usize) << 3) + 128
}

function candidateAt(ptr: usize, valuesPtr: usize, count: i32): Candidate {
  const candidate = changetype<Candidate>(ptr)
  candidate.count = count
  candidate.valuesPtr = valuesPtr
  candidate.patchedPtr = ptr + PATCHED_OFFSET
  candidate.wordsPtr = candidate.patchedPtr + aligned(patchedBytes(count))
  candidate.singlesPtr = 0
  clearPatched(candidate.patchedPtr)
  const frame = frameOf(candidate)
  frame.wordsPtr = candidate.wordsPtr
  frame.isSteps = 0
  scaleOf(candidate).hasNegativeZero = 0
  return candidate
}

function scaleOf(candidate: Candidate): Scale {
  return changetype<Scale>(changetype<usize>(candidate) + SCALE_OFFSET)
}

function frameOf(candidate: Candidate): Frame {
  return changetype<Frame>(changetype<usize>(candidate) + FRAME_OFFSET)
}

function originOf(candidate: Candidate): SingleOrigin {
  return changetype<SingleOrigin>(changetype<usize>(candidate) + ORIGIN_OFFSET)
}

function wordBits(wordsPtr: usize, count: i32): f64 {
  estimateOrder(wordsPtr, count)
  const result = estimate()
  return ((result.bits as f64) / (result.samples as f64)) * (count as f64)
}

function patchBits(candidate: Candidate, width: i32): f64 {
  return (patchedCount(candidate.patchedPtr) as f64) * ((width * 8 + 8) as f64)
}

/** Plans the integers of floats, scaled as said; false when there are none, or they do not become words. */
function planScaled(candidate: Candidate, outcome: i32, isSingle: bool, integersPtr: usize, parameterBits: f64): bool {
  if (outcome === SCALED_NONE) return false
  const frame = frameOf(candidate)
  frame.wordCount = candidate.count
  if (!isSingle) {
    if (outcome === SCALED_NARROW) planNarrow(candidate.count, frame)
    else if (!planFrame(integersPtr, candidate.count, 0, frame)) return false
  }
  candidate.bits = wordBits(frame.wordsPtr, frame.wordCount) + patchBits(candidate, isSingle ? 4 : 8) + parameterBits
  return true
}

function planDecimals(candidate: Candidate, isSingle: bool, integersPtr: usize): bool {
  candidate.mode = COLUMN_MODE_DECIMAL
  const valuesPtr = candidate.valuesPtr
  const count = candidate.count
  const wordsPtr = candidate.wordsPtr
  const patchedPtr = candidate.patchedPtr
  const outcome = scaleDecimals(valuesPtr, count, isSingle, scaleOf(candidate), wordsPtr, integersPtr, patchedPtr)
  return planScaled(candidate, outcome, isSingle, integersPtr, 0)
}

function planMultiples(candidate: Candidate, isSingle: bool, quantum: f64, tolerance: f64, integersPtr: usize): bool {
  if (quantum === 0) return false
  candidate.mode = COLUMN_MODE_MULTIPLE
  const scale = scaleOf(candidate)
  useMultiples(scale, quantum, tolerance)
  const valuesPtr = candidate.valuesPtr
  const count = candidate.count
  const wordsPtr = candidate.wordsPtr
  const patchedPtr = candidate.patchedPtr
  const outcome = scaleValues(valuesPtr, count, isSingle, scale, wordsPtr, integersPtr, patchedPtr)
  return planScaled(candidate, outcome, isSingle, integersPtr, PARAMETER_BITS)
}

/** Multiples of the quantum that a column before this one had, if it still fits, else of one that is searched. */
function planSearchedMultiples(candidate: Candidate, isSingle: bool, hint: f64, integersPtr: usize): bool {
  if (hint > 0 && planMultiples(candidate, isSingle, hint, 0, integersPtr) && isGood(candidate)) return true
  const valuesPtr = candidate.valuesPtr
  const count = candidate.count
  if (planMultiples(candidate, isSingle, findQuantum(valuesPtr, count, isSingle), 0, integersPtr)) return true
  if (planMultiples(candidate, isSingle, findPowerOfTwo(valuesPtr, count, isSingle), 0, integersPtr)) return true
  return hint > 0 && planMultiples(candidate, isSingle, hint, 0, integersPtr)
}

function isGood(candidate: Candidate): bool {
  return candidate.bits <= GOOD_BITS * (candidate.count as f64)
}

/** The best candidate for 32-bit floats, of two slots at `slotsPtr`. */
function bestOfSingles(valuesPtr: usize, count: i32, hint: f64, slotsPtr: usize): Candidate {
  let best = candidateAt(slotsPtr, valuesPtr, count)
  let other = candidateAt(slotsPtr + candidateBytes(count), valuesPtr, count)
  const hasDecimals = planDecimals(best, true, 0)
  if (hasDecimals && isGood(best)) return best
  if (!hasDecimals) best.bits = Infinity
  if (planSearchedMultiples(other, true, hint, 0) && other.bits < best.bits) {
    const better = other
    other = best
    best = better
  }
  if (isGood(best)) return best
  other = candidateAt(changetype<usize>(other), valuesPtr, count)
  other.mode = COLUMN_MODE_BITS
  order32All(valuesPtr, count, other.wordsPtr)
  other.bits = wordBits(other.wordsPtr, count)
  return other.bits < best.bits ? other : best
}

/** 64-bit integers, or floats' bits in their order. */
function planBits(candidate: Candidate, integersPtr: usize): void {
  const frame = frameOf(candidate)
  if (planFrame(integersPtr, candidate.count, candidate.patchedPtr, frame)) {
    candidate.mode = COLUMN_MODE_BITS
    candidate.bits = wordBits(frame.wordsPtr, frame.wordCount) + patchBits(candidate, 8)
  } else {
    // not worth an estimate: whatever else there is will take less, or nothing does
    candidate.mode = COLUMN_MODE_HALVES
    candidate.bits = (candidate.count as f64) * 64
  }
}

function planSingles(candidate: Candidate, mode: i32, singlesPtr: usize, slotsPtr: usize, hint: f64): void {
  const singles = bestOfSingles(singlesPtr, candidate.count, hint, slotsPtr)
  candidate.mode = mode
  candidate.singlesPtr = changetype<usize>(singles)
  candidate.bits = singles.bits + patchBits(candidate, 8) + (mode === COLUMN_MODE_SINGLE ? 0 : PARAMETER_BITS)
}

function bestOfDoubles(valuesPtr: usize, count: i32, hint: f64, slotsPtr: usize, integersPtr: usize): Candidate {
  const singlesPtr = slotsPtr + 2 * candidateBytes(count)
  const singleSlotsPtr = singlesPtr + aligned((count as usize) << 2)
  let best = candidateAt(slotsPtr, valuesPtr, count)
  let other = candidateAt(slotsPtr + candidateBytes(count), valuesPtr, count)
  if (fillSingles(valuesPtr, count, singlesPtr)) {
    planSingles(best, COLUMN_MODE_SINGLE, singlesPtr, singleSlotsPtr, hint)
    return best
  }
  const hasDecimals = planDecimals(best, false, integersPtr)
  if (hasDecimals && isGood(best)) return best
  if (!hasDecimals) best.bits = Infinity
  if (findSingles(valuesPtr, count, originOf(other), singlesPtr, other.patchedPtr)) {
    const mode = originOf(other).factor !== 0 ? COLUMN_MODE_SCALED_SINGLE : COLUMN_MODE_PRINTED_SINGLE
    planSingles(other, mode, singlesPtr, singleSlotsPtr, hint)
    if (other.bits < best.bits) {
      const better = other
      other = best
      best = better
    }
  }
  other = candidateAt(changetype<usize>(other), valuesPtr, count)
  if (planSearchedMultiples(other, false, hint, integersPtr) && other.bits < best.bits) {
    const better = other
    other = best
    best = better
  }
  if (isGood(best)) return best
  other = candidateAt(changetype<usize>(other), valuesPtr, count)
  order64All(valuesPtr, count, integersPtr)
  planBits(other, integersPtr)
  return other.bits < best.bits ? other : best
}

function bestOf(type: i32, valuesPtr: usize, count: i32, precision: f64, hint: f64, scratchPtr: usize): Candidate {
  const isSingle = type === COLUMN_TYPE_F32
  const firstPtr = scratchPtr + aligned((count as usize) << 3)
  const first = candidateAt(firstPtr, valuesPtr, count)
  if (type === COLUMN_TYPE_I64) {
    planBits(first, valuesPtr)
    return first
  }
  if (type === COLUMN_TYPE_I32) {
    first.mode = COLUMN_MODE_BITS
    first.wordsPtr = valuesPtr
    return first
  }
  // before the others, which need the integers' place to the end
  const isRounded = precision > 0 && planMultiples(first, isSingle, precision, precision / 2, scratchPtr)
  const slotsPtr = firstPtr + candidateBytes(count)
  const lossless = isSingle
    ? bestOfSingles(valuesPtr, count, hint, slotsPtr)
    : bestOfDoubles(valuesPtr, count, hint, slotsPtr, scratchPtr)
  return isRounded && first.bits <= lossless.bits ? first : lossless
}

function headOf(type: i32, candidate: Candidate): i32 {
  return (
    type |
    (candidate.mode << COLUMN_MODE_SHIFT) |
    (scaleOf(candidate).hasNegativeZero !== 0 ? COLUMN_NEGATIVE_ZERO : 0) |
    (patchedCount(candidate.patchedPtr) > 0 ? COLUMN_PATCHED : 0) |
    (frameOf(candidate).isSteps !== 0 ? COLUMN_STEPS : 0)
  )
}

/** Appends what follows the head. `integersPtr`: of 64-bit columns that are written by halves. */
function writeBody(type: i32, candidate: Candidate, isFast: bool, integersPtr: usize, targetPtr: usize): usize {
  const mode = candidate.mode
  // measurements rarely come in few distinct steps; clocks and codes do
  const isMeasured = mode === COLUMN_MODE_DECIMAL || mode === COLUMN_MODE_MULTIPLE
  const effort = isFast ? EFFORT_PACKED : isMeasured ? EFFORT_CLASSES : EFFORT_ALL
  const width: usize = type === COLUMN_TYPE_F64 || type === COLUMN_TYPE_I64 ? 8 : 4
  let at = targetPtr
  if (mode === COLUMN_MODE_DECIMAL) store<u8>(at++, scaleOf(candidate).exponent)
  else if (mode === COLUMN_MODE_MULTIPLE) {
    store<f64>(at, scaleOf(candidate).quantum)
    at += 8
  } else if (mode === COLUMN_MODE_SCALED_SINGLE) {
    store<f64>(at, originOf(candidate).factor)
    at += 8
  } else if (mode === COLUMN_MODE_PRINTED_SINGLE) store<u8>(at++, originOf(candidate).digits)
  if (patchedCount(candidate.patchedPtr) > 0) {
    at = writePatches(candidate.patchedPtr, candidate.valuesPtr, width, at)
  }
  if (candidate.singlesPtr !== 0) {
    const singles = changetype<Candidate>(candidate.singlesPtr)
    store<u8>(at, headOf(COLUMN_TYPE_F32, singles))
    return writeBody(COLUMN_TYPE_F32, singles, isFast, 0, at + 1)
  }
  if (width === 4) return writeGroups(candidate.wordsPtr, candidate.count, effort, true, at)
  if (mode !== COLUMN_MODE_HALVES) return writeFrame(frameOf(candidate), effort, at)
  return writeHalves(integersPtr, candidate.count, candidate.wordsPtr, effort, at)
}

/** Byte planes: the lowest bytes of all values first. */
function writeRaw(valuesPtr: usize, count: i32, width: usize, targetPtr: usize): usize {
  let target = targetPtr
  const end = valuesPtr + (count as usize) * width
  for (let plane: usize = 0; plane < width; plane++) {
    for (let source = valuesPtr + plane; source < end; source += width, target++) {
      store<u8>(target, load<u8>(source))
    }
  }
  return target
}

/**
 * Codes `count` values of `type` into `outPtr`, with room for `columnCapacity` and their raw bytes, and returns the bytes
 * written. `precision` 0 is lossless; `quantumHint` 0 is none.
 */
export function columnEncode(
  type: i32,
  valuesPtr: usize,
  count: i32,
  level: i32,
  precision: f64,
  quantumHint: f64,
  scratchPtr: usize,
  outPtr: usize,
): i32 {
  const isFast = level === COLUMN_LEVEL_FAST
  const width: usize = type === COLUMN_TYPE_F64 || type === COLUMN_TYPE_I64 ? 8 : 4
  const body = writeVarint(outPtr + 1, count as u64)
  if (count > 0) {
    const best = bestOf(type, valuesPtr, count, precision, quantumHint, scratchPtr)
    store<u8>(outPtr, headOf(type, best))
    const integersPtr = type === COLUMN_TYPE_I64 ? valuesPtr : scratchPtr
    const end = writeBody(type, best, isFast, integersPtr, body)
    if (end - body < (count as usize) * width) return (end - outPtr) as i32
  }
  store<u8>(outPtr, type)
  return (writeRaw(valuesPtr, count, width, body) - outPtr) as i32
}
