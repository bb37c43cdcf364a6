/** Reads the content of one group, of any origin: past its end everything is zero and the reader has failed. */
export class GroupReader {
  readonly source: Uint8Array
  readonly end: number
  at: number
  isFailed = false

  constructor(source: Uint8Array, at: number, end: number) {
    this.source = source
    this.at = at
    this.end = end
  }

  /** Returns false, for the reading function to return. */
  fail(): boolean {
    this.isFailed = true
    return false
  }

  byte(): number {
    if (this.at >= this.end) {
      this.isFailed = true
      return 0
    }
    return this.source[this.at++]
  }

  /** Offset of the next `bytes` bytes, which are read. */
  skip(bytes: number): number {
    const { at } = this
    if (bytes > this.end - at) this.isFailed = true
    else this.at += bytes
    return at
  }

  #half = -1

  /** The next four bits, the low half of a byte first. */
  nibble(): number {
    if (this.#half >= 0) {
      const high = this.#half
      this.#half = -1
      return high
    }
    const byte = this.byte()
    this.#half = byte >> 4
    return byte & 15
  }

  /** Ends a run of nibbles: a half byte left over is zero. */
  endNibbles(): void {
    if (this.#half > 0) this.fail()
    this.#half = -1
  }

  /** An integer of up to 32 bits, three in each nibble, in its shortest form. */
  nibbles(): number {
    let value = 0
    for (let shift = 0; shift < 33; shift += 3) {
      const nibble = this.nibble()
      if (shift === 30 && nibble > 3) break
      value |= (nibble & 7) << shift
      if (nibble < 8) {
        if (nibble === 0 && shift > 0) break
        return value >>> 0
      }
    }
    this.fail()
    return 0
  }

  /** A LEB128 integer of up to 32 bits in its shortest form. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      if (shift === 28 && byte > 15) break
      value |= (byte & 127) << shift
      if (byte < 128) {
        if (byte === 0 && shift > 0) break
        return value
      }
    }
    this.isFailed = true
    return 0
  }
}
