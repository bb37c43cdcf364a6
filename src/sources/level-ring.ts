/** Seconds of levels a ring holds. A page that is busy for longer loses the oldest, seen as a gap. */
const HELD_S = 60
const HEADER_BYTES = 8

/** A level: when it ended on the audio clock, in seconds; root mean square and peak, 1 being full scale. */
type Level = readonly [timeS: number, rms: number, peak: number]

/**
 * Levels on their way from the audio thread to the page: in memory both see, where the page is cross-origin isolated. One
 * writes, and many read, each from where it has left off.
 *
 *     0                  8
 *     | levels written | (time, rms, peak) × capacity, f64 |
 */
export class LevelRing {
  readonly buffer: ArrayBufferLike
  readonly #written: Int32Array
  readonly #levels: Float64Array
  readonly #capacity: number

  constructor(rateHz: number) {
    this.#capacity = Math.ceil(HELD_S * rateHz)
    const byteLength = HEADER_BYTES + 24 * this.#capacity
    this.buffer = globalThis.crossOriginIsolated ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength)
    this.#written = new Int32Array(this.buffer, 0, 1)
    this.#levels = new Float64Array(this.buffer, HEADER_BYTES)
  }

  get isShared(): boolean {
    return !(this.buffer instanceof ArrayBuffer)
  }

  get written(): number {
    return Atomics.load(this.#written, 0)
  }

  /** What the audio thread does by itself where the memory is shared: src/sources/level-processor.ts. */
  put(level: Level): void {
    const { written } = this
    this.#levels.set(level, 3 * (written % this.#capacity))
    Atomics.store(this.#written, 0, written + 1)
  }

  /** Calls back with each level from number `from` on; returns the number of the next. */
  read(from: number, onLevel: (...level: Level) => void): number {
    const { written } = this
    for (let number = Math.max(from, written - this.#capacity); number < written; number++) {
      const at = 3 * (number % this.#capacity)
      onLevel(this.#levels[at]!, this.#levels[at + 1]!, this.#levels[at + 2]!)
    }
    return written
  }
}
