/** Times of frames that a resampler has taken and may have more to give of, in the order they came. */
export class HeldFrames {
  count = 0
  readonly #blocks: BigInt64Array[] = []
  /** Frames of the first block that were let go. */
  #gone = 0

  /** timestampsNs: kept. */
  add(timestampsNs: BigInt64Array): void {
    if (timestampsNs.length === 0) return
    this.#blocks.push(timestampsNs)
    this.count += timestampsNs.length
  }

  /** Lets go of frames up to the last one before the first behind `timeNs`. */
  releaseUpTo(timeNs: bigint): void {
    let passed = -this.#gone
    for (const block of this.#blocks) {
      const behind = block.findIndex((frameNs, at) => passed + at >= 0 && frameNs > timeNs)
      passed += behind < 0 ? block.length : behind
      if (behind >= 0) break
    }
    this.limit(Math.min(this.count, this.count - passed + 1))
  }

  /** Lets go of all but the newest `frames`. */
  limit(frames: number): void {
    while (this.count > frames) this.#drop(Math.min(this.count - frames, this.#blocks[0]!.length - this.#gone))
  }

  /** frames: no more than the first block has. */
  #drop(frames: number): void {
    this.count -= frames
    this.#gone += frames
    if (this.#gone < (this.#blocks[0]?.length ?? 0)) return
    this.#blocks.shift()
    this.#gone = 0
  }
}
