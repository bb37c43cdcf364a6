import { openDB, unwrap, wrap } from 'idb'
import { KymographError } from '../../errors.js'
import { createSchema, type Database, SCHEMA_VERSION } from './schema.js'

/** A database that cannot be had by then is held up by another tab, or by the browser. */
const OPEN_MAX_MS = 5000

/** Before it is opened again, and again. */
const REOPEN_WAITS_MS = [0, 100, 500, 2000]

/** A connection that is opened again when the browser has closed it. */
export class Connection {
  readonly #name: string
  #database: Promise<Database> | undefined
  #isClosed = false

  constructor(name: string) {
    this.#name = name
  }

  /** @throws KymographError `store-unusable`; `version` for a database of a later version of the library; `disposed`. */
  open(): Promise<Database> {
    // what comes late must not open it again: it would stay open, in the way of others
    if (this.#isClosed) return Promise.reject(closedError(this.#name))
    if (!this.#database) {
      const opening = this.#open(() => this.#forget(opening))
      this.#database = opening
      opening.catch(() => this.#forget(opening))
    }
    return this.#database
  }

  /**
   * Runs `work`, which begins one transaction; again, on a new connection and after a while, if the browser has closed the
   * one before. Frames wait in their rings meanwhile.
   *
   * @throws KymographError `quota` when there is no more room, `storage-error` for all else that is the database's.
   */
  async run<T>(work: (database: Database, isRetry: boolean) => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries++) {
      const opening = this.open()
      try {
        return await work(await opening, tries > 0)
      } catch (cause) {
        const { name, code } = cause as { name: string; code?: unknown }
        // it was open before: that it cannot be opened now may pass
        const isShut = tries > 0 && code === 'store-unusable'
        if (cause instanceof KymographError && !isShut) throw cause
        if (name === 'QuotaExceededError') {
          throw new KymographError('quota', 'the browser gives no more room; remove sessions', { cause })
        }
        this.#forget(opening)
        opening.then((database) => database.close()).catch(() => {})
        const waitMs = REOPEN_WAITS_MS[tries]
        if (waitMs === undefined || !(isShut || LOST.has(name))) {
          throw new KymographError('storage-error', `the database failed: ${String(cause)}`, { cause })
        }
        await new Promise((resolve) => setTimeout(resolve, waitMs))
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const database = await this.#database?.catch(() => undefined)
    this.#database = undefined
    database?.close()
  }

  /** onClosed: the database is of no more use. */
  async #open(onClosed: () => void): Promise<Database> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const tooLate = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not opened within ${OPEN_MAX_MS} ms`)), OPEN_MAX_MS)
    })
    const opening: Promise<Database> = (async () => {
      const database: Database = await openDB(this.#name, SCHEMA_VERSION, {
        upgrade: createSchema,
        // a later version of the library wants to change it: in its way are only those that do not let go
        blocking: () => {
          onClosed()
          database.close()
        },
        terminated: onClosed,
      })
      hushTransactions(database)
      return database
    })()
    try {
      return await Promise.race([opening, tooLate])
    } catch (cause) {
      opening.then((database) => database.close()).catch(() => {})
      const isLater = (cause as DOMException).name === 'VersionError'
      throw new KymographError(
        isLater ? 'version' : 'store-unusable',
        isLater
          ? `the database "${this.#name}" belongs to a later version of the library; use that one`
          : `the database "${this.#name}" cannot be opened: ${String(cause)}`,
        { cause },
      )
    } finally {
      clearTimeout(timer)
    }
  }

  #forget(opening: Promise<Database>): void {
    if (this.#database === opening) this.#database = undefined
  }
}

function closedError(name: string): KymographError {
  return new KymographError('disposed', `the store "${name}" is closed; open it again`)
}

/**
 * A promise comes with every transaction that rejects when it is aborted. Who waits for its requests hears of that from
 * them; unheard, it would end the worker.
 */
function hushTransactions(database: Database): void {
  const raw = unwrap(database) as IDBDatabase
  raw.transaction = (...given) => {
    const transaction = IDBDatabase.prototype.transaction.apply(raw, given)
    wrap(transaction).done.catch(() => {})
    return transaction
  }
}

/** What a closed connection answers with, before or in a transaction. */
const LOST: ReadonlySet<string> = new Set([
  'InvalidStateError',
  'TransactionInactiveError',
  'AbortError',
  'UnknownError',
])
