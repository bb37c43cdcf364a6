import workerCode from 'kymograph:worker-code'
import { type BrowserRecorderOptions, openBrowserRecorder } from './browser-recorder.js'
import { forgetJourney, joinJourney } from './session/auto-journey.js'
import type { Recorder } from './session/index.js'
import { serveInThread } from './worker/in-thread.js'
import { spawnInlineWebWorker } from './worker/inline-web-worker.js'
import { PageSide } from './worker/page-side.js'

export * from './page-surface.js'

/**
 * Opens a recorder in the browser, as `createRecorder` of `kymograph` does, from this one file: the worker starts from
 * a Blob URL. Where the page's policy forbids that (`worker-src` without `blob:`) the recorder runs on the page.
 *
 * @throws TypeError | RangeError for options that are not valid.
 *
 * @example
 * const recorder = await createRecorder()
 */
export async function createRecorder(options: BrowserRecorderOptions = {}): Promise<Recorder> {
  return openBrowserRecorder(options, {
    spawnOwn: (adopt) => spawnInlineWebWorker(workerCode, adopt),
    loadPageSide: async () => ({ PageSide }),
    loadJourney: async () => ({ joinJourney, forgetJourney }),
    serveInThread,
  })
}
