import { KymographError } from '../errors.js'
import { ChunkSequence } from '../read/chunk-sequence.js'
import type { ReadItem } from '../read/index.js'
import { printable } from './format/table.js'
import type { Recording } from './recording.js'

/** The chunks of a recording, each once, and what is odd about the file. */
export class ChunkReader {
  /** What was found so far, one line each. */
  readonly findings: string[] = []
  readonly #recording: Recording
  #firstDamage: KymographError | undefined

  constructor(recording: Recording) {
    this.#recording = recording
  }

  /**
   * Whole chunks in the order of the file, without those that come again.
   *
   * @throws KymographError with the code of the damage when there is no whole chunk.
   */
  async *items(verb: string): AsyncGenerator<ReadItem & { kind: 'chunk' }> {
    const sequence = new ChunkSequence()
    let chunks = 0
    for await (const item of this.#recording.items(verb)) {
      if (item.kind === 'damage') {
        this.#firstDamage ??= item.error
        this.findings.push(`${item.error.message} (${item.byteLength} bytes skipped from byte ${item.offset})`)
        continue
      }
      const { chunk } = item
      const isRepeated = sequence.isRepeated(chunk)
      const oddity = sequence.next(chunk)
      // a hole beside damage is that damage
      if (oddity && this.findings.length === 0) this.findings.push(oddity)
      if (isRepeated) continue
      chunks += 1
      yield item
    }
    if (chunks === 0) throw noWholeChunk(this.#recording.path, this.#firstDamage)
    if (sequence.unfinished.length > 0) {
      this.findings.push('the final chunk is missing: the session was cut short or is being recorded')
    }
  }

  /** Says on stderr what is odd, if anything, and what was done all the same; returns the exit code. */
  report(done: string): 0 | 1 {
    return reportFindings(this.#recording.path, this.findings, done)
  }
}

/** What to say of a file without a whole chunk, whose first damage is known. */
export function noWholeChunk(
  path: string,
  damage: Pick<KymographError, 'code' | 'message'> | undefined,
): KymographError {
  const what =
    damage?.code === 'not-kymo'
      ? 'is not a session file; those are written by "kymograph record" and end in .kymo'
      : `holds no whole chunk: ${damage?.message ?? 'it is empty'}`
  return new KymographError(damage?.code ?? 'not-kymo', `${JSON.stringify(path)} ${what}`)
}

/** Says on stderr what was found in a file, if anything, and what was done all the same; returns the exit code. */
export function reportFindings(path: string, findings: readonly string[], done: string): 0 | 1 {
  if (findings.length === 0) return 0
  const more = findings.length > 1 ? `, and ${findings.length - 1} more findings (kymograph doctor lists them)` : ''
  process.stderr.write(`kymograph: ${printable(`${path}: ${findings[0]}`)}${more}; ${done}\n`)
  return 1
}
