// 64-bit integers as 32-bit words: their distances from the smallest, or their steps, or both their halves.

import { ordered64 } from './float-bits'
import { readGroups, writeGroups } from './groups'
import { addPatch } from './patches'
import { readSignedVarint, readVarint, varintLength, writeSignedVarint } from './varints'

const WORD: i64 = 1 << 32
/** Distances from here on are not told apart: doubles hold all below. */
const FAR: i64 = 1 << 52
const STEP_SAMPLES_MAX = 15
/** One step in eight may be patched. */
const FAR_STEPS_SHIFT = 3
const SORTED: usize = memory.data(STEP_SAMPLES_MAX * 8 + 8, 16)

/** 64-bit integers made narrow, before they are written. */
@unmanaged
export class Frame {
  /** How much the smallest integer is below the first; the smallest step. */
  base: i64
  first: i64
  wordsPtr: usize
  wordCount: i32
  /** Whether the words are steps; else they are distances from the smallest integer. */
  isSteps: i32
}

/** The integer at `ptr` less the one at `fromPtr`, wrapped to 64 bits; FAR stands for what a double may not hold. */
function distance(ptr: usize, fromPtr: usize): i64 {
  const value = load<i64>(ptr) - load<i64>(fromPtr)
  return value > -FAR && value < FAR ? value : FAR
}

function planOffsets(integersPtr: usize, count: i32, frame: Frame): bool {
  const end = integersPtr + ((count as usize) << 3)
  const first = i64x2.splat(load<i64>(integersPtr))
  let smallestPair = i64x2.splat(0)
  let largestPair = smallestPair
  let ptr = integersPtr
  for (; ptr + 16 <= end; ptr += 16) {
    const pair = i64x2.sub(v128.load(ptr), first)
    smallestPair = v128.bitselect(pair, smallestPair, i64x2.lt_s(pair, smallestPair))
    largestPair = v128.bitselect(pair, largestPair, i64x2.gt_s(pair, largestPair))
  }
  let smallest = min(i64x2.extract_lane(smallestPair, 0), i64x2.extract_lane(smallestPair, 1))
  let largest = max(i64x2.extract_lane(largestPair, 0), i64x2.extract_lane(largestPair, 1))
  if (ptr < end) {
    const last = load<i64>(ptr) - load<i64>(integersPtr)
    smallest = min(smallest, last)
    largest = max(largest, last)
  }
  if (smallest <= -FAR || largest >= FAR || largest - smallest >= WORD) return false
  // the low words tell all there is
  const lowest = i32x4.splat((load<i64>(integersPtr) + smallest) as i32)
  let target = frame.wordsPtr
  for (ptr = integersPtr; ptr + 32 <= end; ptr += 32, target += 16) {
    const lows = v128.shuffle<i32>(v128.load(ptr), v128.load(ptr, 16), 0, 2, 4, 6)
    v128.store(target, i32x4.sub(lows, lowest))
  }
  for (; ptr < end; ptr += 8, target += 4) store<i32>(target, load<i32>(ptr) - i32x4.extract_lane(lowest, 0))
  frame.base = smallest
  frame.isSteps = 0
  frame.wordCount = count
  return true
}

/** The upper median of up to 15 steps. */
function middleStep(integersPtr: usize, count: i32): i64 {
  const steps = count - 1
  const taken = min(steps, STEP_SAMPLES_MAX)
  for (let sample = 0; sample < taken; sample++) {
    const index = 1 + ((sample as i64) * (steps as i64)) / (taken as i64)
    const ptr = integersPtr + ((index as usize) << 3)
    const step = distance(ptr, ptr - 8)
    let at = SORTED + ((sample as usize) << 3)
    for (; at > SORTED && load<i64>(at - 8) > step; at -= 8) store<i64>(at, load<i64>(at - 8))
    store<i64>(at, step)
  }
  return load<i64>(SORTED + (((taken >> 1) as usize) << 3))
}

function isFar(step: i64, middle: i64): bool {
  return step === FAR || abs(step - middle) >= WORD / 2
}

