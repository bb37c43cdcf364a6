// Words in groups of up to 1,024, each coded by itself in the way that takes fewest bytes.

import {
  CODER_CLASSES,
  CODER_CONSTANT,
  CODER_DICTIONARY,
  CODER_PACKED,
  EFFORT_ALL,
  EFFORT_CLASSES,
  EFFORT_PACKED,
  GROUP_CENTRE,
  GROUP_CODER_SHIFT,
  GROUP_STEP,
  GROUP_WORDS,
} from '../../../assembly/layout'
import { unzigzag, zigzag } from './bits.js'
import { planClasses, readClasses, writeClasses } from './classes.js'
import { planDictionary, readDictionary, writeDictionary } from './dictionary.js'
import { GroupReader } from './group-reader.js'
import { readPacked, writePacked } from './packed.js'
import { fillCodes, integrate, planResiduals, type ResidualPlan } from './residuals.js'
import { VarintReader, writeVarint } from './varints.js'

/** Bits of a residual up to which few distinct measurements take no fewer bits by a dictionary. */
const MEASURED_BITS = 8

const codes = new Uint32Array(GROUP_WORDS)
/** Bytes of a group besides plan and length, at most: 5 and 1/8 per word and what tables and heads may take. */
const CONTENT_MAX_BYTES = GROUP_WORDS * 6 + 2048
const content = new Uint8Array(CONTENT_MAX_BYTES)

/** Bytes that coding so many words can take before it is given up. */
export function groupsCapacity(count: number): number {
  return Math.ceil(count / GROUP_WORDS) * 64 + count * 6
}

/** Heads, step and centre: what the residuals are counted from. */
function writeOrigin(words: Int32Array, first: number, plan: ResidualPlan): number {
  let at = 0
  for (let head = 0; head < plan.order; head++) {
    const word = words[first + head]
    at = writeVarint(content, at, zigzag(head === 0 ? word : (word - words[first + head - 1]) | 0))
  }
  if (plan.step !== 1) at = writeVarint(content, at, plan.step)
  if (plan.centre !== 0) at = writeVarint(content, at, zigzag(plan.centre))
  return at
}

interface CoderPlan {
  coder: number
  bytes: number
  split: number
}

/** Whether a dictionary is worth trying: clocks and codes repeat, measurements only where their residuals are wide. */
function mayRepeat({ bits }: ResidualPlan, effort: number): boolean {
  return effort === EFFORT_ALL || (effort === EFFORT_CLASSES && bits > MEASURED_BITS)
}

function planCoder(count: number, plan: ResidualPlan, effort: number): CoderPlan {
  const best: CoderPlan = { coder: CODER_PACKED, bytes: writePacked(codes, count, plan.bits, content, 0), split: 0 }
  if (effort === EFFORT_PACKED) return best
  const dictionaryBytes = mayRepeat(plan, effort) ? planDictionary(codes, count) : undefined
  if (dictionaryBytes !== undefined && dictionaryBytes < best.bytes) {
    best.coder = CODER_DICTIONARY
    best.bytes = dictionaryBytes
  }
  const classes = planClasses(codes, count)
  return classes && classes.bytes < best.bytes ? { coder: CODER_CLASSES, ...classes } : best
}

/** Few distinct words, whatever their order, may take fewer bytes than any differences. Leaves their codes. */
const DISTINCT_WORDS: ResidualPlan = { order: 0, centre: 0, step: 1, bits: 0 }

function distinctWordsBytes(words: Int32Array, first: number, count: number): number | undefined {
  fillCodes(words, first, count, DISTINCT_WORDS, codes)
  return planDictionary(codes, count)
}

