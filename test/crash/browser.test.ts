import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { runsBrowserTests } from '../support/chromium.js'
import { ChromiumProcess } from '../support/chromium-process.js'
import { DEPARTURES, KILLS, killMoments } from '../support/kills.js'
import { canCutPower, PoweredDirectory } from '../support/power-cut.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const POWER_CUTS = Math.ceil(KILLS.browser / 3)

/** Records without end, says what it was told, and looks into the store. */
const PAGE = `
import { createRecorder } from '/dist/index.js'
import { framesOf, readChunks } from '/dist/read.js'
const recorder = await createRecorder()
globalThis.record = async () => {
  const session = await recorder.createSession({
    labels: ['crash'],
    journeyId: 'crash',
    chunk: { maxMs: 50, maxBytes: 4096 },
    streams: { s: { channels: ['x', 'y'], clock: 'relative' } },
  })
  session.addEventListener('chunk', ({ detail }) => console.log('stored ' + session.id + ' ' + detail.seq))
  const stream = session.stream('s')
  let at = 0
  setInterval(() => {
    for (let i = 0; i < 20; i++, at++) stream.push(at, Math.sin(2 * at), Math.sin(2 * at + 1))
  }, 5)
}
globalThis.look = async (id) => {
  const record = await recorder.sessions.get(id)
  const byLabel = await recorder.sessions.page({ labels: ['crash'], state: 'recovered', limit: 1000 })
  let [frames, wrong] = [0, 0]
  for await (const { bytes } of recorder.sessions.chunks(id)) {
    for await (const item of readChunks(bytes)) {
      const { timestampsNs, channels } = framesOf(item.chunk, 's')
      for (let i = 0; i < timestampsNs.length; i++, frames++) {
        if (timestampsNs[i] !== BigInt(frames) * 1000000n) wrong++
        if (channels.some(({ values }, c) => values[i] !== Math.sin(2 * frames + c))) wrong++
      }
    }
  }
  const recoveries = await recorder.sessions.recover()
  return {
    kind: recorder.capabilities.store.kind,
    state: record?.state,
    chunks: record?.chunks ?? 0,
    streamFrames: record?.streams[0]?.frames ?? 0,
    found: byLabel.sessions.some((session) => session.id === id),
    frames,
    wrong,
    recovered: recoveries.map(({ session }) => session.id),
    tailMs: recoveries[0]?.session.tailMs,
    journey: (await recorder.journeys.get('crash'))?.sessions,
  }
}
console.log('ready')`

interface Look {
  kind: string
  state: string
  chunks: number
  streamFrames: number
  found: boolean
  frames: number
  wrong: number
  recovered: string[]
  tailMs: number
  journey: number
}

/** Records in five sessions, leaves after half a second, and says when it is back. */
const DEPARTING = `
import { createRecorder } from '/dist/index.js'
import { lifecycle } from '/dist/sources.js'
const recorder = await createRecorder()
for (let i = 0; i < 5; i++) {
  const session = await recorder.createSession({
    labels: ['departure' + i],
    sources: [lifecycle()],
    streams: { s: { channels: ['x'] } },
    chunk: { maxMs: 60000 },
  })
  setInterval(() => session.stream('s').push(performance.now(), 1), 10)
}
setTimeout(() => { location.href = '/next.html' + location.search }, 400 + Math.random() * 200)`

/** Says that it lives, when a while has gone by. */
const NEXT = `setTimeout(() => fetch('/result/' + location.search.slice(1), { method: 'POST', body: '{}' }), 600)`

