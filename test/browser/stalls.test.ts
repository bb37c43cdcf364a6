import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium, runsBrowserTests } from '../support/chromium.js'
import { ISOLATED } from '../support/engine-pages.js'
import { commandOf, descendantsOf } from '../support/processes.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

/** What the page reports: a frame every 5 ms, stamped when it was made. */
interface Outcome {
  pushed: number
  restarts: number
  thread: string
  stream: { received: number; ingested: number; pending: number; lost: Record<string, number>; gaps: number }
  gaps: { ms: number }[]
  maxPushMs: number
  warnings: string[]
}

const RECORDER = `
import { createRecorder } from '/dist/index.js'
globalThis.begin = async (transport) => {
  const recorder = await createRecorder({ transport })
  const session = await recorder.createSession({ streams: { s: { channels: ['v'] } }, chunk: { maxMs: 200 } })
  const gaps = [], warnings = []
  session.addEventListener('gap', ({ detail }) => gaps.push({ ms: Number(detail.endNs - detail.startNs) / 1e6 }))
  session.addEventListener('warning', ({ detail }) => warnings.push(detail.code))
  const { push } = session.stream('s')
  let pushed = 0, maxPushMs = 0
  const one = () => {
    const before = performance.now()
    push(before, ++pushed)
    maxPushMs = Math.max(maxPushMs, performance.now() - before)
  }
  const timer = setInterval(one, 5)
  globalThis.burst = (frames) => { for (let i = 0; i < frames; i++) one() }
  globalThis.finish = async () => {
    clearInterval(timer)
    const summary = await session.stop()
    const { restarts, thread } = recorder.capabilities
    await recorder.dispose()
    return { pushed, restarts, thread, stream: summary.streams.s, gaps, maxPushMs, warnings }
  }
}
globalThis.loaded = true`

function expectConserved({ pushed, stream }: Outcome): void {
  const lost = Object.values(stream.lost).reduce((a, b) => a + b, 0)
  expect(stream.received).toBe(pushed)
  expect(stream.ingested + stream.pending + lost).toBe(pushed)
}

describe.skipIf(!runsBrowserTests)('a page that stands still', () => {
  let browser: Browser
  let server: StaticServer
  let page: Page

  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    server.serve('/recorder.js', { body: RECORDER, headers: ISOLATED })
    server.serve('/stalls.html', {
      body: '<!doctype html><script type="module" src="/recorder.js"></script>',
      headers: ISOLATED,
    })
    server.serve('/dist/worker.js', { headers: ISOLATED })
    browser = await launchChromium()
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  beforeEach(async () => {
    page = await browser.newPage()
    await page.goto(`${server.origin}/stalls.html`)
    await page.waitForFunction('globalThis.loaded')
  })

  const run = (code: string) => page.evaluate(code)
  const finish = async () => (await run('finish()')) as Outcome

  it.each(['batch', 'shared'])(
    'records the gap of a thread that was blocked, and nothing else (F9, %s)',
    async (transport) => {
      await run(`begin('${transport}')`)
      await page.waitForTimeout(700)
      await run('(() => { const until = performance.now() + 5000; while (performance.now() < until); })()')
      await page.waitForTimeout(400)
      const outcome = await finish()
      expectConserved(outcome)
      expect(outcome).toMatchObject({ restarts: 0, thread: 'worker', warnings: [], stream: { lost: {} } })
      expect(outcome.gaps.filter(({ ms }) => ms > 4900 && ms < 6000)).toHaveLength(1)
    },
    30_000,
  )

  it.each(['batch', 'shared'])(
    'keeps count on a slow processor, bursts included (F10, %s)',
    async (transport) => {
      const devTools = await page.context().newCDPSession(page)
      await run(`begin('${transport}')`)
      await devTools.send('Emulation.setCPUThrottlingRate', { rate: 20 })
      for (let i = 0; i < 3; i++) {
        await run('burst(10000)')
        await page.waitForTimeout(1000)
      }
      const outcome = await finish()
      await devTools.send('Emulation.setCPUThrottlingRate', { rate: 1 })
      expectConserved(outcome)
      expect(outcome).toMatchObject({ restarts: 0, thread: 'worker' })
      expect(outcome.pushed).toBeGreaterThan(30_000)
    },
    60_000,
  )

  it('goes on after its process was stopped, with a gap (F8)', async () => {
    await run(`begin('batch')`)
    await page.waitForTimeout(700)
    const renderers = descendantsOf(process.pid).filter((pid) => commandOf(pid).includes('--type=renderer'))
    expect(renderers.length).toBeGreaterThan(0)
    for (const pid of renderers) process.kill(pid, 'SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 3000))
    for (const pid of renderers) process.kill(pid, 'SIGCONT')
    await page.waitForTimeout(500)
    const outcome = await finish()
    expectConserved(outcome)
    expect(outcome).toMatchObject({ restarts: 0, thread: 'worker', stream: { lost: {} } })
    expect(outcome.gaps.some(({ ms }) => ms > 2900)).toBe(true)
  }, 30_000)

  it('replaces a worker that has ended within a second (F22)', async () => {
    // the library's worker, which another script in it ends
    server.serve('/ending-worker.js', {
      body: `import '/dist/worker.js'\nconst endsAtMs = 400\nsetTimeout(() => self.close(), endsAtMs)`,
      headers: ISOLATED,
    })
    const outcome = (await run(`(async () => {
      const { createRecorder } = await import('/dist/index.js')
      let workers = 0
      const recorder = await createRecorder({
        transport: 'batch',
        worker: () => new Worker(++workers === 1 ? '/ending-worker.js' : '/dist/worker.js', { type: 'module' }),
      })
      const session = await recorder.createSession({ streams: { s: { channels: ['v'] } }, chunk: { maxMs: 60_000 } })
      let pushed = 0
      const timer = setInterval(() => session.stream('s').push(performance.now(), ++pushed), 5)
      const startedMs = performance.now()
      while (recorder.capabilities.restarts === 0 && performance.now() - startedMs < 8000) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      const noticedMs = performance.now() - startedMs
      await new Promise((resolve) => setTimeout(resolve, 300))
      clearInterval(timer)
      const summary = await session.stop()
      const { thread, restarts } = recorder.capabilities
      await recorder.dispose()
      return { pushed, noticedMs, stream: summary.streams.s, thread, restarts, gaps: [], maxPushMs: 0, warnings: [] }
    })()`)) as Outcome & { noticedMs: number }
    expectConserved(outcome)
    expect(outcome).toMatchObject({ thread: 'worker', restarts: 1, stream: { lost: {} } })
    expect(outcome.noticedMs).toBeLessThan(1500)
  }, 30_000)
})
