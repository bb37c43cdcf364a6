import type * as Comlink from 'comlink'
import { type ChunkSink, DeliveryError, type DeliveryRemedy, httpSink } from '../sinks/index.js'
import type { DeliveryLedger } from '../store/ledger.js'
import type { SessionStore } from '../store/port.js'
import { type PageApi, type SinkPlan, STORE_METHODS } from './page-api.js'

export type RemotePage = Comlink.Remote<PageApi>

/** A sink of a recorder; what of it is on the page is called there. */
export function openSink(plan: SinkPlan, index: number, page: RemotePage | undefined): ChunkSink {
  if (plan.kind === 'http') {
    const { url, name, headers } = plan
    return httpSink({ url, name, headers: headers === 'page' ? () => page!.headers(index) : headers })
  }
  return {
    name: plan.name,
    deliver: async (chunk, signal) => {
      signal.addEventListener('abort', () => void page!.abort(index, chunk.id))
      const answer = await page!.deliver(index, chunk)
      if ('receipt' in answer) return answer.receipt
      const { message, remedy = 'retry', retryAfterMs } = answer
      throw new DeliveryError(remedy as DeliveryRemedy, message, { retryAfterMs })
    },
  }
}

/** A store of the application's own, which lives on the page. */
export async function openPageStore(page: RemotePage): Promise<SessionStore> {
  const { summary, hasLedger } = await page.storeSummary()
  const methods = STORE_METHODS.map((method) => [method, (...args: unknown[]) => page.callStore(method, args)])
  const store: SessionStore = { summary, ...Object.fromEntries(methods) }
  if (!hasLedger) return store
  const ledger = (sink: string) => ({
    read: () => page.callLedger(sink, 'read', []) as ReturnType<DeliveryLedger['read']>,
    write: (...args: unknown[]) => page.callLedger(sink, 'write', args) as Promise<void>,
  })
  return { ...store, ledger }
}
