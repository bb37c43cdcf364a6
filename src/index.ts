import { type BrowserRecorderOptions, openBrowserRecorder } from './browser.js'
import type { Recorder } from './session/index.js'
import { spawnOwnWebWorker } from './worker/own-web-worker.js'

export type { BrowserRecorderOptions } from './browser.js'
export * from './session/index.js'
export type { WebWorkerChoice } from './worker/web-worker.js'

/**
 * Opens a recorder in the browser: starts the worker, or runs on the page where none can be had.
 *
 * Sessions are kept in the worker's memory: `store: 'auto'` and `'memory'` are the same for now, and
 * `recorder.capabilities.store` says so.
 *
 * @throws TypeError | RangeError for options that are not valid.
 *
 * @example
 * const recorder = await createRecorder()
 * const session = await recorder.createSession({ labels: ['login'], streams: { imu: { channels: ['x', 'y', 'z'] } } })
 * session.stream('imu').push(performance.now(), 0.1, 9.7, 0.3)
 * const summary = await session.stop()
 */
export async function createRecorder(options: BrowserRecorderOptions = {}): Promise<Recorder> {
  return openBrowserRecorder(options, {
    spawnOwn: spawnOwnWebWorker,
    serveInThread: async (port) => {
      const { serveInThread } = await import('./worker/in-thread.js')
      await serveInThread(port)
    },
  })
}
