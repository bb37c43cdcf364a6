/** A worker that was ended lets go of its locks, but not before the next one may ask. */
const TAKE_MAX_MS = 3000

/**
 * Locks of the sessions being written, one writer each over all tabs of an origin. They end with their worker, however it
 * ends. Where there are none (pages that are not secure) every session is free.
 */
export class SessionLocks {
  readonly #prefix: string
  readonly #releases = new Map<string, () => void>()

  constructor(databaseName: string) {
    this.#prefix = `kymograph:${databaseName}:`
  }

  /** False when another writer has it. */
  async take(sessionId: string): Promise<boolean> {
    const locks = webLocks()
    if (!locks || this.#releases.has(sessionId)) return true
    return new Promise((resolve) => {
      // every option: a page may have polluted Object.prototype
      const options: LockOptions = {
        mode: 'exclusive',
        ifAvailable: false,
        steal: false,
        signal: AbortSignal.timeout(TAKE_MAX_MS),
      }
      locks
        .request(this.#prefix + sessionId, options, () => {
          return new Promise<void>((release) => {
            this.#releases.set(sessionId, release)
            resolve(true)
          })
        })
        .catch(() => resolve(false))
    })
  }

  release(sessionId: string): void {
    this.#releases.get(sessionId)?.()
    this.#releases.delete(sessionId)
  }

  /** Sessions somebody is writing, in this tab or another. */
  async held(): Promise<ReadonlySet<string>> {
    const { held = [] } = (await webLocks()?.query()) ?? {}
    const names = held.flatMap(({ name }) => (name?.startsWith(this.#prefix) ? [name.slice(this.#prefix.length)] : []))
    return new Set([...names, ...this.#releases.keys()])
  }
}

function webLocks(): LockManager | undefined {
  return (globalThis.navigator as { locks?: LockManager } | undefined)?.locks
}