describe.skipIf(!runsBrowserTests)('a recorder in Chromium', () => {
  let server: StaticServer
  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    server.serve('/crash.js', PAGE)
    server.serve('/crash.html', '<!doctype html><script type="module" src="/crash.js"></script>')
  })
  afterAll(() => server?.close())

  async function openPage(browser: ChromiumProcess): Promise<Page> {
    const page = await browser.newPage()
    const isReady = page.waitForEvent('console', { predicate: (message) => message.text() === 'ready' })
    await page.goto(`${server.origin}/crash.html`)
    await isReady
    return page
  }

  /** Records, and calls `kill` a moment after the first chunk was stored. */
  async function recordUntil(page: Page, ms: number, kill: () => Promise<void>): Promise<{ id: string; seq: number }> {
    const last = { id: '', seq: -1 }
    page.on('console', (message) => {
      const [what, id, seq] = message.text().split(' ')
      if (what === 'stored') Object.assign(last, { id, seq: Number(seq) })
    })
    const first = page.waitForEvent('console')
    await page.evaluate('record()')
    await first
    await delay(ms)
    await kill()
    // what it had said by then
    await delay(50)
    return last
  }

  function expectKept(look: Look, { id, seq }: { id: string; seq: number }, sessions: number): void {
    expect(look).toMatchObject({
      kind: 'indexeddb',
      state: 'recovered',
      found: true,
      wrong: 0,
      frames: look.streamFrames,
      recovered: [id],
      journey: sessions,
    })
    expect(look.chunks).toBeGreaterThan(seq)
    expect(look.tailMs).toBeGreaterThan(0)
  }

  it(
    `lets the page live that follows the one it records, ${DEPARTURES} times (F14)`,
    async () => {
      server.serve('/departing.js', DEPARTING)
      server.serve('/departing.html', '<!doctype html><script type="module" src="/departing.js"></script>')
      server.serve('/next.html', `<!doctype html><script>${NEXT}</script>`)
      const profile = await mkdtemp(join(tmpdir(), 'kymograph-profile-'))
      const browser = await ChromiumProcess.launch(profile)
      onTestFinished(async () => {
        await browser.kill()
        await rm(profile, { recursive: true, force: true })
      })
      let crashed = 0
      for (let i = 0; i < DEPARTURES; i++) {
        const next = server.result(`departure${i}`, 15_000)
        const tab = await browser.openTab(`${server.origin}/departing.html?departure${i}`)
        await next.catch(() => {
          crashed += 1
        })
        await tab.close()
      }
      console.log(`${DEPARTURES} departures, ${crashed} pages that did not live`)
      // the browser's own fault: what is left of it is for slow machines
      expect(crashed).toBeLessThanOrEqual(Math.max(1, DEPARTURES / 50))
    },
    30_000 + DEPARTURES * 17_000,
  )

  it(
    `keeps every chunk it had announced when the browser is killed, ${KILLS.browser} times (F15)`,
    async () => {
      const profile = await mkdtemp(join(tmpdir(), 'kymograph-profile-'))
      let browser = await ChromiumProcess.launch(profile)
      onTestFinished(async () => {
        await browser.kill()
        await rm(profile, { recursive: true, force: true })
      })
      let frames = 0
      for (const [round, ms] of killMoments(KILLS.browser, 0, 800).entries()) {
        const last = await recordUntil(await openPage(browser), ms, () => browser.kill())
        browser = await ChromiumProcess.launch(profile)
        const page = await openPage(browser)
        const look = (await page.evaluate(`look('${last.id}')`)) as Look
        expectKept(look, last, round + 1)
        frames += look.frames
        await page.close()
      }
      console.log(`${KILLS.browser} browsers killed, ${frames} durable frames, none lost`)
    },
    30_000 + KILLS.browser * 15_000,
  )

  it(
    `keeps them when the page's process is killed, and another page takes over, ${KILLS.renderer} times (F16)`,
    async () => {
      const profile = await mkdtemp(join(tmpdir(), 'kymograph-profile-'))
      const browser = await ChromiumProcess.launch(profile)
      onTestFinished(async () => {
        await browser.kill()
        await rm(profile, { recursive: true, force: true })
      })
      let frames = 0
      for (const [round, ms] of killMoments(KILLS.renderer, 0, 800).entries()) {
        const last = await recordUntil(await openPage(browser), ms, async () => browser.killRenderers())
        const page = await openPage(browser)
        const look = (await page.evaluate(`look('${last.id}')`)) as Look
        expectKept(look, last, round + 1)
        frames += look.frames
        await page.close()
      }
      console.log(`${KILLS.renderer} renderers killed, ${frames} durable frames, none lost`)
    },
    30_000 + KILLS.renderer * 15_000,
  )

  it.skipIf(!canCutPower)(
    `keeps them when the power is cut, ${POWER_CUTS} times (F17)`,
    async () => {
      const profile = await mkdtemp(join(tmpdir(), 'kymograph-profile-'))
      const databases = join(profile, 'Default', 'IndexedDB')
      await mkdir(databases, { recursive: true })
      let browser: ChromiumProcess | undefined
      onTestFinished(async () => {
        await browser?.kill()
        await rm(profile, { recursive: true, force: true })
      })
      let frames = 0
      for (const [round, ms] of killMoments(POWER_CUTS, 300, 1100).entries()) {
        const disk = await PoweredDirectory.make(databases, 'journal')
        const powered = await ChromiumProcess.launch(profile, disk.env)
        browser = powered
        const last = await recordUntil(await openPage(powered), ms, () => powered.kill())
        await disk.restore(`${databases}-left`)
        await rm(databases, { recursive: true })
        await rename(`${databases}-left`, databases)
        browser = await ChromiumProcess.launch(profile)
        const look = (await (await openPage(browser)).evaluate(`look('${last.id}')`)) as Look
        expectKept(look, last, round + 1)
        frames += look.frames
        await browser.kill()
      }
      console.log(`${POWER_CUTS} browsers without power, ${frames} durable frames, none lost`)
    },
    30_000 + POWER_CUTS * 20_000,
  )
})
