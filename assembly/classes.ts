// Codes by classes: those below 2^split by themselves, above that all with the same leading bits, told apart by extra
// bits.

import { bitWidth, flushBits } from './bits'
import { decodingTable, tableLogOf } from './entropy'
import { fail, GroupReader, readByte } from './group-reader'
import { CLASS_MAX_COUNT, CLASS_SPLIT_MAX } from './layout'
import {
  CODED,
  clearCounts,
  codeCounted,
  codedBytes,
  countOf,
  entropyQ8,
  FREQUENCIES,
  hasStatesFor,
  OUTPUTS,
  readFrequencies,
  setCount,
  weightNibbles,
  writeWeights,
} from './symbols'

/** Per class: lowest code, extra bits. */
const CLASSES: usize = memory.data(CLASS_MAX_COUNT * 8, 16)
/** Class of a lower split, per class of the finest. */
const MERGED: usize = memory.data(CLASS_MAX_COUNT, 16)

function keptBits(split: i32): i32 {
  return max(0, split - 1)
}

function classOf(code: u32, split: i32): i32 {
  const width = bitWidth(code)
  if (width <= split) return code as i32
  const kept = keptBits(split)
  return (1 << split) + ((width - split - 1) << kept) + ((code >>> (width - 1 - kept)) as i32) - (1 << kept)
}

/** Extra bits of a class. */
function extraBitsOf(symbol: i32, split: i32): i32 {
  if (symbol < 1 << split) return 0
  const kept = keptBits(split)
  return split + ((symbol - (1 << split)) >> kept) - kept
}

/** Lowest code of a class. */
function lowestOf(symbol: i32, split: i32): u32 {
  if (symbol < 1 << split) return symbol
  const kept = keptBits(split)
  const above = symbol - (1 << split)
  return (((1 << kept) + (above & ((1 << kept) - 1))) as u32) << (split + (above >> kept) - kept)
}

/** Classes of 32-bit codes. */
function classCount(split: i32): i32 {
  return (1 << split) + ((32 - split) << keptBits(split))
}

function usedSymbols(symbols: i32): i32 {
  let used = 0
  for (let symbol = 0; symbol < symbols; symbol++) used += (countOf(symbol) > 0) as i32
  return used
}

/** Counts the classes of the codes, and writes them to `CODED`; returns the number of symbols. */
function countClasses(codesPtr: usize, count: i32, split: i32): i32 {
  clearCounts()
  let symbols = 0
  for (let index = 0; index < count; index++) {
    const symbol = classOf(load<u32>(codesPtr + ((index as usize) << 2)), split)
    store<u8>(CODED + (index as usize), symbol)
    setCount(symbol, countOf(symbol) + 1)
    symbols = max(symbols, symbol + 1)
  }
  return symbols
}

/** Bytes << 3 | split of the codes as classes; -1 where the classes are too many for the states. */
export function planClasses(codesPtr: usize, count: i32): i32 {
  let symbols = countClasses(codesPtr, count, CLASS_SPLIT_MAX)
  const tableLog = tableLogOf(count)
  let best = -1
  for (let split = CLASS_SPLIT_MAX; ; split--) {
    let extraBits = 0
    for (let symbol = 1 << split; symbol < symbols; symbol++) extraBits += countOf(symbol) * extraBitsOf(symbol, split)
    if (hasStatesFor(usedSymbols(symbols), count)) {
      const bitsQ8 = entropyQ8(symbols, count) + 256 * extraBits
      const bytes = 2 + codedBytes(weightNibbles(symbols), bitsQ8, tableLog)
      if (best < 0 || bytes < best >> 3) best = (bytes << 3) | split
    }
    if (split === 0) return best
    symbols = mergeClasses(symbols, split)
  }
  return best
}

/** Counts at this split become those at the next lower one; returns the symbols there are. */
function mergeClasses(symbols: i32, split: i32): i32 {
  let merged = 0
  for (let symbol = 0; symbol < symbols; symbol++) {
    const count = countOf(symbol)
    setCount(symbol, 0)
    if (count === 0) continue
    const target = classOf(lowestOf(symbol, split), split - 1)
    setCount(target, countOf(target) + count)
    merged = target + 1
  }
  return merged
}

