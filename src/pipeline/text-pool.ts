const encoder = new TextEncoder()

/** The strings of one text channel in the open chunk; values in the ring are indices into it. */
export class TextPool {
  #codes = new Map<string, number>()
  /** UTF-8 bytes held: they count towards the size of the chunk. */
  byteLength = 0

  codeOf(text: string): number {
    const known = this.#codes.get(text)
    if (known !== undefined) return known
    const code = this.#codes.size
    this.#codes.set(text, code)
    this.byteLength += encoder.encode(text).length
    return code
  }

  /** The strings by code; the pool starts anew. */
  take(): string[] {
    const texts = [...this.#codes.keys()]
    this.#codes = new Map()
    this.byteLength = 0
    return texts
  }
}
