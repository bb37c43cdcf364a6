import type { Page } from 'puppeteer-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { runsBrowserTests } from '../support/chromium.js'
import { descendantsOf } from '../support/processes.js'
import { framesIn, type Recorded, recordedOf, serveSourcePage, unaccounted } from '../support/source-page.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'
import { Tabs } from '../support/tabs.js'

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const gapsOf = ({ events }: Recorded) =>
  events
    .filter(({ type }) => type === 'gap')
    .map(({ detail }) => ({ stream: detail.stream, ms: ((detail.endNs as number) - (detail.startNs as number)) / 1e6 }))
const statesOf = ({ events }: Pick<Recorded, 'events'>) =>
  events.filter(({ type }) => type === 'statechange').map(({ detail }) => detail.state)

/** Counts up every 10 ms. */
const TICKING = `void (globalThis.ticks = 0, setInterval(() => session.stream('tick').push(performance.now(), ++ticks), 10))`

describe.skipIf(!runsBrowserTests)('the life of a page in Chromium', () => {
  let tabs: Tabs
  let server: StaticServer
  let url: string

  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    server.serve('/other.html', '<!doctype html>another page')
    url = serveSourcePage(server, '<p>page</p>')
    tabs = await Tabs.launch()
  }, 60_000)
  afterAll(async () => {
    await tabs?.end()
    await server?.close()
  }, 30_000)

  async function open(options = '', browser = tabs): Promise<Page> {
    const page = await browser.open(url)
    await page.waitForFunction('globalThis.loaded', { polling: 50 })
    await page.evaluate(
      `begin({ sources: [sources.lifecycle()], streams: { tick: { channels: ['n'] } }, chunk: { maxMs: 60000 }, ${options} })`,
    )
    await page.evaluate(TICKING)
    return page
  }
  /**
   * Leaves a page for another and comes back to it as it was kept; `leftMs`: when that was, on the clock of the page.
   * Chromium may crash when it freezes a worker that hears from its database, with the page that follows (ADR 14): then it
   * is tried again.
   */
  async function openLeaveAndReturn(options = '', browser = tabs): Promise<{ page: Page; leftMs: number }> {
    for (let attempt = 0; attempt < 4; attempt++) {
      const page = await open(options, browser)
      await page.evaluate(`void (globalThis.wasHere = true)`)
      await sleep(1000)
      // a page that leaves while it answers may never answer
      await page.evaluate(`void setTimeout(() => { location.href = '/other.html' }, 100)`)
      await sleep(2000)
      const followed = page.evaluate('({ href: location.href, ms: performance.timeOrigin })')
      const answer = (await Promise.race([followed.catch(() => undefined), sleep(5000)])) as
        | { href: string; ms: number }
        | undefined
      if (answer === undefined) {
        await browser.close(page)
        continue
      }
      expect(answer.href).toContain('other.html')
      await page.evaluate('void setTimeout(() => history.back(), 100)')
      await sleep(2000)
      expect(await page.evaluate('globalThis.wasHere')).toBe(true)
      return { page, leftMs: answer.ms - ((await page.evaluate('performance.timeOrigin')) as number) }
    }
    throw new Error('the page that follows has never answered')
  }
  const front = () => tabs.open(`${server.origin}/other.html`)
  const chunksOf = (page: Page) => page.evaluate(`recorder.sessions.get(session.id).then((record) => record.chunks)`)
  async function finish(page: Page): Promise<Recorded> {
    const recorded = await recordedOf((await page.evaluate('finish()')) as object)
    expect(unaccounted(recorded)).toEqual({})
    return recorded
  }
  const changesIn = (recorded: Recorded) => framesIn(recorded, 'lifecycle').map(({ change }) => change)

  it('flushes when the tab is hidden and goes on with what the browser lets it have (F11)', async () => {
    const page = await open()
    await sleep(600)
    await front()
    await sleep(2500)
    expect(await page.evaluate('document.visibilityState')).toBe('hidden')
    // long before the chunk is old enough
    expect(await chunksOf(page)).toBeGreaterThan(0)
    await tabs.bringToFront(page)
    await sleep(600)
    const recorded = await finish(page)
    expect(changesIn(recorded)).toEqual(['visible', 'hidden', 'visible'])
    expect(framesIn(recorded, 'tick').map(({ n }) => n)).toEqual(
      Array.from({ length: recorded.summary.streams.tick!.received }, (_, i) => i + 1),
    )
    // timers run once a second there
    expect(gapsOf(recorded).filter(({ stream, ms }) => stream === 'tick' && ms > 300).length).toBeGreaterThan(0)
    expect(statesOf(recorded)).not.toContain('paused')
  }, 60_000)

  it('pauses while the tab is hidden where that is wanted, and says so', async () => {
    const page = await open(`whenHidden: 'pause'`)
    await sleep(400)
    await front()
    await sleep(1500)
    expect(await page.evaluate('session.state')).toBe('paused')
    await tabs.bringToFront(page)
    await sleep(400)
    expect(await page.evaluate('session.state')).toBe('recording')
    const recorded = await finish(page)
    expect(statesOf(recorded).slice(-4)).toEqual(['paused', 'recording', 'stopping', 'stopped'])
    expect(recorded.summary.streams.tick!.lost.paused).toBeGreaterThan(0)
    expect(gapsOf(recorded).some(({ stream, ms }) => stream === 'tick' && ms > 1000)).toBe(true)
  }, 60_000)

  it('leaves a session alone that the application has paused before the tab was hidden', async () => {
    const page = await open(`whenHidden: 'pause'`)
    await page.evaluate('session.pause()')
    await front()
    await sleep(500)
    await tabs.bringToFront(page)
    await sleep(500)
    expect(await page.evaluate('session.state')).toBe('paused')
    await page.evaluate('session.resume()')
    await finish(page)
  }, 60_000)

  it('leaves a session alone that the application pauses while the tab is hidden', async () => {
    const page = await open(`whenHidden: 'pause'`)
    await front()
    await sleep(500)
    await page.evaluate('session.pause()')
    await tabs.bringToFront(page)
    await sleep(500)
    expect(await page.evaluate('session.state')).toBe('paused')
    await finish(page)
  }, 60_000)

  it('pauses from the start what begins in a hidden tab, until the tab is seen', async () => {
    const page = await tabs.open(url)
    await page.waitForFunction('globalThis.loaded', { polling: 50 })
    await front()
    await sleep(500)
    await page.evaluate(`begin({ whenHidden: 'pause', streams: { tick: { channels: ['n'] } } })`)
    expect(await page.evaluate('session.state')).toBe('paused')
    await tabs.bringToFront(page)
    await sleep(500)
    expect(await page.evaluate('session.state')).toBe('recording')
    await finish(page)
  }, 60_000)

  it('has everything stored before the page is frozen, and a gap when it is resumed (F12)', async () => {
    const page = await open()
    const devTools = await page.createCDPSession()
    await sleep(600)
    await front()
    await devTools.send('Page.setWebLifecycleState', { state: 'frozen' })
    await sleep(3000)
    await tabs.bringToFront(page)
    await devTools.send('Page.setWebLifecycleState', { state: 'active' })
    await sleep(600)
    expect(await page.evaluate('session.state')).toBe('recording')
    expect(await page.evaluate('recorder.capabilities.restarts')).toBe(0)
    const recorded = await finish(page)
    expect(changesIn(recorded)).toEqual(expect.arrayContaining(['hidden', 'frozen', 'resumed']))
    expect(gapsOf(recorded).filter(({ stream, ms }) => stream === 'tick' && ms > 2500)).toHaveLength(1)
    const ticks = framesIn(recorded, 'tick').map(({ n }) => n)
    expect(ticks).toEqual(ticks.map((_, i) => i + 1))
  }, 60_000)

  it('tells of a suspended machine by a gap and by both clocks (F63)', async () => {
    const own = await Tabs.launch()
    const page = await open('', own)
    await sleep(600)
    const processes = [own.pid, ...descendantsOf(own.pid)]
    for (const pid of processes) process.kill(pid, 'SIGSTOP')
    await sleep(3000)
    for (const pid of processes.reverse()) process.kill(pid, 'SIGCONT')
    await sleep(600)
    const recorded = await finish(page)
    expect(gapsOf(recorded).filter(({ stream, ms }) => stream === 'tick' && ms > 2900)).toHaveLength(1)
    const clocks = recorded.chunks.flatMap((chunk) => chunk.clocks)
    const spanOf = (clock: 'monotonicNs' | 'wallNs') => Number(clocks.at(-1)![clock] - clocks[0]![clock]) / 1e6
    expect(spanOf('monotonicNs')).toBeGreaterThan(3500)
    expect(Math.abs(spanOf('wallNs') - spanOf('monotonicNs'))).toBeLessThan(50)
    const ticks = framesIn(recorded, 'tick').map(({ n }) => n)
    expect(ticks).toEqual(ticks.map((_, i) => i + 1))
    await own.end()
  }, 60_000)

  it('is kept in the back/forward cache while it records, and goes on in the same session (F14)', async () => {
    const { page } = await openLeaveAndReturn()
    expect(await page.evaluate('session.state')).toBe('recording')
    await page.mouse.click(20, 20)
    const recorded = await finish(page)
    expect(changesIn(recorded)).toEqual(expect.arrayContaining(['left', 'returned']))
    expect(framesIn(recorded, 'lifecycle').find(({ change }) => change === 'left')!.isKept).toBe('true')
    // nothing twice: one listener per event as before
    expect(changesIn(recorded).filter((change) => change === 'returned')).toHaveLength(1)
    const ticks = framesIn(recorded, 'tick').map(({ n }) => n)
    expect(ticks).toEqual(ticks.map((_, i) => i + 1))
    expect(gapsOf(recorded).some(({ stream, ms }) => stream === 'tick' && ms > 1000)).toBe(true)
  }, 60_000)

  it('pauses in the back/forward cache where that is wanted, when all have heard that the page is left (F14)', async () => {
    const { page } = await openLeaveAndReturn(`whenHidden: 'pause'`)
    expect(await page.evaluate('session.state')).toBe('recording')
    const recorded = await finish(page)
    expect(statesOf(recorded).slice(-4)).toEqual(['paused', 'recording', 'stopping', 'stopped'])
    expect(changesIn(recorded)).toEqual(['visible', 'left', 'hidden', 'visible', 'returned'])
  }, 60_000)

  it('is kept in the back/forward cache with a microphone open, which is closed and opened again (F14)', async () => {
    const listening = await Tabs.launch(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'])
    onTestFinished(() => listening.end())
    const { page, leftMs } = await openLeaveAndReturn(`sources: [sources.audioLevel()]`, listening)
    expect(await page.evaluate('session.state')).toBe('recording')
    const times = framesIn(await finish(page), 'audioLevel').map(({ timeMs }) => timeMs)
    expect(times.filter((timeMs) => timeMs < leftMs).length).toBeGreaterThan(5)
    expect(times.filter((timeMs) => timeMs > leftMs + 1000).length).toBeGreaterThan(5)
  }, 60_000)

  // the page has a moment for its worker, which may get none on a busy machine
  it('loses little when its tab is closed: the next page finds the session recovered (F13)', {
    retry: 2,
    timeout: 60_000,
  }, async () => {
    const page = await open()
    await sleep(1500)
    const id = await page.evaluate('session.id')
    const lastTick = (await page.evaluate('ticks')) as number
    await tabs.close(page)
    await sleep(1000)
    const next = await tabs.open(url)
    await next.waitForFunction('globalThis.loaded', { polling: 50 })
    const record = (await next.evaluate(`(async () => {
      globalThis.recorder = await createRecorder()
      await recorder.sessions.recover()
      const { state, chunks } = (await recorder.sessions.get('${id}')) ?? {}
      return { state, chunks, texts: await read('${id}') }
    })()`)) as { state: string; chunks: number; texts: string[] }
    expect(record.state).toBe('recovered')
    const { chunks } = await recordedOf({ chunks: record.texts })
    const stored = Number(framesIn({ chunks }, 'tick').at(-1)?.n ?? 0)
    // 250 ms of ticks
    expect(lastTick - stored).toBeLessThan(25)
  })

  it('stops what is left of a duration that ran out while it was frozen', async () => {
    const page = await open('duration: 1500')
    const devTools = await page.createCDPSession()
    await front()
    await devTools.send('Page.setWebLifecycleState', { state: 'frozen' })
    await sleep(2500)
    await devTools.send('Page.setWebLifecycleState', { state: 'active' })
    await tabs.bringToFront(page)
    await sleep(1500)
    expect(await page.evaluate('session.state')).toBe('stopped')
    await finish(page)
  }, 60_000)
})
