import { MemoryStore } from '../store/memory-store.js'
import type { SessionStore } from '../store/port.js'
import type { StoreChoice } from '../worker/protocol.js'
import { FileStore } from './file-store.js'

/** Stores Node can open. */
export async function openNodeStore(choice: StoreChoice): Promise<SessionStore> {
  return choice.kind === 'memory' ? new MemoryStore() : FileStore.open(choice.directory)
}
