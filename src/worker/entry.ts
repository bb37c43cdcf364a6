import { openBrowserStore } from './browser-store.js'
import { RecorderHost, serveRecorder } from './recorder-host.js'

self.addEventListener('message', (event: MessageEvent) => {
  if (!(event.data instanceof MessagePort)) return
  serveRecorder(new RecorderHost(openBrowserStore), event.data)
  self.postMessage('ready')
})
