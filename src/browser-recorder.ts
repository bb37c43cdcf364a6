import { checkRecorderOptions, Recorder, type RecorderOptions, type RecorderPlatform } from './session/index.js'
import type { ClientOptions, WorkerThread } from './worker/client.js'
import type { PageSide } from './worker/page-side.js'
import { adoptWebWorker, type WebWorkerChoice, webWorkerSourceOf } from './worker/web-worker.js'

/** Options of `createRecorder` in a browser. */
export type BrowserRecorderOptions = RecorderOptions<never, WebWorkerChoice>

/** How an entry brings the worker's code. */
export interface Delivery
  extends Pick<ClientOptions, 'serveInThread'>,
    Required<Pick<RecorderPlatform, 'loadJourney'>> {
  /** Loads what serves the application's own sinks, functions and store, for those who have some. */
  loadPageSide: () => Promise<{ PageSide: typeof PageSide }>
  spawnOwn: (adopt: (worker: Worker) => WorkerThread) => WorkerThread
}

/** Opens a recorder on this delivery: what every browser entry's `createRecorder` does. */
export async function openBrowserRecorder(options: BrowserRecorderOptions, delivery: Delivery): Promise<Recorder> {
  const { open, own, worker, transport, consent } = checkRecorderOptions(options, (store: unknown) => {
    if (store === 'auto') return { kind: 'indexeddb' }
    throw new RangeError(`"store" expected 'auto', 'memory' or a store of your own in a browser, got ${store}`)
  })
  const source = webWorkerSourceOf(worker, () => delivery.spawnOwn(adoptWebWorker))
  const { serveInThread, loadPageSide, loadJourney } = delivery
  const side = own && new (await loadPageSide()).PageSide(own)
  return Recorder.open({ open, source, serveInThread }, transport, side, { consent, loadJourney })
}
