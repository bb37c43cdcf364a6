import { Worker } from 'node:worker_threads'
import type { WorkerThread } from '../worker/client.js'
import { hasMethods, type WorkerSource, workerSourceOf } from '../worker/worker-source.js'

/** Where Node's recorder takes its worker from. A worker given as an instance is the recorder's from then on. */
export type NodeWorkerChoice = Worker | URL | (string & {}) | (() => Worker)

const OPTIONS = { name: 'kymograph', execArgv: [] }

/** The source of the option `worker`. @throws TypeError | RangeError naming the option and the value. */
export function nodeWorkerSourceOf(worker: unknown): WorkerSource | undefined {
  return workerSourceOf<Worker>(worker, {
    // `node-worker.js` beside the module this is built into
    spawnOwn: () => adoptNodeWorker(new Worker(new URL('./node-worker.js', import.meta.url), OPTIONS)),
    start: (url) => new Worker(url, OPTIONS),
    isWorker: (value): value is Worker => hasMethods(value, ['postMessage', 'on', 'ref', 'terminate']),
    adopt: adoptNodeWorker,
  })
}

function adoptNodeWorker(worker: Worker): WorkerThread {
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
