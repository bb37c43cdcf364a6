// Codes by a dictionary: each distinct residual is a symbol, in rising order.

import { bitWidth, unzigzag, zigzag } from './bits'
import { endSymbols } from './classes'
import { decodingTable, tableLogOf } from './entropy'
import { endNibbles, fail, GroupReader, readByte, readNibbles } from './group-reader'
import { DICTIONARY_MAX_COUNT, GROUP_WORDS } from './layout'
import {
  CODED,
  clearCounts,
  codedBytes,
  EXTRA_BITS,
  entropyQ8,
  FREQUENCIES,
  hasStatesFor,
  putNibble,
  readFrequencies,
  setCount,
  writeNibbles,
  writeSymbols,
  writeWeights,
} from './symbols'

/** Distinct residuals the first codes may have, and one more for every four after them. */
const DISTINCT_AT_FIRST = 64
const SLOTS = 512

/** How many the last plan found. */
const FOUND_DISTINCT: usize = memory.data(4, 16)
/** Symbol + 1 by hash, 0 where there is none. */
const SLOT_SYMBOLS: usize = memory.data(SLOTS * 2, 16)
/** Distinct residuals, in the order they come. */
const RESIDUALS: usize = memory.data(DICTIONARY_MAX_COUNT * 4 + 4, 16)
const FOUND: usize = memory.data(GROUP_WORDS, 16)
const FOUND_COUNTS: usize = memory.data(DICTIONARY_MAX_COUNT * 4 + 4, 16)
/** Rank by symbol, and symbol by rank. */
const RANKS: usize = memory.data(DICTIONARY_MAX_COUNT + 1, 16)
const ORDER: usize = memory.data(DICTIONARY_MAX_COUNT + 1, 16)

function residualOf(symbol: i32): i32 {
  return load<i32>(RESIDUALS + ((symbol as usize) << 2))
}

function symbolAt(rank: i32): i32 {
  return load<u8>(ORDER + (rank as usize)) as i32
}

/** Finds the distinct residuals; 0 when they are too many to be worth a dictionary. */
function collect(codesPtr: usize, count: i32): i32 {
  memory.fill(SLOT_SYMBOLS, 0, SLOTS * 2)
  memory.fill(FOUND_COUNTS, 0, DICTIONARY_MAX_COUNT * 4)
  let distinct = 0
  for (let index = 0; index < count; index++) {
    const residual = unzigzag(load<u32>(codesPtr + ((index as usize) << 2)))
    let slot = ((residual as u32) * 0x9e3779b1) >>> 23
    let symbol = (load<u16>(SLOT_SYMBOLS + (slot << 1)) as i32) - 1
    while (symbol >= 0 && residualOf(symbol) !== residual) {
      slot = (slot + 1) & (SLOTS - 1)
      symbol = (load<u16>(SLOT_SYMBOLS + (slot << 1)) as i32) - 1
    }
    if (symbol < 0) {
      if (distinct >= DISTINCT_AT_FIRST + (index >> 2) || distinct === DICTIONARY_MAX_COUNT) return 0
      symbol = distinct++
      store<i32>(RESIDUALS + ((symbol as usize) << 2), residual)
      store<u16>(SLOT_SYMBOLS + (slot << 1), distinct)
    }
    const countPtr = FOUND_COUNTS + ((symbol as usize) << 2)
    store<i32>(countPtr, load<i32>(countPtr) + 1)
    store<u8>(FOUND + (index as usize), symbol)
  }
  return distinct
}

function sortResiduals(distinct: i32): void {
  for (let symbol = 0; symbol < distinct; symbol++) {
    const residual = residualOf(symbol)
    let at = ORDER + (symbol as usize)
    for (; at > ORDER && residualOf(load<u8>(at - 1) as i32) > residual; at--) store<u8>(at, load<u8>(at - 1))
    store<u8>(at, symbol)
  }
}

