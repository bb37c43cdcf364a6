import type { WorkerThread } from './client.js'
import { watchLifeLock } from './life-lock.js'
import { hasMethods, type WorkerSource, workerSourceOf } from './worker-source.js'

/** Where a browser's recorder takes its worker from. A worker given as an instance is the recorder's from then on. */
export type WebWorkerChoice = Worker | URL | (string & {}) | (() => Worker)

/** The source of the option `worker`. @throws TypeError | RangeError naming the option and the value. */
export function webWorkerSourceOf(worker: unknown, spawnOwn: () => WorkerThread): WorkerSource | undefined {
  return workerSourceOf<Worker>(worker, {
    spawnOwn,
    start: (url) => new Worker(url, { type: 'module' }),
    isWorker: (value): value is Worker => hasMethods(value, ['postMessage', 'addEventListener', 'terminate']),
    adopt: adoptWebWorker,
  })
}

export function adoptWebWorker(worker: Worker): WorkerThread {
  const listeners: ((cause: unknown) => void)[] = []
  const lose = (cause: unknown) => {
    for (const listener of listeners) listener(cause)
  }
  // without a message it is no error of the script: there was no script to run
  worker.addEventListener('error', (event) =>
    lose(event.error ?? new Error(event.message || 'the worker could not be loaded: missing, or forbidden here')),
  )
  worker.addEventListener('messageerror', () => lose(new Error('a message of the worker could not be read')))
  const stopWatching = watchLifeLock(worker, () => lose(new Error('the worker has ended')))
  return {
    sendPort: (port) => worker.postMessage(port, [port]),
    onMessage: (listener) => worker.addEventListener('message', (event) => listener(event.data)),
    onLost: (listener) => listeners.push(listener),
    keepAlive: () => {},
    terminate: () => {
      stopWatching()
      worker.terminate()
    },
  }
}
