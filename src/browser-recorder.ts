import { checkRecorderOptions, Recorder, type RecorderOptions } from './session/index.js'
import type { WorkerThread } from './worker/client.js'
import { adoptWebWorker, type WebWorkerChoice, webWorkerSourceOf } from './worker/web-worker.js'

/** Options of `createRecorder` in a browser. */
export type BrowserRecorderOptions = RecorderOptions<never, WebWorkerChoice>

/** How an entry brings the worker's code. */
export interface Delivery {
  spawnOwn: (adopt: (worker: Worker) => WorkerThread) => WorkerThread
  serveInThread: (port: MessagePort) => Promise<void>
}

/** Opens a recorder on this delivery: what every browser entry's `createRecorder` does. */
export async function openBrowserRecorder(options: BrowserRecorderOptions, delivery: Delivery): Promise<Recorder> {
  const { open, worker, transport } = checkRecorderOptions(options, (store: unknown) => {
    if (store === 'auto') return { kind: 'indexeddb' }
    throw new RangeError(`"store" expected 'auto' or 'memory' in a browser, got ${store}`)
  })
  const source = webWorkerSourceOf(worker, () => delivery.spawnOwn(adoptWebWorker))
  return Recorder.open({ open, source, serveInThread: delivery.serveInThread }, transport)
}