/** Counts by rank. */
function countRanks(distinct: i32): void {
  clearCounts()
  for (let rank = 0; rank < distinct; rank++) {
    setCount(rank, load<i32>(FOUND_COUNTS + ((symbolAt(rank) as usize) << 2)))
  }
}

/** Nibbles of a number, three bits in each. */
function nibblesOf(word: u32): i32 {
  return max(1, (bitWidth(word) + 2) / 3)
}

/** What is written of the residual at a rank: the first one's code, then the distances less 1. */
function gapOf(rank: i32): u32 {
  const residual = residualOf(symbolAt(rank))
  return rank === 0 ? zigzag(residual) : ((residual - residualOf(symbolAt(rank - 1)) - 1) as u32)
}

/** Bytes of the codes by a dictionary; -1 when it has no use. */
export function planDictionary(codesPtr: usize, count: i32): i32 {
  const distinct = collect(codesPtr, count)
  store<i32>(FOUND_DISTINCT, distinct)
  if (distinct === 0 || !hasStatesFor(distinct, count)) return -1
  sortResiduals(distinct)
  countRanks(distinct)
  let nibbles = distinct
  for (let rank = 0; rank < distinct; rank++) nibbles += nibblesOf(gapOf(rank))
  return 2 + codedBytes(nibbles, entropyQ8(distinct, count), tableLogOf(count))
}

/** Appends the codes that `planDictionary` planned last; returns the address past them. */
export function writeDictionary(codesPtr: usize, count: i32, targetPtr: usize): usize {
  const distinct = load<i32>(FOUND_DISTINCT)
  countRanks(distinct)
  store<u8>(targetPtr, distinct)
  let nibbles = 0
  for (let rank = 0; rank < distinct; rank++) {
    store<u8>(RANKS + (symbolAt(rank) as usize), rank)
    let gap = gapOf(rank)
    for (; gap >= 8; gap >>>= 3) putNibble(nibbles++, (gap & 7) | 8)
    putNibble(nibbles++, gap as i32)
  }
  const target = writeNibbles(nibbles, targetPtr + 1)
  for (let index: usize = 0; index < (count as usize); index++) {
    store<u8>(CODED + index, load<u8>(RANKS + (load<u8>(FOUND + index) as usize)))
  }
  memory.fill(EXTRA_BITS, 0, distinct as usize)
  return writeSymbols(codesPtr, count, distinct, writeWeights(count, distinct, target))
}

/** Reads `count` codes; false when they are none. */
export function readDictionary(reader: GroupReader, codesPtr: usize, count: i32): bool {
  const distinct = readByte(reader)
  if (distinct === 0) return fail(reader)
  let residual = unzigzag(readNibbles(reader))
  store<u32>(RESIDUALS, zigzag(residual))
  for (let rank = 1; rank < distinct; rank++) {
    const next = (residual as i64) + 1 + (readNibbles(reader) as i64)
    if (next > 0x7fffffff) return fail(reader)
    residual = next as i32
    store<u32>(RESIDUALS + ((rank as usize) << 2), zigzag(residual))
  }
  endNibbles(reader)
  if (!readFrequencies(reader, distinct, count)) return false
  const tableLog = tableLogOf(count)
  const table = decodingTable(FREQUENCIES, distinct, tableLog)
  const source = reader.at
  const endBit = ((reader.end - source) << 3) as u32
  let state = (load<u64>(source) as u32) & ((1 << tableLog) - 1)
  let bit = tableLog as u32
  for (let index = 0; index < count; index++) {
    if (bit > endBit) return fail(reader)
    const entry = load<u32>(table + ((state as usize) << 2))
    const bits = (entry >>> 16) & 15
    store<u32>(codesPtr + ((index as usize) << 2), load<u32>(RESIDUALS + ((entry >>> 24) << 2)))
    const window = load<u64>(source + (bit >>> 3)) >> ((bit & 7) as u64)
    state = (entry & 0xffff) + ((window as u32) & (((1 as u32) << bits) - 1))
    bit += bits
  }
  return endSymbols(reader, state, bit, endBit)
}
