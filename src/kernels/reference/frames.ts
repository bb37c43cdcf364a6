// 64-bit integers as 32-bit words: their distances from the smallest, or their steps, or both their halves.

import { groupsCapacity, readGroups, writeGroups } from './groups.js'
import { type IntegerPairs, VarintReader, writeSignedVarint } from './varints.js'

const WORD = 2 ** 32
/** Distances from here on are not told apart: doubles hold all below. */
const FAR = 2 ** 52
const STEP_SAMPLES_MAX = 15
/** One step in eight may be patched. */
const FAR_STEPS_SHIFT = 3

/** 64-bit integers made narrow, before they are written. */
export interface Frame {
  /** Whether the words are steps; else they are distances from the smallest integer. */
  isSteps: boolean
  words: Int32Array
  /** How much the smallest integer is below the first; the smallest step. */
  base: number
}

/** Bytes that framing so many integers can take before it is given up. */
export function framesCapacity(count: number): number {
  return 2 * groupsCapacity(count) + 32
}

/** The integer at `index` less the one at `from`, wrapped to 64 bits; FAR stands for what a double may not hold. */
function distance(integers: IntegerPairs, index: number, from: number): number {
  const low = (integers[index * 2] >>> 0) - (integers[from * 2] >>> 0)
  const high = (integers[index * 2 + 1] - integers[from * 2 + 1] - (low < 0 ? 1 : 0)) | 0
  const value = high * WORD + (low >>> 0)
  return Math.abs(value) < FAR ? value : FAR
}

/** Writes a pair's integer, plus a small number, as a signed varint. */
function writeInteger(integers: IntegerPairs, index: number, plus: number, target: Uint8Array, at: number): number {
  const low = (integers[index * 2] >>> 0) + (plus - Math.floor(plus / WORD) * WORD)
  const high = integers[index * 2 + 1] + Math.floor(plus / WORD) + (low >= WORD ? 1 : 0)
  return writeSignedVarint(target, at, low | 0, high | 0)
}

function planOffsets(integers: IntegerPairs): Frame | undefined {
  const count = integers.length / 2
  let smallest = 0
  let largest = 0
  for (let index = 1; index < count; index++) {
    const value = distance(integers, index, 0)
    if (value < smallest) smallest = value
    if (value > largest) largest = value
  }
  if (largest - smallest >= WORD) return undefined
  const words = new Int32Array(count)
  // the low words tell all there is
  const lowest = integers[0] + (smallest | 0)
  for (let index = 0; index < count; index++) words[index] = integers[index * 2] - lowest
  return { isSteps: false, words, base: smallest }
}

/** The upper median of up to 15 steps. */
function middleStep(integers: IntegerPairs): number {
  const steps = integers.length / 2 - 1
  const taken = Math.min(steps, STEP_SAMPLES_MAX)
  const sorted: number[] = []
  for (let sample = 0; sample < taken; sample++) {
    const index = 1 + Math.floor((sample * steps) / taken)
    sorted.push(distance(integers, index, index - 1))
  }
  return sorted.sort((a, b) => a - b)[taken >> 1]!
}

/** Steps far from most are left to patches, if there may be any. */
function planSteps(integers: IntegerPairs, patched: number[] | undefined): Frame | undefined {
  const count = integers.length / 2
  const middle = middleStep(integers)
  const isFar = (step: number): boolean => step === FAR || Math.abs(step - middle) >= WORD / 2
  let base = FAR
  let farSteps = 0
  for (let index = 1; index < count; index++) {
    const step = distance(integers, index, index - 1)
    if (isFar(step)) farSteps++
    else if (step < base) base = step
  }
  if (farSteps > (patched ? (count - 1) >> FAR_STEPS_SHIFT : 0)) return undefined
  const words = new Int32Array(count - 1)
  for (let index = 1; index < count; index++) {
    const step = distance(integers, index, index - 1)
    if (isFar(step)) {
      patched!.push(index)
      words[index - 1] = index > 1 ? words[index - 2] : 0
    } else words[index - 1] = step - base
  }
  return { isSteps: true, words, base }
}

/**
 * How to make the integers narrow, of which there is one at least; undefined when neither way does. Positions that must
 * be patched for it are added to `patched`; without it nothing may be.
 */
export function planFrame(integers: IntegerPairs, patched?: number[]): Frame | undefined {
  return planOffsets(integers) ?? planSteps(integers, patched)
}

/** Appends the integers as planned; returns the offset past them. */
export function writeFrame(
  integers: IntegerPairs,
  { isSteps, words, base }: Frame,
  effort: number,
  target: Uint8Array,
  offset: number,
): number {
  let at = writeInteger(integers, 0, isSteps ? 0 : base, target, offset)
  if (isSteps) at = writeSignedVarint(target, at, base | 0, Math.floor(base / WORD))
  return writeGroups(words, effort, true, target, at)
}

/** Appends the high words and then the low ones. */
export function writeHalves(integers: IntegerPairs, effort: number, target: Uint8Array, offset: number): number {
  const words = new Int32Array(integers.length / 2)
  for (let index = 0; index < words.length; index++) words[index] = integers[index * 2 + 1]
  const at = writeGroups(words, effort, false, target, offset)
  for (let index = 0; index < words.length; index++) words[index] = integers[index * 2]
  return writeGroups(words, effort, true, target, at)
}

/** Reads what `writeHalves` wrote; its layout was checked. */
export function readHalves(
  source: Uint8Array,
  offset: number,
  integers: IntegerPairs,
  damaged: (offset: number) => Error,
): void {
  const words = new Int32Array(integers.length / 2)
  const at = readGroups(source, offset, false, words, damaged)
  for (let index = 0; index < words.length; index++) integers[index * 2 + 1] = words[index]
  readGroups(source, at, true, words, damaged)
  for (let index = 0; index < words.length; index++) integers[index * 2] = words[index]
}

/** A patch on its way: sums of steps go on from it. */
export interface IntegerPatch {
  position: number
  low: number
  high: number
}

/** Reads integers whose layout was checked. */
export function readFrame(
  source: Uint8Array,
  offset: number,
  isSteps: boolean,
  integers: IntegerPairs,
  patches: readonly IntegerPatch[],
  damaged: (offset: number) => Error,
): void {
  const count = integers.length / 2
  const reader = new VarintReader(source, offset)
  let low = reader.readSigned()
  let high = reader.high
  if (!isSteps) {
    const words = new Int32Array(count)
    readGroups(source, reader.at, true, words, damaged)
    for (let index = 0; index < count; index++) {
      const sum = (low >>> 0) + (words[index] >>> 0)
      integers[index * 2] = sum
      integers[index * 2 + 1] = high + (sum >= WORD ? 1 : 0)
    }
    return
  }
  const baseLow = reader.readSigned()
  const baseHigh = reader.high
  const words = new Int32Array(count - 1)
  readGroups(source, reader.at, true, words, damaged)
  let next = 0
  for (let index = 0; index < count; index++) {
    if (index > 0) {
      const sum = (low >>> 0) + (baseLow >>> 0) + (words[index - 1] >>> 0)
      low = sum | 0
      high = (high + baseHigh + Math.floor(sum / WORD)) | 0
    }
    if (next < patches.length && patches[next].position === index) {
      low = patches[next].low
      high = patches[next].high
      next++
    }
    integers[index * 2] = low
    integers[index * 2 + 1] = high
  }
}
