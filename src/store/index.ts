export { amendLabels } from './amendment.js'
export { type OpenStore, type StoreCase, type StoreUnderTest, storeConformance } from './conformance/index.js'
export { frameOf, type SampleSession, sampleChunks, sampleId, storeSample } from './conformance/sample-sessions.js'
export { cursorPosition, PageBuilder } from './cursor.js'
export { IndexedDbStore } from './indexed-db/indexed-db-store.js'
export { type DeliveryLedger, type DeliveryProgress, MemoryLedger } from './ledger.js'
export { MemoryStore } from './memory-store.js'
export type { Dropped, GoneSession, SessionStore, StoreEstimate, StoreEvents, StoreSummary } from './port.js'
export { matches, type Query, type SessionPage } from './query.js'
export {
  type JourneyRecord,
  type LabelRecord,
  recordWith,
  type SessionRecord,
  type SessionState,
  type StreamRecord,
} from './record.js'
export { type Recovery, recoverSessions } from './recovery.js'
export { RetainingStore } from './retaining-store.js'
export { type Pruned, pruneSessions, type Retention } from './retention.js'
export { SessionIndex } from './session-index.js'
