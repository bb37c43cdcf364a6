// The symbols of one group: how often each occurs, their weights, and the states they become.

import {
  log2Q8,
  prepareCoding,
  spreadWeights,
  stateBefore,
  TRANSITIONS,
  tableLogOf,
  transitionBits,
  weightOf,
} from './entropy'
import { endNibbles, fail, GroupReader, readNibble } from './group-reader'
import { DICTIONARY_MAX_COUNT, GROUP_WORDS, SYMBOLS_MAX_COUNT } from './layout'

/** Symbols of the group being written, a byte each. */
export const CODED: usize = memory.data(GROUP_WORDS, 16)
/** How often each symbol occurs; 16 more that never do. */
export const COUNTS: usize = memory.data((SYMBOLS_MAX_COUNT + 16) * 4, 16)
/** Bits of a group, written from the end: up to 31 + 9 per symbol, with room to store 8 bytes at a time. */
const BITS: usize = memory.data(GROUP_WORDS * 5 + 64, 16)
const BITS_END: usize = BITS + GROUP_WORDS * 5 + 48
/** Extra bits of each symbol's codes. */
export const EXTRA_BITS: usize = memory.data(SYMBOLS_MAX_COUNT, 16)
export const FREQUENCIES: usize = memory.data(SYMBOLS_MAX_COUNT * 4, 16)
const WEIGHTS: usize = memory.data(SYMBOLS_MAX_COUNT, 16)
/** Nibbles to be written, a byte each: gaps take up to 11 per symbol. */
const NIBBLES: usize = memory.data(DICTIONARY_MAX_COUNT * 11 + 1, 16)

export function clearCounts(): void {
  memory.fill(COUNTS, 0, (SYMBOLS_MAX_COUNT + 16) * 4)
}

export function countOf(symbol: i32): i32 {
  return load<i32>(COUNTS + ((symbol as usize) << 2))
}

export function setCount(symbol: i32, count: i32): void {
  store<i32>(COUNTS + ((symbol as usize) << 2), count)
}

/** Bytes of so many nibbles, so many bits in 1/256, and the first state. */
export function codedBytes(nibbles: i32, bitsQ8: i32, tableLog: i32): i32 {
  return ((nibbles + 1) >> 1) + ((bitsQ8 + (tableLog << 8) + 2047) >> 11)
}

/** Bits, in 1/256, of the symbols as counted. */
export function entropyQ8(symbols: i32, count: i32): i32 {
  let bits = count * log2Q8(count)
  for (let symbol = 0; symbol < symbols; symbol++) {
    const occurrences = countOf(symbol)
    if (occurrences > 0) bits -= occurrences * log2Q8(occurrences)
  }
  return bits
}

/** Whether a group of `count` symbols has states enough for so many different ones. */
export function hasStatesFor(symbols: i32, count: i32): bool {
  return 2 * symbols <= 1 << tableLogOf(count)
}

/** Symbols from `symbol` on, 16 at most, that do not occur. */
function absentRun(symbol: i32): i32 {
  let run = 0
  while (run < 16 && countOf(symbol + run) === 0) run++
  return run
}

/** Nibbles of the weights: one each, and two for up to 16 in a row that do not occur. */
export function weightNibbles(symbols: i32): i32 {
  let nibbles = 0
  for (let symbol = 0; symbol < symbols; symbol++) {
    nibbles++
    if (countOf(symbol) > 0) continue
    nibbles++
    symbol += absentRun(symbol) - 1
  }
  return nibbles
}

/** Puts a nibble among those to be written. */
export function putNibble(index: i32, nibble: i32): void {
  store<u8>(NIBBLES + (index as usize), nibble)
}

/** Appends the nibbles put, two to a byte; returns the address past them. */
export function writeNibbles(count: i32, targetPtr: usize): usize {
  putNibble(count, 0)
  const end = targetPtr + (((count + 1) >> 1) as usize)
  let source = NIBBLES
  for (let target = targetPtr; target < end; target++, source += 2) {
    store<u8>(target, load<u8>(source) | (load<u8>(source, 1) << 4))
  }
  return end
}

