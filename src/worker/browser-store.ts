import { KymographError } from '../errors.js'
import { MemoryStore } from '../store/memory-store.js'
import type { SessionStore } from '../store/port.js'
import type { StoreChoice } from './protocol.js'

/** Stores a browser can open. */
export async function openBrowserStore(choice: StoreChoice): Promise<SessionStore> {
  if (choice.kind === 'memory') return new MemoryStore()
  throw new KymographError('store-unusable', `a browser has no "${choice.kind}" store; use "auto" or "memory"`)
}
