import { mkdir, readdir, stat, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { KymographError } from '../errors.js'
import type { SessionStore } from '../store/port.js'
import { pageOf, type Query, type SessionPage } from '../store/query.js'
import { type JourneyRecord, journeysOf, type SessionRecord } from '../store/record.js'
import type { Chunk } from '../wire/model.js'
import { syncDirectory } from './durable.js'
import { SESSION_FILE_EXTENSION, SessionFile } from './session-file.js'

const SESSION_FILE_NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.kymo$/

/**
 * A directory of sessions, one append-only `.kymo` file each, named by session id.
 *
 * A chunk is written and fsynced before `append` resolves, so a crash leaves whole frames and at most one torn tail.
 * The catalogue is made from the files: what other processes write or remove is seen at the next lookup.
 */
export class FileStore implements SessionStore {
  readonly summary = { kind: 'files', durability: 'durable' } as const
  readonly #directory: string
  readonly #files = new Map<string, SessionFile>()

  private constructor(directory: string) {
    this.#directory = directory
  }

  /**
   * Opens a directory; a missing one is made by the first chunk.
   *
   * @throws KymographError `store-unusable` when the path is a file or cannot be looked at.
   */
  static async open(directory: string): Promise<FileStore> {
    const path = resolve(directory)
    try {
      const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return undefined
        throw cause
      })
      if (found && !found.isDirectory()) {
        throw new KymographError('store-unusable', `store ${JSON.stringify(directory)} is a file; give a directory`)
      }
    } catch (cause) {
      if (cause instanceof KymographError) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new KymographError('store-unusable', `store ${JSON.stringify(directory)} cannot be used: ${reason}`, {
        cause,
      })
    }
    return new FileStore(path)
  }

  async append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    let file = this.#files.get(chunk.sessionId)
    if (!file) {
      await mkdir(this.#directory, { recursive: true })
      file = new SessionFile(this.#pathOf(chunk.sessionId))
      this.#files.set(chunk.sessionId, file)
    }
    const isNew = await file.append(chunk, frame)
    if (isNew) await syncDirectory(this.#directory)
  }

  async release(sessionId: string): Promise<void> {
    await this.#files.get(sessionId)?.release()
  }

  async get(sessionId: string): Promise<SessionRecord | undefined> {
    const file = await this.#fileOf(sessionId)
    return file?.record()
  }

  async page(query: Query): Promise<SessionPage> {
    return pageOf(await this.#records(), query)
  }

  async journeys(): Promise<JourneyRecord[]> {
    return journeysOf(await this.#records())
  }

  async chunkAt(sessionId: string, index: number): Promise<Uint8Array | undefined> {
    const file = await this.#fileOf(sessionId)
    return file?.frameAt(index)
  }

  async delete(sessionId: string): Promise<boolean> {
    await this.#files.get(sessionId)?.release()
    this.#files.delete(sessionId)
    try {
      await unlink(this.#pathOf(sessionId))
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw cause
    }
    await syncDirectory(this.#directory)
    return true
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.release()))
    this.#files.clear()
  }

  async #records(): Promise<SessionRecord[]> {
    const records: SessionRecord[] = []
    const names = await readdir(this.#directory).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return []
      throw new KymographError(
        'store-unusable',
        `store ${JSON.stringify(this.#directory)} cannot be listed: ${cause.message}`,
        {
          cause,
        },
      )
    })
    for (const name of names) {
      const sessionId = SESSION_FILE_NAME.exec(name)?.[1]
      const record = sessionId && (await this.get(sessionId))
      if (record) records.push(record)
    }
    return records
  }

  async #fileOf(sessionId: string): Promise<SessionFile | undefined> {
    let file = this.#files.get(sessionId)
    if (!file) {
      file = new SessionFile(this.#pathOf(sessionId))
      this.#files.set(sessionId, file)
    }
    if (await file.refresh()) return file
    this.#files.delete(sessionId)
    return undefined
  }

  #pathOf(sessionId: string): string {
    return join(this.#directory, `${sessionId}${SESSION_FILE_EXTENSION}`)
  }
}