/** Turns the classes that `planClasses` left in `CODED` into those of a lower split, and counts them. */
function recountClasses(count: i32, split: i32): i32 {
  for (let symbol = 0; symbol < CLASS_MAX_COUNT; symbol++) {
    store<u8>(MERGED + (symbol as usize), classOf(lowestOf(symbol, CLASS_SPLIT_MAX), split))
  }
  clearCounts()
  let symbols = 0
  for (let index: usize = 0; index < (count as usize); index++) {
    const symbol = load<u8>(MERGED + (load<u8>(CODED + index) as usize)) as i32
    store<u8>(CODED + index, symbol)
    setCount(symbol, countOf(symbol) + 1)
    symbols = max(symbols, symbol + 1)
  }
  return symbols
}

/** Appends the codes as `planClasses` planned them; returns the address past them. */
export function writeClasses(codesPtr: usize, count: i32, split: i32, targetPtr: usize): usize {
  const symbols = recountClasses(count, split)
  store<u8>(targetPtr, split)
  store<u8>(targetPtr, symbols, 1)
  let target = writeWeights(count, symbols, targetPtr + 2)
  for (let symbol = 0; symbol < symbols; symbol++) {
    store<i32>(CLASSES + ((symbol as usize) << 3), extraBitsOf(symbol, split), 4)
  }
  let pending = codeCounted(count, symbols) as u64
  let pendingBits = tableLogOf(count)
  for (let index: usize = 0; index < (count as usize); index++) {
    const extra = load<i32>(CLASSES + ((load<u8>(CODED + index) as usize) << 3), 4)
    const code = load<u32>(codesPtr + (index << 2)) & (((1 as u32) << extra) - 1)
    const output = load<u32>(OUTPUTS + (index << 2))
    // at most 7 + 31 + 10 bits
    pending |= ((code as u64) | (((output & 0xffff) as u64) << (extra as u64))) << (pendingBits as u64)
    pendingBits += extra + ((output >>> 16) as i32)
    store<u64>(target, pending)
    const bytes = pendingBits >> 3
    target += bytes as usize
    pending >>= (bytes << 3) as u64
    pendingBits &= 7
  }
  return flushBits(target, pending, pendingBits)
}

/** Reads `count` codes; what is wrong shows in the reader. */
export function readClasses(reader: GroupReader, codesPtr: usize, count: i32): void {
  const split = readByte(reader)
  const symbols = readByte(reader)
  if (split > CLASS_SPLIT_MAX || symbols === 0 || symbols > classCount(split)) return fail(reader)
  if (!readFrequencies(reader, symbols, count)) return
  for (let symbol = 0; symbol < symbols; symbol++) {
    const ptr = CLASSES + ((symbol as usize) << 3)
    store<u32>(ptr, lowestOf(symbol, split))
    store<i32>(ptr, extraBitsOf(symbol, split), 4)
  }
  const tableLog = tableLogOf(count)
  const table = decodingTable(FREQUENCIES, symbols, tableLog)
  const source = reader.at
  const endBit = ((reader.end - source) << 3) as u32
  let state = (load<u64>(source) as u32) & ((1 << tableLog) - 1)
  let bit = tableLog as u32
  for (let index = 0; index < count; index++) {
    if (bit > endBit) return fail(reader)
    const entry = load<u32>(table + ((state as usize) << 2))
    const ptr = CLASSES + ((entry >>> 24) << 3)
    const extra = load<u32>(ptr, 4)
    const bits = (entry >>> 16) & 15
    const window = load<u64>(source + (bit >>> 3)) >> ((bit & 7) as u64)
    store<u32>(codesPtr + ((index as usize) << 2), load<u32>(ptr) + ((window as u32) & (((1 as u32) << extra) - 1)))
    state = (entry & 0xffff) + (((window >> (extra as u64)) as u32) & (((1 as u32) << bits) - 1))
    bit += extra + bits
  }
  endSymbols(reader, state, bit, endBit)
}

/** The last state is 0 and only padding is left: less than a byte, of zeros. */
export function endSymbols(reader: GroupReader, state: u32, bit: u32, endBit: u32): void {
  const rest = endBit - bit
  if (state !== 0 || bit > endBit || rest >= 8) return fail(reader)
  if (rest > 0 && load<u8>(reader.end - 1) >>> (8 - rest) !== 0) return fail(reader)
  reader.at = reader.end
}
