export { MemoryStore } from './memory-store.js'
export type { SessionStore, StoreSummary } from './port.js'
export { matches, pageOf, type Query, type SessionPage } from './query.js'
export {
  type JourneyRecord,
  journeysOf,
  recordWith,
  type SessionRecord,
  type SessionState,
  type StreamRecord,
} from './record.js'
