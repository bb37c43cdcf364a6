import type { WorkerThread } from './client.js'
import { adoptWebWorker } from './web-worker.js'

/** Starts a worker from the text of its code, by a Blob URL that is revoked once the worker has started or failed. */
export function spawnInlineWebWorker(code: string): WorkerThread {
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  let isNeeded = true
  const revoke = () => {
    if (isNeeded) URL.revokeObjectURL(url)
    isNeeded = false
  }
  try {
    const worker = new Worker(url, { type: 'module' })
    // revoked any earlier, the worker may not have been fetched yet
    worker.addEventListener('message', revoke, { once: true })
    worker.addEventListener('error', revoke, { once: true })
    const thread = adoptWebWorker(worker)
    return {
      ...thread,
      terminate: () => {
        revoke()
        thread.terminate()
      },
    }
  } catch (cause) {
    revoke()
    throw cause
  }
}
