import { RecorderHost, serveRecorder } from '../worker/recorder-host.js'
import { openNodeStore } from './node-store.js'

/** Serves a recorder on the calling thread. */
export async function serveInThread(port: MessagePort): Promise<void> {
  serveRecorder(new RecorderHost(openNodeStore), port)
  // the caller's end keeps the process alive while a call is pending
  ;(port as MessagePort & { unref(): void }).unref()
}
