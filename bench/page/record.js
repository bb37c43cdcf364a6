// Runs in the page: 10,000 frames a second while the page itself is busy. Every push is timed.
import { createRecorder } from '/dist/index.js'

const TICK_MS = 4
const BUSY_EVERY_MS = 100
const BUSY_MS = 30

export async function record({ transport, seconds, rateHz }) {
  const recorder = await createRecorder({ transport, worker: '/stalling-worker.js' })
  const session = await recorder.createSession({ streams: { imu: { channels: ['x', 'y', 'z'], clock: 'monotonic' } } })
  const { push } = session.stream('imu')
  let longTasks = 0
  new PerformanceObserver((list) => {
    longTasks += list.getEntries().length
  }).observe({ entryTypes: ['longtask'] })
  const pushUs = new Float32Array(seconds * rateHz + rateHz)
  const heapBytes = []
  let pushed = 0
  let taken = 0
  const startedMs = performance.now()
  let busyAtMs = startedMs
  let heapAtMs = startedMs + 3000
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const nowMs = performance.now()
      const due = Math.min(seconds * rateHz, Math.floor(((nowMs - startedMs) * rateHz) / 1000))
      for (; pushed < due; pushed++) {
        const timeMs = startedMs + (pushed * 1000) / rateHz
        const before = performance.now()
        if (push(timeMs, Math.sin(pushed), Math.cos(pushed), pushed)) taken += 1
        pushUs[pushed] = (performance.now() - before) * 1000
      }
      if (nowMs > heapAtMs) {
        heapBytes.push(performance.memory.usedJSHeapSize)
        heapAtMs += 1000
      }
      if (nowMs > busyAtMs) {
        while (performance.now() < nowMs + BUSY_MS) {
          // the page has things of its own to do
        }
        busyAtMs += BUSY_EVERY_MS
      }
      if (pushed === seconds * rateHz) {
        clearInterval(timer)
        resolve()
      }
    }, TICK_MS)
  })
  const summary = await session.stop()
  const { capabilities } = recorder
  await recorder.dispose()
  const sorted = pushUs.slice(0, pushed).sort()
  const quantile = (q) => sorted[Math.min(pushed - 1, Math.floor(pushed * q))]
  const { received, ingested, pending, lost } = summary.streams.imu
  return {
    transport: capabilities.transport,
    thread: capabilities.thread,
    isIsolated: crossOriginIsolated,
    pushed,
    taken,
    pushUs: { p50: quantile(0.5), p99: quantile(0.99), p999: quantile(0.999), max: sorted[pushed - 1] },
    longTasks,
    heapMiB: heapBytes.map((bytes) => bytes / 1_048_576),
    received,
    ingested,
    lost,
    isConserved:
      received === pushed && received === ingested + pending + Object.values(lost).reduce((a, b) => a + b, 0),
  }
}

export async function ready() {
  const startedMs = performance.now()
  const recorder = await createRecorder()
  const ms = performance.now() - startedMs
  const { thread } = recorder.capabilities
  await recorder.dispose()
  if (thread !== 'worker') throw new Error(`recorded ${thread}`)
  return ms
}
