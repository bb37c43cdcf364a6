import { checkRecorderOptions, Recorder, type RecorderOptions } from './session/index.js'
import type { ClientOptions } from './worker/client.js'
import { spawnWebWorker } from './worker/web-worker.js'

export * from './session/index.js'

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
export async function createRecorder(options: RecorderOptions<never> = {}): Promise<Recorder> {
  const { open, wantsWorker, transport } = checkRecorderOptions(options, (store: unknown) => {
    if (store === 'auto') return { kind: 'memory' }
    throw new RangeError(`"store" expected 'auto' or 'memory' in a browser, got ${String(store)}`)
  })
  const client: ClientOptions = {
    open,
    spawn: wantsWorker ? spawnWebWorker : undefined,
    isRespawnable: true,
    serveInThread: async (port) => {
      const { serveInThread } = await import('./worker/in-thread.js')
      await serveInThread(port)
    },
  }
  return Recorder.open(client, transport)
}