/** Appends the weights of `CODED`; returns the address past them. */
export function writeWeights(count: i32, symbols: i32, targetPtr: usize): usize {
  let largest = 0
  for (let symbol = 0; symbol < symbols; symbol++) largest = max(largest, countOf(symbol))
  memory.fill(WEIGHTS, 0, symbols as usize)
  let nibbles = 0
  for (let symbol = 0; symbol < symbols; symbol++) {
    const occurrences = countOf(symbol)
    if (occurrences > 0) {
      const weight = weightOf(occurrences, largest)
      store<u8>(WEIGHTS + (symbol as usize), weight)
      putNibble(nibbles++, weight)
    } else {
      const run = absentRun(symbol)
      putNibble(nibbles++, 0)
      putNibble(nibbles++, run - 1)
      symbol += run - 1
    }
  }
  spreadWeights(WEIGHTS, symbols, tableLogOf(count), FREQUENCIES)
  return writeNibbles(nibbles, targetPtr)
}

/**
 * Appends first state, extra bits of the codes at `codesPtr` and transitions for `CODED`, after `writeWeights`; returns
 * the address past them. States are found from the last symbol to the first, so the bits are too, and then moved to
 * begin with a byte.
 */
export function writeSymbols(codesPtr: usize, count: i32, symbols: i32, targetPtr: usize): usize {
  const tableLog = tableLogOf(count)
  prepareCoding(FREQUENCIES, symbols, tableLog)
  let state = 1 << tableLog
  let pending: u64 = 0
  let pendingBits = 0
  let ptr = BITS_END
  store<u64>(BITS_END, 0)
  for (let index = count - 1; index >= 0; index--) {
    const symbol = load<u8>(CODED + (index as usize)) as usize
    const transition = TRANSITIONS + (symbol << 3)
    const extra = load<u8>(EXTRA_BITS + symbol) as i32
    const code = load<u32>(codesPtr + ((index as usize) << 2)) & (((1 as u32) << extra) - 1)
    const bits = transitionBits(transition, state)
    const word = (code as u64) | (((state & ((1 << bits) - 1)) as u64) << (extra as u64))
    state = stateBefore(transition, state, bits)
    // at most 7 + 31 + 9 bits; only whole bytes are left behind
    pending = (pending << ((extra + bits) as u64)) | word
    pendingBits += extra + bits
    store<u64>(ptr - 8, pending << ((64 - pendingBits) as u64))
    ptr -= (pendingBits >> 3) as usize
    pendingBits &= 7
  }
  pending = (pending << (tableLog as u64)) | ((state - (1 << tableLog)) as u64)
  pendingBits += tableLog
  store<u64>(ptr - 8, pending << ((64 - pendingBits) as u64))
  ptr -= ((pendingBits + 7) >> 3) as usize
  return moveBits(ptr, -pendingBits & 7, targetPtr)
}

/** Copies the bits up to the end, without the first few; returns the address past them. */
function moveBits(sourcePtr: usize, skippedBits: i32, targetPtr: usize): usize {
  const totalBits = (((BITS_END - sourcePtr) as i32) << 3) - skippedBits
  const end = targetPtr + (((totalBits + 7) >> 3) as usize)
  const skipped = skippedBits as u64
  let source = sourcePtr
  for (let target = targetPtr; target < end; target += 7, source += 7) store<u64>(target, load<u64>(source) >> skipped)
  return end
}

/** Reads the weights of `symbols` symbols for a group of `count` into `FREQUENCIES`; false when they are none. */
export function readFrequencies(reader: GroupReader, symbols: i32, count: i32): bool {
  let used = 0
  memory.fill(WEIGHTS, 0, symbols as usize)
  for (let symbol = 0; symbol < symbols; symbol++) {
    const weight = readNibble(reader)
    store<u8>(WEIGHTS + (symbol as usize), weight)
    if (weight > 0) used++
    else symbol += readNibble(reader)
    if (symbol >= symbols) fail(reader)
  }
  endNibbles(reader)
  if (load<u8>(WEIGHTS + ((symbols - 1) as usize)) === 0 || !hasStatesFor(used, count)) fail(reader)
  if (reader.isFailed) return false
  spreadWeights(WEIGHTS, symbols, tableLogOf(count), FREQUENCIES)
  return true
}
