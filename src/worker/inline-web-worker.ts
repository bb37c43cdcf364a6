import type { WorkerThread } from './client.js'

/** The part of Trusted Types there is need for. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): ScriptUrlPolicy
}
interface ScriptUrlPolicy {
  createScriptURL(url: string): string
}

/** Only one policy of a name may be made where policies are listed. */
let policy: ScriptUrlPolicy | undefined

/** A page that enforces Trusted Types takes the URL from a policy: this one it can allow by its name, `kymograph`. */
function trusted(blobUrl: string): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }
  try {
    policy ??= trustedTypes?.createPolicy('kymograph', { createScriptURL: (url) => url })
    return policy?.createScriptURL(blobUrl) ?? blobUrl
  } catch {
    return blobUrl
  }
}

/** Starts a worker from the text of its code, by a Blob URL that is revoked once the worker has started or failed. */
export function spawnInlineWebWorker(code: string, adopt: (worker: Worker) => WorkerThread): WorkerThread {
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  let isNeeded = true
  const revoke = () => {
    if (isNeeded) URL.revokeObjectURL(url)
    isNeeded = false
  }
  try {
    const worker = new Worker(trusted(url), { type: 'module' })
    // revoked any earlier, the worker may not have been fetched yet
    worker.addEventListener('message', revoke, { once: true })
    worker.addEventListener('error', revoke, { once: true })
    const thread = adopt(worker)
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
