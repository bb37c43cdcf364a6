import { RecorderHost, serveRecorder } from '../worker/recorder-host.js'
import { openNodeStore } from './node-store.js'

/** Serves a recorder on the calling thread. */
export async function serveInThread(port: MessagePort): Promise<void> {
  serveRecorder(new RecorderHost(openNodeStore), port)
}
