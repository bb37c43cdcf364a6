import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { DeliveryLedger, DeliveryProgress } from '../store/ledger.js'

type Line = [sessionId: string, done: number | null, ...quarantined: number[]]

/** Lines out of date at which the file is written anew. */
const STALE_LINES_MAX = 10_000

/** What was delivered from a directory: a line for each step, the last of a session holds. Not fsynced: it may lag. */
export class FileLedger implements DeliveryLedger {
  readonly #path: string
  /** Sessions the file has lines of, as far as we know. */
  readonly #named = new Set<string>()
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  async read(): Promise<Map<string, DeliveryProgress>> {
    const text = await readFile(this.#path, 'utf8').catch(() => '')
    const lines = text.split('\n')
    const progress = new Map<string, DeliveryProgress>()
    for (const line of lines) {
      try {
        const [sessionId, done, ...quarantined] = JSON.parse(line) as Line
        this.#named.add(sessionId)
        if (typeof done === 'number') progress.set(sessionId, { done, quarantined })
        else progress.delete(sessionId)
      } catch {
        // cut short by a crash: delivered again
      }
    }
    if (lines.length > 2 * progress.size + STALE_LINES_MAX) await this.#replace(progress).catch(() => {})
    return progress
  }

  write(sessionId: string, progress: DeliveryProgress | undefined): Promise<void> {
    return this.#next(async () => {
      if (!progress && !this.#named.has(sessionId)) return
      this.#named.add(sessionId)
      await mkdir(dirname(this.#path), { recursive: true })
      await writeFile(this.#path, lineOf(sessionId, progress), { flag: 'a' })
    })
  }

  /** Takes every line of a session out of the file. */
  forget(sessionId: string): Promise<void> {
    return this.#next(async () => {
      this.#named.delete(sessionId)
      const text = await readFile(this.#path, 'utf8')
      if (!text.includes(sessionId)) return
      await this.#overwrite(
        text
          .split('\n')
          .filter((line) => !line.includes(sessionId))
          .join('\n'),
      )
    })
  }

  #replace(progress: Map<string, DeliveryProgress>): Promise<void> {
    return this.#next(() => this.#overwrite([...progress].map(([id, one]) => lineOf(id, one)).join('')))
  }

  async #overwrite(text: string): Promise<void> {
    await writeFile(`${this.#path}.new`, text)
    await rename(`${this.#path}.new`, this.#path)
  }

  #next(step: () => Promise<void>): Promise<void> {
    const done = this.#lastWrite.then(step)
    this.#lastWrite = done.catch(() => {})
    return done
  }
}

function lineOf(sessionId: string, progress: DeliveryProgress | undefined): string {
  const line: Line = progress ? [sessionId, progress.done, ...progress.quarantined] : [sessionId, null]
  // a line before may have been cut short
  return `\n${JSON.stringify(line)}\n`
}
