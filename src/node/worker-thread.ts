import { Worker } from 'node:worker_threads'
import type { WorkerThread } from '../worker/client.js'

/** Starts `node-worker.js` beside the module this is built into. */
export function spawnNodeWorker(): WorkerThread {
  const worker = new Worker(new URL('./node-worker.js', import.meta.url), { name: 'kymograph', execArgv: [] })
  return {
    sendPort: (port) => worker.postMessage(port, [port as never]),
    onMessage: (listener) => worker.on('message', listener),
    onLost: (listener) => {
      worker.on('error', listener)
      worker.on('exit', (exitCode) => listener(new Error(`the worker ended with code ${exitCode}`)))
    },
    keepAlive: (isKept) => (isKept ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  }
}
