import { COLUMN_BLOCK_VALUES } from '../../../assembly/layout'

/**
 * 64-bit integers as pairs of 32-bit words, the low word first: a view of a little-endian BigInt64Array, and as quick
 * as plain numbers. Typed arrays are little-endian on every engine this runs on.
 */
export type IntegerPairs = Int32Array

/** Bytes of the block's packed values, as words; one more so that a value may be read across the end. */
const packedWords = new Int32Array(COLUMN_BLOCK_VALUES * 2 + 2)
const packedBytesView = new Uint8Array(packedWords.buffer)
export function packedBytes(count: number, width: number): number {
  return (count * width + 7) >>> 3
}

/** Bits an integer of two words needs. */
export function bitWidth(low: number, high: number): number {
  return high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high)
}

/** LEB128, of an integer of two words; returns the offset past it. */
export function writeVarint(target: Uint8Array, offset: number, low: number, high = 0): number {
  let at = offset
  let [restLow, restHigh] = [low, high]
  while (restHigh !== 0 || restLow >>> 0 >= 128) {
    target[at++] = (restLow & 127) | 128
    restLow = (restLow >>> 7) | (restHigh << 25)
    restHigh >>>= 7
  }
  target[at++] = restLow
  return at
}

/** Packs one block, least significant bit first; returns the offset past it. */
export function packBits(
  codes: IntegerPairs,
  count: number,
  width: number,
  target: Uint8Array,
  offset: number,
): number {
  const bytes = packedBytes(count, width)
  packedWords.fill(0, 0, (bytes >>> 2) + 2)
  for (let index = 0, bit = 0; index < count; index++, bit += width) {
    const word = bit >>> 5
    const shift = bit & 31
    const low = codes[index * 2]
    packedWords[word] |= low << shift
    // two shifts: one by 32 would shift by 0
    packedWords[word + 1] |= (low >>> 1) >>> (31 - shift)
    if (width > 32) {
      const high = codes[index * 2 + 1]
      packedWords[word + 1] |= high << shift
      if (width + shift > 64) packedWords[word + 2] |= (high >>> 1) >>> (31 - shift)
    }
  }
  target.set(packedBytesView.subarray(0, bytes), offset)
  return offset + bytes
}

/** Unpacks one block; `codes` holds pairs. */
export function unpackBits(
  source: Uint8Array,
  offset: number,
  count: number,
  width: number,
  codes: IntegerPairs,
): void {
  const bytes = packedBytes(count, width)
  packedBytesView.set(source.subarray(offset, offset + bytes))
  const lowMask = width >= 32 ? -1 : (1 << width) - 1
  const highMask = width <= 32 ? 0 : width === 64 ? -1 : (1 << (width - 32)) - 1
  for (let index = 0, bit = 0; index < count; index++, bit += width) {
    const word = bit >>> 5
    const shift = bit & 31
    const middle = packedWords[word + 1]
    codes[index * 2] = ((packedWords[word] >>> shift) | ((middle << 1) << (31 - shift))) & lowMask
    codes[index * 2 + 1] =
      highMask === 0 ? 0 : ((middle >>> shift) | ((packedWords[word + 2] << 1) << (31 - shift))) & highMask
  }
}
