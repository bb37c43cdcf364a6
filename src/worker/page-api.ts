import type { HttpHeaders, OutgoingChunk, Receipt } from '../sinks/index.js'
import type { DeliveryLedger } from '../store/ledger.js'
import type { SessionStore, StoreSummary } from '../store/port.js'
import type { Lent } from './protocol.js'

/** A sink as the worker hears of it: `page` stands for what only the page has. */
export type SinkPlan =
  | { kind: 'http'; name: string; url: string; headers: HttpHeaders | 'page' | undefined; deliversAtHide: true }
  | { kind: 'page'; name: string; deliversAtHide: boolean }

/** What became of a chunk: a receipt, or what a `DeliveryError` says. */
export type SinkAnswer =
  | { receipt: Receipt }
  | { remedy: string | undefined; message: string; retryAfterMs: number | undefined }

export type StoreMethod = Exclude<keyof SessionStore, 'summary' | 'ledger' | 'claim'>

export const STORE_METHODS: readonly StoreMethod[] = [
  'append',
  'release',
  'get',
  'page',
  'journeys',
  'journey',
  'labels',
  'chunkAt',
  'delete',
  'forget',
  'estimate',
  'close',
]

/** Calls to the page: what of a recorder is the application's own stays there. Sinks go by their index. */
export interface PageApi {
  headers(sink: number): Promise<HttpHeaders>
  deliver(sink: number, chunk: OutgoingChunk): Promise<SinkAnswer>
  /** The chunk may have to be delivered at page hide. */
  hold(lent: Lent): void
  /** It need not be any more. */
  letGo(sink: number, chunkId: string): void
  /** Nobody waits for that delivery any more. */
  abort(sink: number, chunkId: string): void
  storeSummary(): { summary: StoreSummary; hasLedger: boolean }
  callStore(method: StoreMethod, args: unknown[]): unknown
  callLedger(sink: string, method: keyof DeliveryLedger, args: unknown[]): unknown
}
