// Symbols by tabled asymmetric numeral systems (J. Duda, arXiv:1311.2540; layout as in the finite-state entropy coder of
// RFC 8878, 4.1). Frequencies travel as one of 15 weights per symbol, four bits each.

import { TABLE_LOG_MAX, TABLE_LOG_MIN } from '../../../assembly/layout'
import { bitWidth } from './bits.js'

const TABLE_MAX = 1 << TABLE_LOG_MAX
const SYMBOLS_MAX = 256

/** 4096 × 2^(−5 i / 7): the weights that the nibbles 1–15 stand for. */
const WEIGHTS = [0, 4096, 2497, 1522, 928, 565, 345, 210, 128, 78, 48, 29, 18, 11, 7, 4]
/** A symbol this share of the most frequent one, or more, takes the weight: the geometric mean with the next one. */
const SHARES = [0, 3198, 1949, 1188, 724, 442, 269, 164, 100, 61, 37, 23, 14, 9, 5]

/** 256 × log2 of 1 … 2047, to within 2. */
export function log2Q8(value: number): number {
  const whole = 31 - Math.clz32(value)
  const rest = ((value << 8) >> whole) - 256
  return (whole << 8) + rest + ((rest * (256 - rest) * 88) >> 16)
}

/** The nibble of a count, beside the largest count. */
export function weightOf(count: number, largest: number): number {
  const share = Math.floor((count * 4096) / largest)
  let weight = 1
  while (weight < 15 && share < SHARES[weight]!) weight++
  return weight
}

/** log2 of the states for a group: about as many as there are symbols to code. */
export function tableLogOf(count: number): number {
  return Math.min(TABLE_LOG_MAX, Math.max(TABLE_LOG_MIN, bitWidth(count - 1)))
}

/**
 * Frequencies of weighted symbols, 0 for those of weight 0: their sum is 2^tableLog. At most half as many symbols as
 * states have a weight.
 */
export function spreadWeights(weights: Uint8Array, symbols: number, tableLog: number, frequencies: Int32Array): void {
  const size = 1 << tableLog
  let total = 0
  for (let symbol = 0; symbol < symbols; symbol++) total += WEIGHTS[weights[symbol]]!
  let missing = size
  let largest = 0
  for (let symbol = 0; symbol < symbols; symbol++) {
    const weight = WEIGHTS[weights[symbol]]!
    const share = Math.floor((weight * size + (total >> 1)) / total)
    frequencies[symbol] = weight === 0 ? 0 : Math.max(1, share)
    missing -= frequencies[symbol]
    if (frequencies[symbol] > frequencies[largest]) largest = symbol
  }
  if (missing > 0) frequencies[largest] += missing
  for (; missing < 0; missing++) {
    for (let symbol = (largest = 0); symbol < symbols; symbol++) {
      if (frequencies[symbol] > frequencies[largest]) largest = symbol
    }
    frequencies[largest]--
  }
}

const spread = new Uint8Array(TABLE_MAX)
const nextState = new Int32Array(SYMBOLS_MAX)

function spreadSymbols(frequencies: Int32Array, symbols: number, tableLog: number): void {
  const size = 1 << tableLog
  const stride = (size >> 1) + (size >> 3) + 3
  for (let symbol = 0, at = 0; symbol < symbols; symbol++) {
    for (let left = frequencies[symbol]; left > 0; left--) {
      spread[at] = symbol
      at = (at + stride) & (size - 1)
    }
  }
}

/** Per state: the symbol, the bits to read for the next state, and what they are added to. */
export interface DecodingTable {
  symbols: Uint8Array
  bits: Uint8Array
  bases: Uint16Array
}

const decoding: DecodingTable = {
  symbols: spread,
  bits: new Uint8Array(TABLE_MAX),
  bases: new Uint16Array(TABLE_MAX),
}

/** The table is shared and good until the next call. */
export function decodingTable(frequencies: Int32Array, symbols: number, tableLog: number): DecodingTable {
  const size = 1 << tableLog
  spreadSymbols(frequencies, symbols, tableLog)
  nextState.set(frequencies.subarray(0, symbols))
  for (let state = 0; state < size; state++) {
    const next = nextState[spread[state]]++
    const bits = tableLog + 1 - bitWidth(next)
    decoding.bits[state] = bits
    decoding.bases[state] = (next << bits) - size
  }
  return decoding
}

const firstSlots = new Int32Array(SYMBOLS_MAX)
const bitThresholds = new Int32Array(SYMBOLS_MAX)
const states = new Uint16Array(TABLE_MAX)

/**
 * Codes symbols from the last to the first: `outputs` gets, per symbol, the bits that lead to the next state, and how
 * many, in the upper half. Returns the state that decoding begins with; it ends with 0.
 */
export function codeSymbols(
  coded: Uint8Array,
  count: number,
  frequencies: Int32Array,
  symbols: number,
  tableLog: number,
  outputs: Uint32Array,
): number {
  const size = 1 << tableLog
  spreadSymbols(frequencies, symbols, tableLog)
  for (let symbol = 0, slot = 0; symbol < symbols; symbol++) {
    const frequency = frequencies[symbol]
    // the state less this, shifted down by 16, is the number of bits that bring it into the symbol's range
    const most = frequency > 0 ? tableLog + 1 - bitWidth(Math.max(1, frequency - 1)) : 0
    bitThresholds[symbol] = frequency === 1 ? (tableLog << 16) - size : (most << 16) - (frequency << most)
    firstSlots[symbol] = slot - frequency
    nextState[symbol] = slot
    slot += frequency
  }
  for (let state = 0; state < size; state++) states[nextState[spread[state]]++] = size + state
  let state = size
  for (let index = count - 1; index >= 0; index--) {
    const symbol = coded[index]
    const bits = (state + bitThresholds[symbol]) >> 16
    outputs[index] = (state & ((1 << bits) - 1)) | (bits << 16)
    state = states[firstSlots[symbol] + (state >> bits)]
  }
  return state - size
}
