import type { GoneSession } from '../port.js'
import type { SessionRecord } from '../record.js'

/** The latest sessions are listed; a longer list would cost more than it tells. */
const LISTED_MAX = 500
const CACHE = 'kymograph-manifest'
/** A storage that has not answered by then may never do. */
const ANSWER_MAX_MS = 3000

/**
 * A second list of what the database holds, elsewhere in the origin: in Cache Storage. When a browser wipes or evicts the
 * database alone, it tells what is gone. It is written behind and may lag; where there is no such storage there is none.
 */
export class Manifest {
  readonly #name: string
  #changes: Promise<unknown> = Promise.resolve()

  constructor(databaseName: string) {
    this.#name = databaseName
  }

  note(record: SessionRecord): void {
    const { id, labels, journeyId, startedAt, endedAt, chunks, streams } = record
    const frames = streams.reduce((sum, stream) => sum + stream.frames, 0)
    const session: GoneSession = { id, labels, journeyId, startedAt, endedAt, chunks, frames }
    this.#change((sessions) => [session, ...sessions.filter((other) => other.id !== id)].slice(0, LISTED_MAX))
  }

  strike(ids: ReadonlySet<string>): void {
    this.#change((sessions) =>
      sessions.some(({ id }) => ids.has(id)) ? sessions.filter(({ id }) => !ids.has(id)) : sessions,
    )
  }

  /** What is listed; nothing where it cannot be read. */
  async sessions(): Promise<GoneSession[]> {
    const found = (await inTime(this.#read().catch(() => []))) ?? []
    return found.map((session) => ({
      ...session,
      startedAt: new Date(session.startedAt),
      endedAt: new Date(session.endedAt),
    }))
  }

  /** When all that was noted so far is there, or cannot be. */
  async settled(): Promise<void> {
    await inTime(this.#changes)
  }

  /** One after the other, over all tabs. */
  #change(edit: (sessions: GoneSession[]) => GoneSession[]): void {
    this.#changes = this.#changes
      .then(() =>
        navigator.locks.request(`${CACHE}:${this.#name}`, async () => {
          const listed = await this.#read()
          const edited = edit(listed)
          if (edited === listed) return
          await (await caches.open(CACHE)).put(this.#url, new Response(JSON.stringify(edited)))
        }),
      )
      .catch(() => {})
  }

  async #read(): Promise<GoneSession[]> {
    const response = await (await caches.open(CACHE)).match(this.#url)
    return response ? ((await response.json()) as GoneSession[]) : []
  }

  get #url(): string {
    return `https://kymograph.invalid/${encodeURIComponent(this.#name)}`
  }
}

function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ANSWER_MAX_MS)
  })
  return Promise.race([answer, tooLate]).finally(() => clearTimeout(timer))
}
