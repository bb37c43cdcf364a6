/** Bits a 32-bit word needs, read as unsigned. */
export function bitWidth(word: number): number {
  return 32 - Math.clz32(word)
}

/** 0, −1, 1, −2 … become 0, 1, 2, 3 …: small either way. Takes and gives 32-bit words. */
export function zigzag(word: number): number {
  return (word << 1) ^ (word >> 31)
}

export function unzigzag(code: number): number {
  return (code >>> 1) ^ -(code & 1)
}

/** Appends bits to bytes, the least significant first. */
export class BitWriter {
  readonly #target: Uint8Array
  #at: number
  #pending = 0
  #pendingBits = 0

  constructor(target: Uint8Array, offset: number) {
    this.#target = target
    this.#at = offset
  }

  /** The lowest `width` bits, 0–32, of a word whose others are zero. */
  write(word: number, width: number): void {
    this.#pending |= word << this.#pendingBits
    const total = this.#pendingBits + width
    if (total < 32) {
      this.#pendingBits = total
      return
    }
    this.#flush(4)
    // two shifts: one by 32 would shift by 0
    this.#pending = this.#pendingBits === 0 ? 0 : word >>> (32 - this.#pendingBits)
    this.#pendingBits = total - 32
  }

  /** Writes what is left, padded with zeros; returns the offset past it. */
  finish(): number {
    this.#flush((this.#pendingBits + 7) >>> 3)
    return this.#at
  }

  #flush(bytes: number): void {
    for (let index = 0; index < bytes; index++) this.#target[this.#at++] = this.#pending >>> (8 * index)
  }
}

/** Reads bits of bytes; past the end they are zeros, and `isOverrun` says so. */
export class BitReader {
  readonly #source: Uint8Array
  readonly #endBit: number
  #bit: number

  constructor(source: Uint8Array, offset: number, end: number) {
    this.#source = source
    this.#bit = offset * 8
    this.#endBit = end * 8
  }

  /** The next `width` bits, 0–32, as an unsigned number. */
  read(width: number): number {
    const byte = this.#bit >>> 3
    const shift = this.#bit & 7
    const source = this.#source
    this.#bit += width
    if (width <= 24) {
      const window = source[byte]! | (source[byte + 1]! << 8) | (source[byte + 2]! << 16) | (source[byte + 3]! << 24)
      return (window >>> shift) & ((1 << width) - 1)
    }
    let value = 0
    let taken = 8 - shift
    value = source[byte]! >>> shift
    for (let index = byte + 1; taken < width; index++, taken += 8) value += (source[index] ?? 0) * 2 ** taken
    return width === 32 ? value % 4_294_967_296 : value % 2 ** width
  }

  get isOverrun(): boolean {
    return this.#bit > this.#endBit
  }

  /** Whether only padding is left: less than a byte, of zeros. */
  get isAtEnd(): boolean {
    const rest = this.#endBit - this.#bit
    return rest >= 0 && rest < 8 && this.#source[this.#endBit / 8 - 1]! >>> (8 - rest) === 0
  }
}
