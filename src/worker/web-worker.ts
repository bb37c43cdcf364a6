import type { WorkerThread } from './client.js'

/** Starts `worker.js` beside the module this is built into. */
export function spawnWebWorker(): WorkerThread {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
  return {
    sendPort: (port) => worker.postMessage(port, [port]),
    onMessage: (listener) => worker.addEventListener('message', (event) => listener(event.data)),
    onLost: (listener) => {
      worker.addEventListener('error', (event) =>
        listener(event.error ?? new Error(event.message || 'the worker failed')),
      )
      worker.addEventListener('messageerror', () => listener(new Error('a message of the worker could not be read')))
    },
    keepAlive: () => {},
    terminate: () => worker.terminate(),
  }
}
