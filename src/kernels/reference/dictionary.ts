// Codes by a dictionary: each distinct residual is a symbol, in rising order.

import { DICTIONARY_MAX_COUNT, GROUP_WORDS } from '../../../assembly/layout'
import { BitReader, BitWriter, bitWidth, unzigzag, zigzag } from './bits.js'
import { decodingTable, tableLogOf } from './entropy.js'
import type { GroupReader } from './group-reader.js'
import {
  coded,
  codedBytes,
  counts,
  entropyQ8,
  hasStatesFor,
  outputs,
  readFrequencies,
  writeSymbolTable,
} from './symbols.js'

/** Distinct residuals the first codes may have, and one more for every four after them. */
const DISTINCT_AT_FIRST = 64
const SLOTS = 512

/** How many the last plan found. */
let foundDistinct = 0
const slotSymbols = new Int16Array(SLOTS)
/** Distinct residuals, in the order they come; sorted by `planDictionary`. */
const residuals = new Int32Array(DICTIONARY_MAX_COUNT)
const found = new Uint8Array(GROUP_WORDS)
const foundCounts = new Int32Array(DICTIONARY_MAX_COUNT)
const ranks = new Uint8Array(DICTIONARY_MAX_COUNT)
const order = new Uint8Array(DICTIONARY_MAX_COUNT)

function slotOf(residual: number): number {
  return Math.imul(residual, 0x9e3779b1) >>> 23
}

/** Finds the distinct residuals; 0 when they are too many to be worth a dictionary. */
function collect(codes: Uint32Array, count: number): number {
  slotSymbols.fill(-1)
  foundCounts.fill(0)
  let distinct = 0
  for (let index = 0; index < count; index++) {
    const residual = unzigzag(codes[index])
    let slot = slotOf(residual)
    let symbol = slotSymbols[slot]
    while (symbol >= 0 && residuals[symbol] !== residual) {
      slot = (slot + 1) & (SLOTS - 1)
      symbol = slotSymbols[slot]
    }
    if (symbol < 0) {
      if (distinct >= DISTINCT_AT_FIRST + (index >> 2) || distinct === DICTIONARY_MAX_COUNT) return 0
      symbol = distinct++
      residuals[symbol] = residual
      slotSymbols[slot] = symbol
    }
    foundCounts[symbol]++
    found[index] = symbol
  }
  return distinct
}

function sortResiduals(distinct: number): void {
  for (let symbol = 0; symbol < distinct; symbol++) {
    let at = symbol
    for (; at > 0 && residuals[order[at - 1]] > residuals[symbol]; at--) order[at] = order[at - 1]
    order[at] = symbol
  }
}

/** Bytes of the codes by a dictionary, which `writeDictionary` then writes; undefined when it has no use. */
export function planDictionary(codes: Uint32Array, count: number): number | undefined {
  const distinct = collect(codes, count)
  foundDistinct = distinct
  if (distinct === 0 || !hasStatesFor(distinct, count)) return undefined
  sortResiduals(distinct)
  counts.fill(0)
  let nibbles = distinct
  for (let rank = 0; rank < distinct; rank++) {
    counts[rank] = foundCounts[order[rank]]
    nibbles += nibblesOf(gapOf(rank))
  }
  return 2 + codedBytes(nibbles, entropyQ8(distinct, count), tableLogOf(count))
}

/** Nibbles of a number, three bits in each. */
function nibblesOf(word: number): number {
  return Math.max(1, ((bitWidth(word) + 2) / 3) | 0)
}

/** What is written of the residual at a rank: the first one's code, then the distances less 1. */
function gapOf(rank: number): number {
  const residual = residuals[order[rank]]
  return rank === 0 ? zigzag(residual) : residual - residuals[order[rank - 1]] - 1
}

/** Appends the codes that `planDictionary` planned last; returns the offset past them. */
export function writeDictionary(count: number, target: Uint8Array, offset: number): number {
  const distinct = foundDistinct
  counts.fill(0)
  target[offset] = distinct
  const gaps = new BitWriter(target, offset + 1)
  for (let rank = 0; rank < distinct; rank++) {
    ranks[order[rank]] = rank
    counts[rank] = foundCounts[order[rank]]
    let gap = gapOf(rank)
    for (; gap >>> 0 >= 8; gap >>>= 3) gaps.write((gap & 7) | 8, 4)
    gaps.write(gap, 4)
  }
  for (let index = 0; index < count; index++) coded[index] = ranks[found[index]]
  const writer = writeSymbolTable(count, distinct, target, gaps.finish())
  for (let index = 0; index < count; index++) writer.write(outputs[index] & 0xffff, outputs[index] >>> 16)
  return writer.finish()
}

/** Reads `count` codes; false when they are none. */
export function readDictionary(reader: GroupReader, codes: Uint32Array, count: number): boolean {
  const distinct = reader.byte()
  if (distinct === 0) return reader.fail()
  residuals[0] = unzigzag(reader.nibbles())
  for (let rank = 1; rank < distinct; rank++) {
    const residual = residuals[rank - 1] + 1 + reader.nibbles()
    if (residual > 0x7fffffff) return reader.fail()
    residuals[rank] = residual
  }
  reader.endNibbles()
  const frequencies = readFrequencies(reader, distinct, count)
  if (frequencies === undefined) return false
  const tableLog = tableLogOf(count)
  const table = decodingTable(frequencies, distinct, tableLog)
  const bits = new BitReader(reader.source, reader.at, reader.end)
  let state = bits.read(tableLog)
  for (let index = 0; index < count; index++) {
    codes[index] = zigzag(residuals[table.symbols[state]])
    state = table.bases[state] + bits.read(table.bits[state])
    if (bits.isOverrun) return reader.fail()
  }
  if (state !== 0 || !bits.isAtEnd) return reader.fail()
  reader.at = reader.end
  return true
}
