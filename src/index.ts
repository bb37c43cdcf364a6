import type { BrowserRecorderOptions } from './browser-recorder.js'
import type { Recorder } from './session/index.js'

export * from './page-surface.js'

/**
 * Opens a recorder in the browser: starts the worker, or runs on the page where none can be had. What a page needs to
 * record is loaded by the first call, so that it weighs nothing before.
 *
 * Sessions are kept in IndexedDB, durably; where there is none (private modes, sandboxed frames) in the worker's memory,
 * and `recorder.capabilities.store` says so.
 *
 * @throws TypeError | RangeError for options that are not valid; KymographError `no-shared-memory`.
 *
 * @example
 * const recorder = await createRecorder()
 * const session = await recorder.createSession({ labels: ['login'], streams: { imu: { channels: ['x', 'y', 'z'] } } })
 * session.stream('imu').push(performance.now(), 0.1, 9.7, 0.3)
 * const summary = await session.stop()
 */
export async function createRecorder(options: BrowserRecorderOptions = {}): Promise<Recorder> {
  const { openBrowserRecorder } = await import('./browser-recorder.js')
  return openBrowserRecorder(options, {
    // bundlers find the worker by this very text
    spawnOwn: (adopt) => adopt(new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })),
    loadPageSide: () => import('./worker/page-side.js'),
    loadJourney: () => import('./session/auto-journey.js'),
    serveInThread: async (port) => {
      const { serveInThread } = await import('./worker/in-thread.js')
      await serveInThread(port)
    },
  })
}
