// Codes by classes: those below 2^split by themselves, above that all with the same leading bits, told apart by extra
// bits.

import { bitWidth } from './bits'
import { decodingTable, tableLogOf } from './entropy'
import { fail, GroupReader, readByte } from './group-reader'
import { CLASS_MAX_COUNT, CLASS_SPLIT_MAX } from './layout'
import {
  CODED,
  COUNTS,
  clearCounts,
  codedBytes,
  countOf,
  EXTRA_BITS,
  entropyQ8,
  FREQUENCIES,
  hasStatesFor,
  readFrequencies,
  setCount,
  weightNibbles,
  writeSymbols,
  writeWeights,
} from './symbols'

/** Per class: lowest code, extra bits. */
const CLASSES: usize = memory.data(CLASS_MAX_COUNT * 8, 16)
/** Counts of the classes of the finest split. */
const FINEST_COUNTS: usize = memory.data(CLASS_MAX_COUNT * 4, 16)
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

/** Classes of four codes at the finest split: below 16 the codes, above exponent and three bits of a float. */
function classLanes(codes: v128): v128 {
  // without the fourth bit below the highest one nothing can round up
  const floats = f32x4.convert_i32x4_u(v128.andnot(codes, i32x4.shr_u(codes, 4)))
  const classes = i32x4.sub(
    i32x4.shr_u(floats, 20),
    i32x4.splat(((127 + CLASS_SPLIT_MAX) << 3) - (1 << CLASS_SPLIT_MAX)),
  )
  return v128.bitselect(codes, classes, i32x4.lt_u(codes, i32x4.splat(1 << CLASS_SPLIT_MAX)))
}

/** Counts the classes of the codes at the finest split, and writes them to `CODED`; returns the number of symbols. */
function countClasses(codesPtr: usize, count: i32): i32 {
  clearCounts()
  let index = 0
  for (; index + 16 <= count; index += 16) {
    const ptr = codesPtr + ((index as usize) << 2)
    const low = i16x8.narrow_i32x4_u(classLanes(v128.load(ptr)), classLanes(v128.load(ptr, 16)))
    const high = i16x8.narrow_i32x4_u(classLanes(v128.load(ptr, 32)), classLanes(v128.load(ptr, 48)))
    v128.store(CODED + (index as usize), i8x16.narrow_i16x8_u(low, high))
  }
  for (; index < count; index++) {
    store<u8>(CODED + (index as usize), classOf(load<u32>(codesPtr + ((index as usize) << 2)), CLASS_SPLIT_MAX))
  }
  const end = CODED + (count as usize)
  for (let ptr = CODED; ptr < end; ptr++) {
    const countPtr = COUNTS + ((load<u8>(ptr) as usize) << 2)
    store<i32>(countPtr, load<i32>(countPtr) + 1)
  }
  let symbols = CLASS_MAX_COUNT
  while (countOf(symbols - 1) === 0) symbols--
  memory.copy(FINEST_COUNTS, COUNTS, CLASS_MAX_COUNT * 4)
  return symbols
}

/** Bytes << 3 | split of the codes as classes; -1 where the classes are too many for the states. */
export function planClasses(codesPtr: usize, count: i32): i32 {
  let symbols = countClasses(codesPtr, count)
  const tableLog = tableLogOf(count)
  let best = -1
  for (let split = CLASS_SPLIT_MAX; split >= 0; split--) {
    let extraBits = 0
    for (let symbol = 1 << split; symbol < symbols; symbol++) extraBits += countOf(symbol) * extraBitsOf(symbol, split)
    if (hasStatesFor(usedSymbols(symbols), count)) {
      const bitsQ8 = entropyQ8(symbols, count) + 256 * extraBits
      const bytes = 2 + codedBytes(weightNibbles(symbols), bitsQ8, tableLog)
      if (best < 0 || bytes < best >> 3) best = (bytes << 3) | split
    }
    if (split > 0) symbols = mergeClasses(symbols, split)
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

/** Turns the classes that `planClasses` left into those of a lower split; returns the number of symbols. */
function mergeFinest(count: i32, split: i32): i32 {
  clearCounts()
  let symbols = 0
  for (let symbol = 0; symbol < CLASS_MAX_COUNT; symbol++) {
    const occurrences = load<i32>(FINEST_COUNTS + ((symbol as usize) << 2))
    if (occurrences === 0) continue
    const merged = classOf(lowestOf(symbol, CLASS_SPLIT_MAX), split)
    store<u8>(MERGED + (symbol as usize), merged)
    setCount(merged, countOf(merged) + occurrences)
    symbols = merged + 1
  }
  if (split === CLASS_SPLIT_MAX) return symbols
  const end = CODED + (count as usize)
  for (let ptr = CODED; ptr < end; ptr++) store<u8>(ptr, load<u8>(MERGED + (load<u8>(ptr) as usize)))
  return symbols
}

/** Appends the codes as `planClasses` planned them; returns the address past them. */
export function writeClasses(codesPtr: usize, count: i32, split: i32, targetPtr: usize): usize {
  const symbols = mergeFinest(count, split)
  store<u8>(targetPtr, split)
  store<u8>(targetPtr, symbols, 1)
  for (let symbol = 0; symbol < symbols; symbol++) {
    store<u8>(EXTRA_BITS + (symbol as usize), extraBitsOf(symbol, split))
  }
  return writeSymbols(codesPtr, count, symbols, writeWeights(count, symbols, targetPtr + 2))
}

/** Reads `count` codes; false when they are none. */
export function readClasses(reader: GroupReader, codesPtr: usize, count: i32): bool {
  const split = readByte(reader)
  const symbols = readByte(reader)
  if (split > CLASS_SPLIT_MAX || symbols === 0 || symbols > classCount(split)) return fail(reader)
  if (!readFrequencies(reader, symbols, count)) return false
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
  return endSymbols(reader, state, bit, endBit)
}

/** The last state is 0 and only padding is left: less than a byte, of zeros. */
export function endSymbols(reader: GroupReader, state: u32, bit: u32, endBit: u32): bool {
  const rest = endBit - bit
  if (state !== 0 || bit > endBit || rest >= 8) return fail(reader)
  if (rest > 0 && load<u8>(reader.end - 1) >>> (8 - rest) !== 0) return fail(reader)
  reader.at = reader.end
  return true
}
