import { PAGE_MAX_SESSIONS } from '../limits.js'
import type { SessionRecord } from '../store/record.js'
import { CatalogueHost } from '../worker/catalogue-host.js'
import { FileStore } from './file-store.js'

/** Lookups in a directory of sessions on this thread, without an engine: what the command line needs. */
export class Directory extends CatalogueHost<FileStore> {
  /** All sessions that answer the lookup; `limit` bounds them all. */
  async find(lookup: Record<string, unknown> = {}, limit = Number.POSITIVE_INFINITY): Promise<SessionRecord[]> {
    const found: SessionRecord[] = []
    for (let cursor: string | undefined; ; ) {
      const left = limit - found.length
      const page = await this.page({
        ...lookup,
        limit: left > PAGE_MAX_SESSIONS ? PAGE_MAX_SESSIONS : left,
        ...(cursor === undefined ? {} : { cursor }),
      })
      found.push(...page.sessions)
      cursor = page.cursor
      if (cursor === undefined || found.length >= limit) return found
    }
  }

  close(): Promise<void> {
    return this.store.close()
  }
}

/** @throws KymographError `store-unusable` when the path is a file or cannot be looked at. */
export async function openDirectory(path: string): Promise<Directory> {
  return new Directory(await FileStore.open(path))
}
