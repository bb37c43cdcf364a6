// Symbols by tabled asymmetric numeral systems (J. Duda, arXiv:1311.2540; layout as in the finite-state entropy coder of
// RFC 8878, 4.1). Frequencies travel as one of 15 weights per symbol, four bits each.

import { bitWidth } from './bits'
import { SYMBOLS_MAX_COUNT, TABLE_LOG_MAX, TABLE_LOG_MIN } from './layout'

const TABLE_MAX = 1 << TABLE_LOG_MAX

/** 4096 × 2^(−5 i / 7): the weights that the nibbles 1–15 stand for. */
const WEIGHTS: usize = memory.data<i32>([0, 4096, 2497, 1522, 928, 565, 345, 210, 128, 78, 48, 29, 18, 11, 7, 4])
/** A symbol this share of the most frequent one, or more, takes the weight: the geometric mean with the next one. */
const SHARES: usize = memory.data<i32>([0, 3198, 1949, 1188, 724, 442, 269, 164, 100, 61, 37, 23, 14, 9, 5, 0])

const SPREAD: usize = memory.data(TABLE_MAX, 16)
const NEXT: usize = memory.data(SYMBOLS_MAX_COUNT * 4, 16)
/** Decoding, per state: the base of the next state, the bits to read for it, and the symbol. */
const DECODING: usize = memory.data(TABLE_MAX * 4, 16)
/** Coding, per symbol: threshold for the number of bits, first slot. */
export const TRANSITIONS: usize = memory.data(SYMBOLS_MAX_COUNT * 8, 16)
/** Coding: states by slot. */
const STATES: usize = memory.data(TABLE_MAX * 2, 16)

/** 256 × log2 of 1 … 2047, to within 2. */
export function log2Q8(value: i32): i32 {
  const whole = 31 - (clz<i32>(value) as i32)
  const rest = ((value << 8) >> whole) - 256
  return (whole << 8) + rest + ((rest * (256 - rest) * 88) >> 16)
}

/** The nibble of a count, beside the largest count. */
export function weightOf(count: i32, largest: i32): i32 {
  const share = (count * 4096) / largest
  let weight = 1
  while (weight < 15 && share < load<i32>(SHARES + ((weight as usize) << 2))) weight++
  return weight
}

/** log2 of the states for a group: about as many as there are symbols to code. */
export function tableLogOf(count: i32): i32 {
  return min(TABLE_LOG_MAX, max(TABLE_LOG_MIN, bitWidth(count - 1)))
}

function weightAt(weightsPtr: usize, symbol: i32): i32 {
  return load<i32>(WEIGHTS + ((load<u8>(weightsPtr + (symbol as usize)) as usize) << 2))
}

/**
 * Frequencies of weighted symbols, 0 for those of weight 0: their sum is 2^tableLog. At most half as many symbols as
 * states have a weight.
 */
export function spreadWeights(weightsPtr: usize, symbols: i32, tableLog: i32, frequenciesPtr: usize): void {
  const size = 1 << tableLog
  let total = 0
  for (let symbol = 0; symbol < symbols; symbol++) total += weightAt(weightsPtr, symbol)
  const half = total >> 1
  let missing = size
  let largestPtr = frequenciesPtr
  for (let symbol = 0; symbol < symbols; symbol++) {
    const weight = weightAt(weightsPtr, symbol)
    const frequency = weight === 0 ? 0 : max(1, (weight * size + half) / total)
    const ptr = frequenciesPtr + ((symbol as usize) << 2)
    store<i32>(ptr, frequency)
    missing -= frequency
    if (frequency > load<i32>(largestPtr)) largestPtr = ptr
  }
  if (missing > 0) store<i32>(largestPtr, load<i32>(largestPtr) + missing)
  const end = frequenciesPtr + ((symbols as usize) << 2)
  for (; missing < 0; missing++) {
    largestPtr = frequenciesPtr
    for (let ptr = frequenciesPtr; ptr < end; ptr += 4) if (load<i32>(ptr) > load<i32>(largestPtr)) largestPtr = ptr
    store<i32>(largestPtr, load<i32>(largestPtr) - 1)
  }
}

function spreadSymbols(frequenciesPtr: usize, symbols: i32, tableLog: i32): void {
  const size = 1 << tableLog
  const stride = (size >> 1) + (size >> 3) + 3
  let at = 0
  for (let symbol = 0; symbol < symbols; symbol++) {
    for (let left = load<i32>(frequenciesPtr + ((symbol as usize) << 2)); left > 0; left--) {
      store<u8>(SPREAD + (at as usize), symbol)
      at = (at + stride) & (size - 1)
    }
  }
}

/** Fills a table with one entry per state: base of the next state, bits << 16, symbol << 24. Returns its address. */
export function decodingTable(frequenciesPtr: usize, symbols: i32, tableLog: i32): usize {
  const size = 1 << tableLog
  spreadSymbols(frequenciesPtr, symbols, tableLog)
  memory.copy(NEXT, frequenciesPtr, (symbols as usize) << 2)
  for (let state = 0; state < size; state++) {
    const symbol = load<u8>(SPREAD + (state as usize)) as u32
    const nextPtr = NEXT + ((symbol as usize) << 2)
    const next = load<i32>(nextPtr)
    store<i32>(nextPtr, next + 1)
    const bits = tableLog + 1 - bitWidth(next)
    store<u32>(
      DECODING + ((state as usize) << 2),
      (((next << bits) - size) as u32) | ((bits as u32) << 16) | (symbol << 24),
    )
  }
  return DECODING
}

/** Fills `TRANSITIONS` for `stateBefore`. */
export function prepareCoding(frequenciesPtr: usize, symbols: i32, tableLog: i32): void {
  const size = 1 << tableLog
  spreadSymbols(frequenciesPtr, symbols, tableLog)
  let slot = 0
  for (let symbol = 0; symbol < symbols; symbol++) {
    const frequency = load<i32>(frequenciesPtr + ((symbol as usize) << 2))
    // the state less this, shifted down by 16, is the number of bits that bring it into the symbol's range
    const most = tableLog + 1 - bitWidth(max(1, frequency - 1))
    const transition = TRANSITIONS + ((symbol as usize) << 3)
    store<i32>(transition, frequency === 1 ? (tableLog << 16) - size : (most << 16) - (frequency << most))
    store<i32>(transition, slot - frequency, 4)
    store<i32>(NEXT + ((symbol as usize) << 2), slot)
    slot += frequency
  }
  for (let state = 0; state < size; state++) {
    const nextPtr = NEXT + ((load<u8>(SPREAD + (state as usize)) as usize) << 2)
    const next = load<i32>(nextPtr)
    store<i32>(nextPtr, next + 1)
    store<u16>(STATES + ((next as usize) << 1), size + state)
  }
}

/** Bits that lead from the state before a symbol, coded last to first, to `state`. */
export function transitionBits(transition: usize, state: i32): i32 {
  return (state + load<i32>(transition)) >> 16
}

/** The state before the symbol, of which `bits` low bits of `state` were written. */
export function stateBefore(transition: usize, state: i32, bits: i32): i32 {
  return load<u16>(STATES + (((load<i32>(transition, 4) + (state >> bits)) as usize) << 1)) as i32
}
