/** What readers take bytes from. */
export type ByteSource = Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/** A window moving forward over a source of bytes; holds what was asked for and no more than one piece beyond. */
export class ByteWindow {
  /** Bytes of the window. A view: valid until the next call. */
  bytes: Uint8Array = new Uint8Array(0)
  /** Position of the window's first byte in the source. */
  offset = 0
  readonly #pieces: AsyncIterator<Uint8Array>
  #isDrained = false

  constructor(source: ByteSource) {
    this.#pieces = piecesOf(source)[Symbol.asyncIterator]()
  }

  /** Grows the window to at least `byteLength` bytes; false when the source ends before. */
  async fill(byteLength: number): Promise<boolean> {
    if (this.bytes.length >= byteLength) return true
    const parts = [this.bytes]
    let held = this.bytes.length
    while (held < byteLength && !this.#isDrained) {
      const { done, value } = await this.#pieces.next()
      if (done) this.#isDrained = true
      else {
        parts.push(value)
        held += value.length
      }
    }
    this.bytes = parts.length === 1 ? this.bytes : concat(parts, held)
    return held >= byteLength
  }

  /** Moves the window's start forward. */
  skip(byteLength: number): void {
    this.bytes = this.bytes.subarray(byteLength)
    this.offset += byteLength
  }

  /** Lets go of the source before its end. */
  async close(): Promise<void> {
    await this.#pieces.return?.()
  }
}

async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) {
    yield source
    return
  }
  if (Symbol.asyncIterator in source) {
    yield* source
    return
  }
  // Safari's streams are not iterable
  const reader = (source as ReadableStream<Uint8Array>).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}

function concat(parts: Uint8Array[], byteLength: number): Uint8Array {
  const bytes = new Uint8Array(byteLength)
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
