// Codes by classes: those below 2^split by themselves, above that all with the same leading bits, told apart by extra
// bits.

import { CLASS_MAX_COUNT, CLASS_SPLIT_MAX } from '../../../assembly/layout'
import { BitReader, bitWidth } from './bits.js'
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
  weightNibbles,
  writeSymbolTable,
} from './symbols.js'

function classOf(code: number, split: number): number {
  const width = bitWidth(code)
  if (width <= split) return code
  const kept = split === 0 ? 0 : split - 1
  return (1 << split) + ((width - split - 1) << kept) + ((code >>> (width - 1 - kept)) - (1 << kept))
}

/** Extra bits of a class above the direct ones. */
function extraBitsOf(symbol: number, split: number): number {
  if (symbol < 1 << split) return 0
  const kept = split === 0 ? 0 : split - 1
  return split + ((symbol - (1 << split)) >> kept) - kept
}

/** Lowest code of a class. */
function lowestOf(symbol: number, split: number): number {
  if (symbol < 1 << split) return symbol
  const kept = split === 0 ? 0 : split - 1
  const above = symbol - (1 << split)
  return ((1 << kept) + (above & ((1 << kept) - 1))) * 2 ** (split + (above >> kept) - kept)
}

/** Classes of 32-bit codes by split. */
const CLASS_COUNTS = [33, 33, 64, 124, CLASS_MAX_COUNT]
const lowest = new Uint32Array(CLASS_MAX_COUNT)
const extraBits = new Uint8Array(CLASS_MAX_COUNT)

function usedSymbols(symbols: number): number {
  let used = 0
  for (let symbol = 0; symbol < symbols; symbol++) if (counts[symbol] > 0) used++
  return used
}

/** Bytes and split of the codes as classes; undefined where the classes are too many for the states. */
export function planClasses(codes: Uint32Array, count: number): { split: number; bytes: number } | undefined {
  counts.fill(0)
  let symbols = 0
  for (let index = 0; index < count; index++) {
    const symbol = classOf(codes[index], CLASS_SPLIT_MAX)
    counts[symbol]++
    if (symbol >= symbols) symbols = symbol + 1
  }
  const tableLog = tableLogOf(count)
  let best: { split: number; bytes: number } | undefined
  for (let split = CLASS_SPLIT_MAX; split >= 0; split--) {
    let extraBits = 0
    for (let symbol = 1 << split; symbol < symbols; symbol++) extraBits += counts[symbol] * extraBitsOf(symbol, split)
    if (hasStatesFor(usedSymbols(symbols), count)) {
      const bytes = 2 + codedBytes(weightNibbles(symbols), entropyQ8(symbols, count) + 256 * extraBits, tableLog)
      if (best === undefined || bytes < best.bytes) best = { split, bytes }
    }
    if (split > 0) symbols = mergeClasses(symbols, split)
  }
  return best
}

/** Counts at this split become those at the next lower one; returns the symbols there are. */
function mergeClasses(symbols: number, split: number): number {
  let merged = 0
  for (let symbol = 0; symbol < symbols; symbol++) {
    const count = counts[symbol]
    counts[symbol] = 0
    if (count === 0) continue
    const target = classOf(lowestOf(symbol, split), split - 1)
    counts[target] += count
    merged = target + 1
  }
  return merged
}

/** Appends the codes; returns the offset past them. */
export function writeClasses(
  codes: Uint32Array,
  count: number,
  split: number,
  target: Uint8Array,
  offset: number,
): number {
  counts.fill(0)
  let symbols = 0
  for (let index = 0; index < count; index++) {
    const symbol = classOf(codes[index], split)
    coded[index] = symbol
    counts[symbol]++
    if (symbol >= symbols) symbols = symbol + 1
  }
  target[offset] = split
  target[offset + 1] = symbols
  const writer = writeSymbolTable(count, symbols, target, offset + 2)
  for (let index = 0; index < count; index++) {
    const extra = extraBitsOf(coded[index], split)
    writer.write(codes[index] & ((1 << extra) - 1), extra)
    writer.write(outputs[index] & 0xffff, outputs[index] >>> 16)
  }
  return writer.finish()
}

/** Reads `count` codes; false when they are none. */
export function readClasses(reader: GroupReader, codes: Uint32Array, count: number): boolean {
  const split = reader.byte()
  const symbols = reader.byte()
  if (split > CLASS_SPLIT_MAX || symbols === 0 || symbols > CLASS_COUNTS[split]) return reader.fail()
  const frequencies = readFrequencies(reader, symbols, count)
  if (frequencies === undefined) return false
  for (let symbol = 0; symbol < symbols; symbol++) {
    lowest[symbol] = lowestOf(symbol, split)
    extraBits[symbol] = extraBitsOf(symbol, split)
  }
  const tableLog = tableLogOf(count)
  const table = decodingTable(frequencies, symbols, tableLog)
  const bits = new BitReader(reader.source, reader.at, reader.end)
  let state = bits.read(tableLog)
  for (let index = 0; index < count; index++) {
    const symbol = table.symbols[state]
    codes[index] = lowest[symbol] + bits.read(extraBits[symbol])
    state = table.bases[state] + bits.read(table.bits[state])
    if (bits.isOverrun) return reader.fail()
  }
  if (state !== 0 || !bits.isAtEnd) return reader.fail()
  reader.at = reader.end
  return true
}
