import { openBrowserStore } from './browser-store.js'
import { lifeLockHolder } from './life-lock.js'
import { RecorderHost, serveRecorder } from './recorder-host.js'

const changeLifeLock = lifeLockHolder((message) => self.postMessage(message))

// a rejection nobody waits for is an error like any other: the page hears of it
self.addEventListener('unhandledrejection', (event) => {
  event.preventDefault()
  setTimeout(() => {
    throw event.reason
  }, 0)
})

self.addEventListener('message', (event: MessageEvent) => {
  changeLifeLock(event.data)
  if (!(event.data instanceof MessagePort)) return
  serveRecorder(new RecorderHost(openBrowserStore), event.data)
  self.postMessage('ready')
  changeLifeLock('hold-life-lock')
})
