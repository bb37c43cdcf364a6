import { KymographError } from '../errors.js'
import { MemoryStore } from '../store/memory-store.js'
import type { SessionStore } from '../store/port.js'
import type { StoreChoice } from '../worker/protocol.js'
import { FileStore } from './file-store.js'

/** Stores Node can open. */
export async function openNodeStore(choice: StoreChoice): Promise<SessionStore> {
  if (choice.kind === 'memory') return new MemoryStore()
  if (choice.kind === 'files') return FileStore.open(choice.directory)
  throw new KymographError('store-unusable', `Node has no "${choice.kind}" store; give a directory`)
}
