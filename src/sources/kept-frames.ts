import type { LossReason, SourceSession, SourceStream } from '../session/index.js'

/** Frames kept before they are written: eight seconds of a sensor. */
const KEPT_FRAMES = 512

type Maybe = number | null | undefined

/**
 * Keeps a stream's frames until the session hands over. An event that wakes the page finds its caches cold; what it does
 * not do then, but many at a time, takes a fraction of the time (ADR 14).
 */
export class KeptFrames {
  readonly #stream: SourceStream
  readonly #width: number
  readonly #times = new Float64Array(KEPT_FRAMES)
  readonly #values: Float64Array
  readonly #collection: ReturnType<SourceSession['collect']>
  #count = 0

  /** `width`: channels of the stream: one, three or four. */
  constructor(session: SourceSession, stream: SourceStream, width: number) {
    this.#stream = stream
    this.#width = width
    this.#values = new Float64Array(KEPT_FRAMES * width)
    this.#collection = session.collect(() => this.#write())
  }

  /** One frame, in milliseconds of the page's clock; null and undefined are absent. */
  add(timeMs: number, a: Maybe, b?: Maybe, c?: Maybe, d?: Maybe): void {
    const width = this.#width
    const isWhole =
      typeof a === 'number' &&
      (width === 1 || (typeof b === 'number' && typeof c === 'number' && (width === 3 || typeof d === 'number')))
    if (!isWhole) {
      this.#write()
      this.#stream.push(timeMs, ...[a, b, c, d].slice(0, width))
      return
    }
    if (this.#count === KEPT_FRAMES) this.#write()
    if (this.#count === 0) this.#collection.arm()
    const at = this.#count * width
    this.#times[this.#count] = timeMs
    this.#values[at] = a
    if (width > 1) {
      this.#values[at + 1] = b!
      this.#values[at + 2] = c!
      if (width > 3) this.#values[at + 3] = d!
    }
    this.#count += 1
  }

  /** From now on frames are refused and counted under `reason`; undefined: taken again. */
  refuse(reason: LossReason | undefined): void {
    this.#write()
    this.#stream.refuse(reason)
  }

  /** Nothing is added any more, and nothing stays. */
  end(): void {
    this.#collection.end()
    this.#values.fill(0)
  }

  #write(): void {
    const count = this.#count
    if (count === 0) return
    this.#count = 0
    this.#stream.write(this.#times.subarray(0, count), this.#values.subarray(0, count * this.#width))
  }
}