/** Steps far from most are left to patches, if there may be any. */
function planSteps(integersPtr: usize, count: i32, patchedPtr: usize, frame: Frame): bool {
  const middle = middleStep(integersPtr, count)
  frame.isSteps = 1
  frame.wordCount = count - 1
  if (abs(middle) < FAR / 2 && planNearSteps(integersPtr, count, middle, frame)) return true
  const end = integersPtr + ((count as usize) << 3)
  let base = FAR
  let farSteps = 0
  for (let ptr = integersPtr + 8; ptr < end; ptr += 8) {
    const step = distance(ptr, ptr - 8)
    if (isFar(step, middle)) farSteps++
    else base = min(base, step)
  }
  if (farSteps > (patchedPtr !== 0 ? (count - 1) >> FAR_STEPS_SHIFT : 0)) {
    frame.isSteps = 0
    return false
  }
  let word = 0
  let target = frame.wordsPtr
  for (let ptr = integersPtr + 8; ptr < end; ptr += 8, target += 4) {
    const step = distance(ptr, ptr - 8)
    if (isFar(step, middle)) addPatch(patchedPtr, ((ptr - integersPtr) >> 3) as i32)
    else word = (step - base) as i32
    store<i32>(target, word)
  }
  frame.base = base
  return true
}

/** Distances of integers that are words already, at the frame's address, and become distances from the smallest. */
export function planNarrow(count: i32, frame: Frame): void {
  const end = frame.wordsPtr + ((count as usize) << 2)
  let smallest = load<i32>(frame.wordsPtr)
  let smallests = i32x4.splat(smallest)
  let ptr = frame.wordsPtr
  for (; ptr + 16 <= end; ptr += 16) smallests = i32x4.min_s(smallests, v128.load(ptr))
  for (; ptr < end; ptr += 4) smallest = min(smallest, load<i32>(ptr))
  smallest = min(smallest, min(i32x4.extract_lane(smallests, 0), i32x4.extract_lane(smallests, 1)))
  smallest = min(smallest, min(i32x4.extract_lane(smallests, 2), i32x4.extract_lane(smallests, 3)))
  smallests = i32x4.splat(smallest)
  for (ptr = frame.wordsPtr; ptr + 16 <= end; ptr += 16) v128.store(ptr, i32x4.sub(v128.load(ptr), smallests))
  for (; ptr < end; ptr += 4) store<i32>(ptr, load<i32>(ptr) - smallest)
  frame.first = smallest
  frame.base = 0
  frame.isSteps = 0
  frame.wordCount = count
}

/** Steps within half of 2^32 of the middle one, four at a time; false when there are others. */
function planNearSteps(integersPtr: usize, count: i32, middle: i64, frame: Frame): bool {
  const end = integersPtr + ((count as usize) << 3)
  const origin = middle - WORD / 2
  const origins = i64x2.splat(origin)
  let highs = i32x4.splat(0)
  let smallests = i32x4.splat(-1)
  let target = frame.wordsPtr
  let ptr = integersPtr + 8
  for (; ptr + 32 <= end; ptr += 32, target += 16) {
    const low = i64x2.sub(i64x2.sub(v128.load(ptr), v128.load(ptr - 8)), origins)
    const high = i64x2.sub(i64x2.sub(v128.load(ptr, 16), v128.load(ptr, 8)), origins)
    const words = v128.shuffle<i32>(low, high, 0, 2, 4, 6)
    highs = v128.or(highs, v128.shuffle<i32>(low, high, 1, 3, 5, 7))
    smallests = i32x4.min_u(smallests, words)
    v128.store(target, words)
  }
  if (v128.any_true(highs)) return false
  let smallest: u32 = min(v128.extract_lane<u32>(smallests, 0), v128.extract_lane<u32>(smallests, 1))
  smallest = min(smallest, min(v128.extract_lane<u32>(smallests, 2), v128.extract_lane<u32>(smallests, 3)))
  for (; ptr < end; ptr += 8, target += 4) {
    const step = load<i64>(ptr) - load<i64>(ptr - 8) - origin
    if (step < 0 || step >= WORD) return false
    store<u32>(target, step as u32)
    smallest = min(smallest, step as u32)
  }
  // this one is exactly half below the middle
  if (smallest === 0) return false
  const base = i32x4.splat(smallest as i32)
  const targetEnd = target
  for (target = frame.wordsPtr; target + 16 <= targetEnd; target += 16) {
    v128.store(target, i32x4.sub(v128.load(target), base))
  }
  for (; target < targetEnd; target += 4) store<u32>(target, load<u32>(target) - smallest)
  frame.base = origin + (smallest as i64)
  return true
}

/**
 * How to make the integers narrow, of which there is one at least; false when neither way does. Positions that must be
 * patched for it are added to those at `patchedPtr`; with 0 nothing may be.
 */
