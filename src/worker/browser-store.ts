import { KymographError } from '../errors.js'
import { IndexedDbStore } from '../store/indexed-db/indexed-db-store.js'
import { MemoryStore } from '../store/memory-store.js'
import type { SessionStore, StoreEvents } from '../store/port.js'
import type { StoreChoice } from './protocol.js'

/** Stores a browser can open. */
export async function openBrowserStore(choice: StoreChoice, events?: StoreEvents): Promise<SessionStore> {
  if (choice.kind === 'memory') return new MemoryStore()
  if (choice.kind === 'indexeddb') {
    // private modes, sandboxed frames and full disks refuse it: recording goes on, and says so
    return IndexedDbStore.open(undefined, events).catch((error: Error) => new MemoryStore(error.message))
  }
  throw new KymographError('store-unusable', `a browser has no "${choice.kind}" store; use "auto" or "memory"`)
}
