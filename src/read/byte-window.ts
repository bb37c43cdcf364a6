/** What readers take bytes from. */
export type ByteSource = Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>

/**
 * A window moving forward over a source of bytes; holds what was asked for and no more than one piece beyond. A piece is
 * looked at in place, and what is left of it copied before the next is asked for: the source may use its buffer again.
 */
export class ByteWindow {
  /** Bytes of the window. A view: valid until the next call. */
  bytes: Uint8Array = new Uint8Array(0)
  /** Position of the window's first byte in the source. */
  offset = 0
  readonly #pieces: AsyncIterator<Uint8Array>
  /** Room of our own that `bytes` lies in, with space behind it; undefined while it lies in a piece of the source. */
  #room: Uint8Array | undefined
  #isDrained = false

  constructor(source: ByteSource) {
    this.#pieces = piecesOf(source)[Symbol.asyncIterator]()
  }

  /** Grows the window to at least `byteLength` bytes; false when the source ends before. */
  async fill(byteLength: number): Promise<boolean> {
    while (this.bytes.length < byteLength && !this.#isDrained) {
      // twice: pieces of a few bytes do not have the window copied for each
      if (this.bytes.length > 0) this.#reserve(byteLength, 2 * byteLength)
      const { done, value } = await this.#pieces.next()
      if (done) this.#isDrained = true
      else if (!(value instanceof Uint8Array)) throw new TypeError(`"source" expected Uint8Arrays, got ${typeof value}`)
      else this.#append(value)
    }
    return this.bytes.length >= byteLength
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

  #append(piece: Uint8Array): void {
    const held = this.bytes.length
    if (held === 0) {
      this.bytes = piece
      this.#room = undefined
      return
    }
    this.#reserve(held + piece.length, held + piece.length)
    const start = this.bytes.byteOffset - this.#room!.byteOffset
    this.#room!.set(piece, start + held)
    this.bytes = this.#room!.subarray(start, start + held + piece.length)
  }

  /** Makes the window lie in room of our own that could hold `byteLength` bytes from its start, new room if need be. */
  #reserve(byteLength: number, roomByteLength: number): void {
    if (this.#room && this.bytes.byteOffset - this.#room.byteOffset + byteLength <= this.#room.length) return
    const room = new Uint8Array(roomByteLength)
    room.set(this.bytes)
    this.#room = room
    this.bytes = room.subarray(0, this.bytes.length)
  }
}

async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  if (source instanceof Uint8Array) {
    yield source
    return
  }
  if (typeof source !== 'object' || source === null || !(Symbol.asyncIterator in source || 'getReader' in source)) {
    throw new TypeError('"source" expected a Uint8Array, a ReadableStream or an AsyncIterable of Uint8Arrays')
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
