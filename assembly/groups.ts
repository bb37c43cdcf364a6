// Words in groups of up to 1,024, each coded by itself in the way that takes fewest bytes.

import { unzigzag, zigzag } from './bits'
import { planClasses, readClasses, writeClasses } from './classes'
import { planDictionary, readDictionary, writeDictionary } from './dictionary'
import { GroupReader, readerOf, readVarint32 } from './group-reader'
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
} from './layout'
import { packedSize, readPacked, writePacked } from './packed'
import { fillCodes, integrate, planResiduals, ResidualPlan } from './residuals'
import { readVarint, varintLength, writeVarint } from './varints'

/** Bits of a residual up to which few distinct measurements take no fewer bits by a dictionary. */
const MEASURED_BITS = 8

const CODES: usize = memory.data(GROUP_WORDS * 4, 16)
/** Up to 6 bytes per word and what tables and heads may take. */
const CONTENT: usize = memory.data(GROUP_WORDS * 6 + 2048, 16)
/** Words as they are: order 0, no centre. */
const DISTINCT_WORDS: usize = memory.data(offsetof<ResidualPlan>(), 16)
const PLAN: usize = memory.data(offsetof<ResidualPlan>(), 16)

/** Bytes that coding so many words can take before it is given up. */
export function groupsCapacity(count: i32): usize {
  return (((count + GROUP_WORDS - 1) / GROUP_WORDS) as usize) * 64 + (count as usize) * 6
}

/** Heads, step and centre: what the residuals are counted from. */
function writeOrigin(wordsPtr: usize, plan: ResidualPlan): usize {
  let at = CONTENT
  for (let head = 0; head < plan.order; head++) {
    const ptr = wordsPtr + ((head as usize) << 2)
    const word = load<i32>(ptr)
    at = writeVarint(at, zigzag(head === 0 ? word : word - load<i32>(ptr - 4)) as u64)
  }
  if (plan.step !== 1) at = writeVarint(at, plan.step as u64)
  if (plan.centre !== 0) at = writeVarint(at, zigzag(plan.centre) as u64)
  return at
}

/** Whether a dictionary is worth trying: clocks and codes repeat, measurements only where their residuals are wide. */
function mayRepeat(plan: ResidualPlan, effort: i32): bool {
  return effort === EFFORT_ALL || (effort === EFFORT_CLASSES && plan.bits > MEASURED_BITS)
}

/** The coder of fewest bytes, as coder | split << 2 | bytes << 5. */
function planCoder(count: i32, plan: ResidualPlan, effort: i32): i32 {
  let bytes = packedSize(CODES, count, plan.bits)
  let coder = CODER_PACKED
  const dictionaryBytes = mayRepeat(plan, effort) ? planDictionary(CODES, count) : -1
  if (dictionaryBytes >= 0 && dictionaryBytes < bytes) {
    coder = CODER_DICTIONARY
    bytes = dictionaryBytes
  }
  const classes = planClasses(CODES, count)
  if (classes >= 0 && classes >> 3 < bytes) {
    coder = CODER_CLASSES | ((classes & 7) << 2)
    bytes = classes >> 3
  }
  return coder | (bytes << 5)
}

function writeGroup(wordsPtr: usize, count: i32, effort: i32, isLast: bool, targetPtr: usize): usize {
  const plan = changetype<ResidualPlan>(PLAN)
  planResiduals(wordsPtr, count, effort === EFFORT_PACKED, plan)
  let coder = CODER_CONSTANT
  if (fillCodes(wordsPtr, count, plan, CODES) !== 0) {
    coder = effort === EFFORT_PACKED ? CODER_PACKED : planSymbols(wordsPtr, count, plan, effort)
  }
  const coded = count - plan.order
  let at = writeOrigin(wordsPtr, plan)
  const kind = coder & 3
  if (kind === CODER_PACKED) at = writePacked(CODES, coded, plan.bits, at)
  else if (kind === CODER_CLASSES) at = writeClasses(CODES, coded, (coder >> 2) & 7, at)
  else if (kind === CODER_DICTIONARY) at = writeDictionary(CODES, coded, at)
  const length = at - CONTENT
  const flags = (plan.centre !== 0 ? GROUP_CENTRE : 0) | (plan.step !== 1 ? GROUP_STEP : 0)
  store<u8>(targetPtr, plan.order | (kind << GROUP_CODER_SHIFT) | flags)
  const contentPtr = isLast ? targetPtr + 1 : writeVarint(targetPtr + 1, length as u64)
  memory.copy(contentPtr, CONTENT, length)
  return contentPtr + length
}

