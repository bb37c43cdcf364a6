// The symbols of one group: how often each occurs, their weights, and the states they become.

import { GROUP_WORDS } from '../../../assembly/layout'
import { BitWriter } from './bits.js'
import { codeSymbols, log2Q8, spreadWeights, tableLogOf, weightOf } from './entropy.js'
import type { GroupReader } from './group-reader.js'

/** Symbols of the group being written. */
export const coded = new Uint8Array(GROUP_WORDS)
/** How often each symbol occurs. */
export const counts = new Int32Array(256)
/** Per symbol, after `writeSymbolTable`: bits to the next state, how many in the upper half. */
export const outputs = new Uint32Array(GROUP_WORDS)
const weights = new Uint8Array(256)
const frequencies = new Int32Array(256)

/** Bytes of so many nibbles, so many bits in 1/256, and the first state. */
export function codedBytes(nibbles: number, bitsQ8: number, tableLog: number): number {
  return ((nibbles + 1) >> 1) + ((bitsQ8 + (tableLog << 8) + 2047) >> 11)
}

/** Bits, in 1/256, of the symbols as counted. */
export function entropyQ8(symbols: number, count: number): number {
  let bits = count * log2Q8(count)
  for (let symbol = 0; symbol < symbols; symbol++) {
    if (counts[symbol] > 0) bits -= counts[symbol] * log2Q8(counts[symbol])
  }
  return bits
}

/** Whether a group of `count` symbols has states enough for so many different ones. */
export function hasStatesFor(symbols: number, count: number): boolean {
  return 2 * symbols <= 1 << tableLogOf(count)
}

/** Symbols from `symbol` on, 16 at most, that do not occur. */
function absentRun(symbol: number): number {
  let run = 0
  while (run < 16 && counts[symbol + run] === 0) run++
  return run
}

/** Nibbles of the weights: one each, and two for up to 16 in a row that do not occur. */
export function weightNibbles(symbols: number): number {
  let nibbles = 0
  for (let symbol = 0; symbol < symbols; symbol++) {
    nibbles++
    if (counts[symbol] > 0) continue
    nibbles++
    symbol += absentRun(symbol) - 1
  }
  return nibbles
}

/** Appends weights and first state for `coded`; what follows is the caller's, with `outputs` in between. */
export function writeSymbolTable(count: number, symbols: number, target: Uint8Array, offset: number): BitWriter {
  let largest = 0
  for (let symbol = 0; symbol < symbols; symbol++) largest = Math.max(largest, counts[symbol])
  const writer = new BitWriter(target, offset)
  weights.fill(0)
  for (let symbol = 0; symbol < symbols; symbol++) {
    if (counts[symbol] > 0) {
      weights[symbol] = weightOf(counts[symbol], largest)
      writer.write(weights[symbol], 4)
    } else {
      const run = absentRun(symbol)
      writer.write((run - 1) << 4, 8)
      symbol += run - 1
    }
  }
  const tableLog = tableLogOf(count)
  spreadWeights(weights, symbols, tableLog, frequencies)
  const state = codeSymbols(coded, count, frequencies, symbols, tableLog, outputs)
  const bits = new BitWriter(target, writer.finish())
  bits.write(state, tableLog)
  return bits
}

/** Reads weights of `symbols` symbols for a group of `count`; undefined, and a failed reader, when they are none. */
export function readFrequencies(reader: GroupReader, symbols: number, count: number): Int32Array | undefined {
  let used = 0
  weights.fill(0)
  for (let symbol = 0; symbol < symbols; symbol++) {
    weights[symbol] = reader.nibble()
    if (weights[symbol] > 0) used++
    else symbol += reader.nibble()
    if (symbol >= symbols) reader.fail()
  }
  reader.endNibbles()
  if (weights[symbols - 1] === 0 || !hasStatesFor(used, count)) reader.fail()
  if (reader.isFailed) return undefined
  spreadWeights(weights, symbols, tableLogOf(count), frequencies)
  return frequencies
}
