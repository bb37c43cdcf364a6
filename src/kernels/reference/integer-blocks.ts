import { COLUMN_BLOCK_VALUES, COLUMN_EXPONENT_SHIFT, COLUMN_ORDER_MAX } from '../../../assembly/layout'
import { bitWidth, type IntegerPairs, packBits, packedBytes, writeVarint } from './bits.js'

const blockCodes: IntegerPairs = new Int32Array(COLUMN_BLOCK_VALUES * 2)

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
