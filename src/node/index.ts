import { checkRecorderOptions, Recorder, type RecorderOptions } from '../session/index.js'
import { type NodeWorkerChoice, nodeWorkerSourceOf } from './worker-thread.js'

export * from '../session/index.js'
export { FileStore } from './file-store.js'
export type { NodeWorkerChoice } from './worker-thread.js'

/** A store in a directory: one `.kymo` file per session. */
export interface DirectoryStore {
  directory: string
}

/** Options of `createRecorder` in Node. */
export type NodeRecorderOptions = RecorderOptions<DirectoryStore, NodeWorkerChoice>

const DEFAULT_DIRECTORY = './recordings'

/**
 * Opens a recorder in Node: the same as in the browser, in a worker thread, with sessions in a directory
 * (`store: 'auto'` is `./recordings`) or in memory.
 *
 * @throws TypeError | RangeError for options that are not valid; KymographError `store-unusable` when the directory
 *   cannot be used.
 *
 * @example
 * const recorder = await createRecorder({ store: { directory: './recordings' } })
 */
export async function createRecorder(options: NodeRecorderOptions = {}): Promise<Recorder> {
  const { open, own, worker, transport, consent } = checkRecorderOptions(options, (store) => {
    if (store === 'auto') return { kind: 'files', directory: DEFAULT_DIRECTORY }
    if (typeof store !== 'object' || store === null || typeof store.directory !== 'string' || store.directory === '') {
      throw new TypeError(`"store" expected 'auto', 'memory' or { directory: string }, got ${JSON.stringify(store)}`)
    }
    return { kind: 'files', directory: store.directory }
  })
  const serveInThread = async (port: MessagePort) => (await import('./in-thread.js')).serveInThread(port)
  const side = own && new (await import('../worker/page-side.js')).PageSide(own)
  return Recorder.open({ open, source: nodeWorkerSourceOf(worker), serveInThread }, transport, side, { consent })
}
