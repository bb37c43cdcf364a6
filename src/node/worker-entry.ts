import { parentPort } from 'node:worker_threads'
import { RecorderHost, serveRecorder } from '../worker/recorder-host.js'
import { openNodeStore } from './node-store.js'

parentPort?.on('message', (message: unknown) => {
  if (!(message instanceof MessagePort)) return
  serveRecorder(new RecorderHost(openNodeStore), message)
  parentPort?.postMessage('ready')
})