function writeGroup(
  words: Int32Array,
  first: number,
  count: number,
  effort: number,
  isLast: boolean,
  target: Uint8Array,
  offset: number,
): number {
  let plan = planResiduals(words, first, count, effort === EFFORT_PACKED)
  let coder: CoderPlan = { coder: CODER_CONSTANT, bytes: 0, split: 0 }
  if (fillCodes(words, first, count, plan, codes) !== 0) {
    const distinctBytes =
      plan.order > 0 && mayRepeat(plan, effort) ? distinctWordsBytes(words, first, count) : undefined
    if (plan.order > 0) fillCodes(words, first, count, plan, codes)
    coder = planCoder(count - plan.order, plan, effort)
    if (distinctBytes !== undefined && distinctBytes < coder.bytes) {
      distinctWordsBytes(words, first, count)
      plan = DISTINCT_WORDS
      coder = { coder: CODER_DICTIONARY, bytes: distinctBytes, split: 0 }
    }
  }
  const at = writeOrigin(words, first, plan)
  const coded = count - plan.order
  let end = at
  if (coder.coder === CODER_PACKED) end = writePacked(codes, coded, plan.bits, content, at)
  else if (coder.coder === CODER_CLASSES) end = writeClasses(codes, coded, coder.split, content, at)
  else if (coder.coder === CODER_DICTIONARY) end = writeDictionary(coded, content, at)
  target[offset] =
    plan.order |
    (coder.coder << GROUP_CODER_SHIFT) |
    (plan.centre !== 0 ? GROUP_CENTRE : 0) |
    (plan.step !== 1 ? GROUP_STEP : 0)
  const contentAt = isLast ? offset + 1 : writeVarint(target, offset + 1, end)
  target.set(content.subarray(0, end), contentAt)
  return contentAt + end
}

/** Appends all words; returns the offset past them. What is last in its column has no length: it takes the rest. */
export function writeGroups(
  words: Int32Array,
  effort: number,
  isLast: boolean,
  target: Uint8Array,
  offset: number,
): number {
  let at = offset
  for (let first = 0; first < words.length; first += GROUP_WORDS) {
    const count = Math.min(words.length - first, GROUP_WORDS)
    at = writeGroup(words, first, count, effort, isLast && first + count === words.length, target, at)
  }
  return at
}

/** Reads a group into `words`; false when its content is none. */
function readGroup(plan: number, reader: GroupReader, words: Int32Array, first: number, count: number): boolean {
  const order = plan & 3
  for (let head = 0; head < order; head++) {
    const value = unzigzag(reader.varint())
    words[first + head] = head === 0 ? value : words[first + head - 1] + value
  }
  const step = plan & GROUP_STEP ? reader.varint() : 1
  const centre = plan & GROUP_CENTRE ? unzigzag(reader.varint()) : 0
  const coder = (plan >> GROUP_CODER_SHIFT) & 3
  const coded = count - order
  let isWhole = true
  if (coder === CODER_CONSTANT) codes.fill(0, 0, coded)
  else if (coder === CODER_PACKED) isWhole = readPacked(reader, codes, coded)
  else if (coder === CODER_CLASSES) isWhole = readClasses(reader, codes, coded)
  else isWhole = readDictionary(reader, codes, coded)
  if (!isWhole || reader.isFailed || reader.at !== reader.end) return false
  integrate(codes, words, first, count, { order, centre, step, bits: 0 })
  return true
}

/** Where groups begin and end, and how they are laid out, was checked: see `planColumn`. Throws what `damaged` gives. */
export function readGroups(
  source: Uint8Array,
  offset: number,
  isLast: boolean,
  words: Int32Array,
  damaged: (offset: number) => Error,
): number {
  let at = offset
  for (let first = 0; first < words.length; first += GROUP_WORDS) {
    const count = Math.min(words.length - first, GROUP_WORDS)
    const varint = new VarintReader(source, at + 1)
    const length = isLast && first + count === words.length ? source.length - varint.at : varint.read()
    const reader = new GroupReader(source, varint.at, varint.at + length)
    if (!readGroup(source[at], reader, words, first, count)) throw damaged(at)
    at = varint.at + length
  }
  return at
}
