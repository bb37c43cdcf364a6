/**
 * 64-bit integers as pairs of 32-bit words, the low word first: a view of a little-endian BigInt64Array, and as quick
 * as plain numbers. Typed arrays are little-endian on every engine this runs on.
 */
export type IntegerPairs = Int32Array

/** Appends LEB128 of an integer of two words; returns the offset past it. */
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

/** Appends the zigzag code of a signed integer of two words. */
export function writeSignedVarint(target: Uint8Array, offset: number, low: number, high: number): number {
  const sign = high >> 31
  return writeVarint(target, offset, (low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign)
}

/** Reads varints whose form was checked. */
export class VarintReader {
  readonly source: Uint8Array
  at: number
  /** High word of the integer read last. */
  high = 0

  constructor(source: Uint8Array, at: number) {
    this.source = source
    this.at = at
  }

  /** Low word of the next integer. */
  read(): number {
    let low = 0
    let high = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.source[this.at++]!
      const bits = byte & 127
      if (shift < 32) low |= bits << shift
      if (shift > 25) high |= shift < 32 ? bits >>> (32 - shift) : bits << (shift - 32)
      if (byte < 128) break
    }
    this.high = high
    return low
  }

  /** Low word of the next integer, zigzag undone. */
  readSigned(): number {
    const low = this.read()
    const sign = -(low & 1)
    const signed = ((low >>> 1) | (this.high << 31)) ^ sign
    this.high = (this.high >>> 1) ^ sign
    return signed
  }
}