/** The coder of fewest bytes for differences as planned, or for few distinct words: then the plan becomes theirs. */
function planSymbols(wordsPtr: usize, count: i32, plan: ResidualPlan, effort: i32): i32 {
  if (plan.order === 0 || !mayRepeat(plan, effort)) return planCoder(count - plan.order, plan, effort)
  const distinct = changetype<ResidualPlan>(DISTINCT_WORDS)
  distinct.step = 1
  const distinctBytes = distinctWordsBytes(wordsPtr, count, distinct)
  fillCodes(wordsPtr, count, plan, CODES)
  const coder = planCoder(count - plan.order, plan, effort)
  if (distinctBytes < 0 || distinctBytes >= coder >> 5) return coder
  distinctWordsBytes(wordsPtr, count, distinct)
  memory.copy(PLAN, DISTINCT_WORDS, offsetof<ResidualPlan>())
  return CODER_DICTIONARY
}

/** Few distinct words, whatever their order, may take fewer bytes than any differences. Leaves their codes. */
function distinctWordsBytes(wordsPtr: usize, count: i32, plan: ResidualPlan): i32 {
  fillCodes(wordsPtr, count, plan, CODES)
  return planDictionary(CODES, count)
}

/** Appends all words; returns the address past them. What is last in its column has no length: it takes the rest. */
export function writeGroups(wordsPtr: usize, count: i32, effort: i32, isLast: bool, targetPtr: usize): usize {
  let at = targetPtr
  for (let first = 0; first < count; first += GROUP_WORDS) {
    const words = min(count - first, GROUP_WORDS)
    at = writeGroup(wordsPtr + ((first as usize) << 2), words, effort, isLast && first + words === count, at)
  }
  return at
}

/** Reads a group into words; false when its content is none. */
function readGroup(plan: i32, reader: GroupReader, wordsPtr: usize, count: i32): bool {
  const residuals = changetype<ResidualPlan>(PLAN)
  const order = plan & 3
  residuals.order = order
  for (let head = 0; head < order; head++) {
    const ptr = wordsPtr + ((head as usize) << 2)
    const value = unzigzag(readVarint32(reader))
    store<i32>(ptr, head === 0 ? value : load<i32>(ptr - 4) + value)
  }
  residuals.step = (plan & GROUP_STEP) !== 0 ? readVarint32(reader) : 1
  residuals.centre = (plan & GROUP_CENTRE) !== 0 ? unzigzag(readVarint32(reader)) : 0
  const coder = (plan >> GROUP_CODER_SHIFT) & 3
  const coded = count - order
  let isWhole = true
  if (coder === CODER_CONSTANT) memory.fill(CODES, 0, (coded as usize) << 2)
  else if (coder === CODER_PACKED) isWhole = readPacked(reader, CODES, coded)
  else if (coder === CODER_CLASSES) isWhole = readClasses(reader, CODES, coded)
  else isWhole = readDictionary(reader, CODES, coded)
  if (!isWhole || reader.isFailed !== 0 || reader.at !== reader.end) return false
  integrate(CODES, wordsPtr, count, residuals)
  return true
}

/**
 * Reads groups whose layout was checked, the last one up to `endPtr` if they are last in their column. Returns the
 * address past them, or 0 with the address of the group that is damaged in `columnDamagedGroup`.
 */
export function readGroups(sourcePtr: usize, endPtr: usize, isLast: bool, wordsPtr: usize, count: i32): usize {
  let at = sourcePtr
  for (let first = 0; first < count; first += GROUP_WORDS) {
    const words = min(count - first, GROUP_WORDS)
    let contentPtr = at + 1
    let contentEnd = endPtr
    if (!isLast || first + words < count) {
      contentPtr += varintLength(at + 1)
      contentEnd = contentPtr + (readVarint(at + 1) as usize)
    }
    const reader = readerOf(contentPtr, contentEnd)
    if (!readGroup(load<u8>(at) as i32, reader, wordsPtr + ((first as usize) << 2), words)) {
      store<usize>(DAMAGED, at)
      return 0
    }
    at = contentEnd
  }
  return at
}

const DAMAGED: usize = memory.data(8, 16)

/** The group that `readGroups` refused. */
export function columnDamagedGroup(): usize {
  return load<usize>(DAMAGED)
}
