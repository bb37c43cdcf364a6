export { type DeliveryLedger, type DeliveryProgress, MemoryLedger } from '../store/ledger.js'
export { type BackOffOptions, retryAfterMsOf, waitMs } from './back-off.js'
export {
  type DeliveryCounts,
  type DeliveryEvents,
  DeliveryQueue,
  type DeliveryQueueOptions,
} from './delivery-queue.js'
export { type HttpHeaders, type HttpSinkOptions, httpSink } from './http-sink.js'
export { type Borrower, LENT_MAX_BYTES } from './loans.js'
export { type ChunkSink, DeliveryError, type DeliveryRemedy, type OutgoingChunk, type Receipt } from './port.js'
