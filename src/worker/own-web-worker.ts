import type { WorkerThread } from './client.js'
import { adoptWebWorker } from './web-worker.js'

/** Starts `worker.js` beside the module this is built into. Bundlers find the worker by this very text. */
export function spawnOwnWebWorker(): WorkerThread {
  return adoptWebWorker(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }))
}
