import { COLUMN_BLOCK_VALUES, COLUMN_EXPONENT_SHIFT, COLUMN_ORDER_MAX } from '../../../assembly/layout'

/**
 * 64-bit integers as pairs of 32-bit words, the low word first: a view of a little-endian BigInt64Array, and as quick
 * as plain numbers. Typed arrays are little-endian on every engine this runs on.
 */
export type IntegerPairs = Int32Array

/** Bytes of the block's packed values, as words; one more so that a value may be read across the end. */
const packedWords = new Int32Array(COLUMN_BLOCK_VALUES * 2 + 2)
const packedBytesView = new Uint8Array(packedWords.buffer)
const blockCodes: IntegerPairs = new Int32Array(COLUMN_BLOCK_VALUES * 2)

export function packedBytes(count: number, width: number): number {
  return (count * width + 7) >>> 3
}

function bitWidth(low: number, high: number): number {
  return high === 0 ? 32 - Math.clz32(low) : 64 - Math.clz32(high)
}

/** Zigzagged differences of `count` integers from `first` on, into `codes`; returns the bits the widest needs. */
function zigzagBlock(integers: IntegerPairs, first: number, count: number, order: number, codes: IntegerPairs): number {
  let anyLow = 0
  let anyHigh = 0
  for (let index = 0; index < count; index++) {
    const at = (first + index) * 2
    let low = integers[at]
    let high = integers[at + 1]
    if (order > 0) {
      const low1 = integers[at - 2]
      const high1 = integers[at - 1]
      high = (high - high1 - (low >>> 0 < low1 >>> 0 ? 1 : 0)) | 0
      low = (low - low1) | 0
      if (order > 1) {
        const low2 = integers[at - 4]
        const slopeLow = (low1 - low2) | 0
        const slopeHigh = (high1 - integers[at - 3] - (low1 >>> 0 < low2 >>> 0 ? 1 : 0)) | 0
        high = (high - slopeHigh - (low >>> 0 < slopeLow >>> 0 ? 1 : 0)) | 0
        low = (low - slopeLow) | 0
      }
    }
    const sign = high >> 31
    const codeLow = (low << 1) ^ sign
    const codeHigh = ((high << 1) | (low >>> 31)) ^ sign
    codes[index * 2] = codeLow
    codes[index * 2 + 1] = codeHigh
    anyLow |= codeLow
    anyHigh |= codeHigh
  }
  return bitWidth(anyLow, anyHigh)
}

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

function payloadBytes(integers: IntegerPairs, count: number, order: number, limitBytes: number): number {
  let bytes = 1
  for (let head = 0; head < order; head++) {
    bytes += Math.max(1, Math.ceil(zigzagBlock(integers, head, 1, head, blockCodes) / 7))
  }
  for (let first = order; first < count && bytes < limitBytes; first += COLUMN_BLOCK_VALUES) {
    const blockCount = Math.min(count - first, COLUMN_BLOCK_VALUES)
    bytes += 1 + packedBytes(blockCount, zigzagBlock(integers, first, blockCount, order, blockCodes))
  }
  return bytes
}

/** The smallest integer payload below `limitBytes`, if any. The lower order wins a tie. */
export function planIntegers(
  integers: IntegerPairs,
  count: number,
  limitBytes: number,
): { bytes: number; order: number } | undefined {
  let plan: { bytes: number; order: number } | undefined
  for (let order = 0; order <= Math.min(COLUMN_ORDER_MAX, count); order++) {
    const limit = plan?.bytes ?? limitBytes
    const bytes = payloadBytes(integers, count, order, limit)
    if (bytes < limit) plan = { bytes, order }
  }
  return plan
}

function packBits(codes: IntegerPairs, count: number, width: number, target: Uint8Array, offset: number): number {
  const bytes = packedBytes(count, width)
  packedWords.fill(0, 0, (bytes >>> 2) + 2)
  for (let index = 0, bit = 0; index < count; index++, bit += width) {
    const word = bit >>> 5
    const shift = bit & 31
    const low = codes[index * 2]
    packedWords[word] |= low << shift
    // two shifts: one by 32 would shift by 0
    packedWords[word + 1] |= low >>> 1 >>> (31 - shift)
    if (width > 32) {
      const high = codes[index * 2 + 1]
      packedWords[word + 1] |= high << shift
      if (width + shift > 64) packedWords[word + 2] |= high >>> 1 >>> (31 - shift)
    }
  }
  target.set(packedBytesView.subarray(0, bytes), offset)
  return offset + bytes
}

/** Unpacks one block; `codes` holds pairs. */
export function unpackBits(source: Uint8Array, offset: number, count: number, width: number, codes: IntegerPairs): void {
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

/** Writes the integer payload and returns the offset past it. */
export function writeIntegers(
  integers: IntegerPairs,
  count: number,
  order: number,
  exponent: number,
  target: Uint8Array,
  offset: number,
): number {
  let at = offset
  target[at++] = order | (exponent << COLUMN_EXPONENT_SHIFT)
  for (let head = 0; head < order; head++) {
    zigzagBlock(integers, head, 1, head, blockCodes)
    at = writeVarint(target, at, blockCodes[0], blockCodes[1])
  }
  for (let first = order; first < count; first += COLUMN_BLOCK_VALUES) {
    const blockCount = Math.min(count - first, COLUMN_BLOCK_VALUES)
    const width = zigzagBlock(integers, first, blockCount, order, blockCodes)
    target[at++] = width
    at = packBits(blockCodes, blockCount, width, target, at)
  }
  return at
}

/** The last value and difference, as pairs: what the next block goes on from. */
export type Carry = Int32Array

/** Turns zigzagged differences back into integers, in place. */
export function integrateBlock(codes: IntegerPairs, count: number, order: number, carry: Carry): void {
  let [low, high, slopeLow, slopeHigh] = carry
  for (let at = 0; at < count * 2; at += 2) {
    const sign = -(codes[at] & 1)
    let stepLow = ((codes[at] >>> 1) | (codes[at + 1] << 31)) ^ sign
    let stepHigh = (codes[at + 1] >>> 1) ^ sign
    if (order > 1) {
      const sum = (stepLow >>> 0) + (slopeLow >>> 0)
      slopeHigh = (stepHigh + slopeHigh + (sum > 0xffffffff ? 1 : 0)) | 0
      slopeLow = sum | 0
      stepLow = slopeLow
      stepHigh = slopeHigh
    }
    if (order > 0) {
      const sum = (low >>> 0) + (stepLow >>> 0)
      high = (high + stepHigh + (sum > 0xffffffff ? 1 : 0)) | 0
      low = sum | 0
    } else {
      low = stepLow
      high = stepHigh
    }
    codes[at] = low
    codes[at + 1] = high
  }
  carry[0] = low
  carry[1] = high
  carry[2] = slopeLow
  carry[3] = slopeHigh
}
