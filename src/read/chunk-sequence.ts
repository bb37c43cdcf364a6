import { type Chunk, chunkId } from '../wire/model.js'

/** Follows the chunks of a file and says what does not follow from the one before. */
export class ChunkSequence {
  readonly #seen = new Set<string>()
  #last: Chunk | undefined

  /** Whether the chunk came before; then it is to be left out: who sees one twice keeps one. */
  isRepeated(chunk: Chunk): boolean {
    return this.#seen.has(chunkId(chunk))
  }

  /** Takes note of a chunk; returns what is odd about it, if anything. */
  next(chunk: Chunk): string | undefined {
    const id = chunkId(chunk)
    const last = this.#last
    const isRepeated = this.#seen.has(id)
    this.#seen.add(id)
    if (isRepeated) return `chunk ${id} comes again`
    this.#last = chunk
    if (!last)
      return chunk.seq === 0 ? undefined : `the file begins with chunk ${id}: ${chunk.seq} before it are missing`
    if (last.sessionId !== chunk.sessionId) return `chunk ${id} of another session follows ${chunkId(last)}`
    if (chunk.epoch >= last.epoch && chunk.seq === last.seq + 1) return undefined
    if (chunk.seq <= last.seq || chunk.epoch < last.epoch) return `chunk ${id} comes after ${chunkId(last)}`
    return `chunk ${id} follows ${chunkId(last)}: ${chunk.seq - last.seq - 1} between them are missing`
  }
}