export function planFrame(integersPtr: usize, count: i32, patchedPtr: usize, frame: Frame): bool {
  frame.first = load<i64>(integersPtr)
  return planOffsets(integersPtr, count, frame) || planSteps(integersPtr, count, patchedPtr, frame)
}

/** Appends the integers as planned; returns the address past them. */
export function writeFrame(frame: Frame, effort: i32, targetPtr: usize): usize {
  const isSteps = frame.isSteps !== 0
  let at = writeSignedVarint(targetPtr, isSteps ? frame.first : frame.first + frame.base)
  if (isSteps) at = writeSignedVarint(at, frame.base)
  return writeGroups(frame.wordsPtr, frame.wordCount, effort, true, at)
}

function takeHalves(integersPtr: usize, count: i32, half: usize, wordsPtr: usize): void {
  for (let index: usize = 0; index < (count as usize); index++) {
    store<i32>(wordsPtr + (index << 2), load<i32>(integersPtr + (index << 3) + half))
  }
}

/** Appends the high words and then the low ones. */
export function writeHalves(integersPtr: usize, count: i32, wordsPtr: usize, effort: i32, targetPtr: usize): usize {
  takeHalves(integersPtr, count, 4, wordsPtr)
  const at = writeGroups(wordsPtr, count, effort, false, targetPtr)
  takeHalves(integersPtr, count, 0, wordsPtr)
  return writeGroups(wordsPtr, count, effort, true, at)
}

function putHalves(integersPtr: usize, count: i32, half: usize, wordsPtr: usize): void {
  for (let index: usize = 0; index < (count as usize); index++) {
    store<i32>(integersPtr + (index << 3) + half, load<i32>(wordsPtr + (index << 2)))
  }
}

/** Reads what `writeHalves` wrote; its layout was checked. False when a group is damaged. */
export function readHalves(sourcePtr: usize, endPtr: usize, integersPtr: usize, count: i32, wordsPtr: usize): bool {
  const at = readGroups(sourcePtr, endPtr, false, wordsPtr, count)
  if (at === 0) return false
  putHalves(integersPtr, count, 4, wordsPtr)
  if (readGroups(at, endPtr, true, wordsPtr, count) === 0) return false
  putHalves(integersPtr, count, 0, wordsPtr)
  return true
}

/** Reads distances whose layout was checked; false when a group is damaged. */
export function readOffsets(sourcePtr: usize, endPtr: usize, integersPtr: usize, count: i32, wordsPtr: usize): bool {
  const first = readSignedVarint(sourcePtr)
  if (readGroups(sourcePtr + varintLength(sourcePtr), endPtr, true, wordsPtr, count) === 0) return false
  const firsts = i64x2.splat(first)
  const end = wordsPtr + ((count as usize) << 2)
  let target = integersPtr
  let ptr = wordsPtr
  for (; ptr + 16 <= end; ptr += 16, target += 32) {
    const words = v128.load(ptr)
    v128.store(target, i64x2.add(i64x2.extend_low_i32x4_u(words), firsts))
    v128.store(target, i64x2.add(i64x2.extend_high_i32x4_u(words), firsts), 16)
  }
  for (; ptr < end; ptr += 4, target += 8) store<i64>(target, first + (load<u32>(ptr) as i64))
  return true
}

/** Reads steps whose layout was checked; they go on from the patches at `patchesPtr`, if that is not 0. */
export function readSteps(
  sourcePtr: usize,
  endPtr: usize,
  integersPtr: usize,
  count: i32,
  patchesPtr: usize,
  isFloat: bool,
  wordsPtr: usize,
): bool {
  let value = readSignedVarint(sourcePtr)
  let at = sourcePtr + varintLength(sourcePtr)
  const step = readSignedVarint(at)
  at += varintLength(at)
  if (readGroups(at, endPtr, true, wordsPtr, count - 1) === 0) return false
  let patches = patchesPtr === 0 ? 0 : (readVarint(patchesPtr) as i32)
  let patch: usize = patchesPtr === 0 ? 0 : patchesPtr + varintLength(patchesPtr)
  let position = patches > 0 ? (readVarint(patch) as i32) : -1
  for (let index = 0; index < count; index++) {
    if (index > 0) value += step + (load<u32>(wordsPtr + (((index - 1) as usize) << 2)) as i64)
    if (index === position) {
      patch += varintLength(patch)
      value = load<i64>(patch)
      if (isFloat) value = ordered64(value)
      patch += 8
      if (--patches > 0) position += 1 + (readVarint(patch) as i32)
    }
    store<i64>(integersPtr + ((index as usize) << 3), value)
  }
  return true
}
