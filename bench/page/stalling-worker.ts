// The library's worker with a store that stops answering for seconds and a thread that stands still now and then.
import { MemoryStore } from '../../src/store/memory-store.js'
import type { Chunk } from '../../src/wire/model.js'
import { RecorderHost, serveRecorder } from '../../src/worker/recorder-host.js'

const STALL_EVERY_MS = 7000
const STORE_STALL_MS = 4000
const THREAD_STALL_MS = 1500

class StallingStore extends MemoryStore {
  #answersAgainAtMs = 0
  readonly #startedMs = performance.now()

  override async append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    const nowMs = performance.now()
    const intoCycleMs = (nowMs - this.#startedMs) % STALL_EVERY_MS
    if (intoCycleMs > STALL_EVERY_MS - STORE_STALL_MS) this.#answersAgainAtMs = nowMs + STALL_EVERY_MS - intoCycleMs
    const waitMs = this.#answersAgainAtMs - nowMs
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    await super.append(chunk, frame)
  }
}

setInterval(() => {
  const untilMs = performance.now() + THREAD_STALL_MS
  while (performance.now() < untilMs) {
    // the worker's thread stands still
  }
}, STALL_EVERY_MS)

self.addEventListener('message', (event: MessageEvent) => {
  if (!(event.data instanceof MessagePort)) return
  serveRecorder(new RecorderHost(async () => new StallingStore()), event.data)
  self.postMessage('ready')
})
