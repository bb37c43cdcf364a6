import { openBrowserStore } from './browser-store.js'
import { RecorderHost, serveRecorder } from './recorder-host.js'

/** Serves a recorder on the calling thread: where no worker can be had. */
export async function serveInThread(port: MessagePort): Promise<void> {
  serveRecorder(new RecorderHost(openBrowserStore), port)
}
