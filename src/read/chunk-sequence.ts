import { type Chunk, chunkId } from '../wire/model.js'

/** What of a chunk its place depends on. */
export type ChunkPlace = Pick<Chunk, 'sessionId' | 'epoch' | 'seq' | 'final' | 'amendment'>

/** Follows the chunks of a file and says what does not follow from the one before. */
export class ChunkSequence {
  readonly #seen = new Set<string>()
  readonly #finished = new Set<string>()
  readonly #sessions = new Set<string>()
  #last: ChunkPlace | undefined

  /** Whether the chunk came before; then it is to be left out: who sees one twice keeps one. */
  isRepeated(chunk: ChunkPlace): boolean {
    return this.#seen.has(chunkId(chunk))
  }

  /** Sessions whose final chunk has not come, in the order they began. */
  get unfinished(): string[] {
    return [...this.#sessions].filter((sessionId) => !this.#finished.has(sessionId))
  }

  /** Takes note of a chunk; returns what is odd about it, if anything. */
  next(chunk: ChunkPlace): string | undefined {
    const id = chunkId(chunk)
    if (this.#seen.has(id)) return `chunk ${id} comes again`
    this.#seen.add(id)
    const oddity = this.#oddityOf(chunk, id)
    this.#sessions.add(chunk.sessionId)
    if (chunk.final) this.#finished.add(chunk.sessionId)
    this.#last = chunk
    return oddity
  }

  #oddityOf(chunk: ChunkPlace, id: string): string | undefined {
    const last = this.#last
    if (last?.sessionId === chunk.sessionId) {
      if (chunk.seq <= last.seq || chunk.epoch < last.epoch) return `chunk ${id} comes after ${chunkId(last)}`
      if (chunk.seq !== last.seq + 1) {
        return `chunk ${id} follows ${chunkId(last)}: ${chunk.seq - last.seq - 1} between them are missing`
      }
      if (this.#finished.has(chunk.sessionId) && !chunk.amendment) return `chunk ${id} comes after the final one`
      return undefined
    }
    if (this.#sessions.has(chunk.sessionId)) return `chunk ${id} comes after those of session ${last!.sessionId}`
    if (chunk.seq !== 0) return `session ${chunk.sessionId} begins with chunk ${id}: ${chunk.seq} before it are missing`
    // several sessions in a file stand one behind the other, each whole
    if (!last || this.#finished.has(last.sessionId)) return undefined
    return `chunk ${id} of another session follows ${chunkId(last)}`
  }
}
