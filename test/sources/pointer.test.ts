import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium, runsBrowserTests } from '../support/chromium.js'
import { ISOLATED } from '../support/engine-pages.js'
import { finish, framesIn, openSourcePage, recordedOf, serveSourcePage, unaccounted } from '../support/source-page.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const BODY = `<style>body { margin: 0; height: 600px }</style>
<div id="left" style="position:absolute;left:0;top:0;width:200px;height:600px">left</div>
<div id="pad" data-kymograph-block style="position:absolute;left:400px;top:0;width:200px;height:600px">keys</div>`

describe.skipIf(!runsBrowserTests)('the pointer of a page in Chromium', () => {
  let browser: Browser
  let server: StaticServer
  let page: Page
  let devTools: CDPSession

  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  beforeEach(async () => {
    page = await browser.newPage()
    devTools = await page.context().newCDPSession(page)
    await openSourcePage(page, serveSourcePage(server, BODY))
  }, 30_000)

  it('is recorded with the positions, buttons and times of its events', async () => {
    await page.evaluate(`begin({ sources: [sources.pointer()] })`)
    await page.evaluate(`void dispatchEvent(new Event('pointermove'))`)
    const way = Array.from({ length: 60 }, (_, i) => [20 + 2 * i, 30 + 5 * i] as const)
    for (const [x, y] of way) await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.up()
    const recorded = await finish(page)
    const frames = framesIn(recorded, 'pointer')
    expect(frames.filter(({ phase }) => phase === 'move').map(({ x, y }) => [x, y])).toEqual(way)
    expect(frames.slice(-2)).toMatchObject([
      { phase: 'down', x: 138, y: 325, button: 0, buttons: 1, type: 'mouse', isPrimary: 'true', pressure: 0.5 },
      { phase: 'up', button: 0, buttons: 0, pressure: 0 },
    ])
    const times = frames.map(({ timeMs }) => timeMs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(unaccounted(recorded)).toEqual({})
    expect(recorded.summary.streams.pointer).toMatchObject({ received: 62, ingested: 62, lost: {} })
  }, 30_000)

  it('is a pen where it is one, with pressure, tilt and twist', async () => {
    await page.evaluate(`begin({ sources: [sources.pointer()] })`)
    const pen = { pointerType: 'pen' as const, tiltX: 30, tiltY: -15, twist: 90 }
    const strokes = [0.25, 0.5, 0.75]
    await devTools.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: 20, y: 20, ...pen })
    await devTools.send('Input.dispatchMouseEvent', {
      type: 'mousePressed',
      x: 20,
      y: 20,
      button: 'left',
      force: 0.25,
      ...pen,
    })
    for (const [i, force] of strokes.entries()) {
      await devTools.send('Input.dispatchMouseEvent', {
        type: 'mouseMoved',
        x: 30 + i,
        y: 20,
        button: 'left',
        buttons: 1,
        force,
        ...pen,
      })
    }
    await devTools.send('Input.dispatchMouseEvent', { type: 'mouseReleased', x: 32, y: 20, button: 'left', ...pen })
    const frames = framesIn(await finish(page), 'pointer')
    expect(new Set(frames.map(({ type, tiltX, tiltY, twist }) => [type, tiltX, tiltY, twist].join()))).toEqual(
      new Set(['pen,30,-15,90']),
    )
    const drawn = frames.filter(({ phase, buttons }) => phase === 'move' && buttons === 1)
    expect(drawn.map(({ x, pressure }) => [x, pressure])).toEqual(strokes.map((force, i) => [30 + i, force]))
  }, 30_000)

  it('is kept without loss at 500 events per second and more', async () => {
    await page.evaluate(`begin({ sources: [sources.pointer()] })`)
    const moves = 2000
    const sent: Promise<unknown>[] = []
    for (let i = 0; i < moves; i++) {
      sent.push(devTools.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: i % 390, y: (7 * i) % 590 }))
      if (i % 200 === 199) await sent[i - 150]
    }
    await Promise.all(sent)
    const recorded = await finish(page)
    const frames = framesIn(recorded, 'pointer')
    expect(frames.map(({ x, y }) => [x, y])).toEqual(Array.from({ length: moves }, (_, i) => [i % 390, (7 * i) % 590]))
    // the driver has to share the machine: its best stretch counts
    const spans = frames.slice(400).map(({ timeMs }, i) => timeMs - frames[i]!.timeMs)
    expect(400_000 / Math.min(...spans)).toBeGreaterThan(500)
    expect(recorded.summary.streams.pointer).toMatchObject({ received: moves, ingested: moves, lost: {} })
  }, 60_000)

  it.each([
    ['batches', undefined],
    ['shared memory', ISOLATED],
  ])(
    'is stored while it is recorded, by way of %s',
    async (_, headers) => {
      server.serve('/dist/worker.js', { headers: ISOLATED })
      await openSourcePage(page, serveSourcePage(server, BODY, { headers, path: '/stored.html' }))
      await page.evaluate(`begin({ sources: [sources.pointer()], chunk: { maxMs: 250 } })`)
      expect(await page.evaluate('recorder.capabilities.transport')).toBe(headers ? 'shared' : 'batch')
      for (let x = 10; x < 60; x++) await page.mouse.move(x, 50)
      await page.waitForFunction(
        `recorder.sessions.get(session.id).then(({ streams }) => streams.pointer?.ingested === 50)`,
      )
      expect(framesIn(await finish(page), 'pointer').map(({ x }) => x)).toEqual(
        Array.from({ length: 50 }, (_, i) => 10 + i),
      )
    },
    30_000,
  )

  it('is thinned with a filter where fewer frames are asked for, and nothing but moves', async () => {
    await page.evaluate(`begin({ sources: [sources.pointer({ rateHz: 50 })] })`)
    const path = await drawCircle(devTools, 400)
    await page.mouse.click(100, 100)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'pointer').map(({ phase }) => phase)).toEqual(['down', 'up'])
    const thinned = framesIn(recorded, 'pointer.path')
    const spans = thinned.slice(1).map(({ timeMs }, i) => timeMs - thinned[i]!.timeMs)
    expect(new Set(spans.filter((ms) => ms < 250))).toEqual(new Set([20]))
    const radii = thinned.map(({ x, y }) => Math.hypot((x as number) - 195, (y as number) - 300))
    expect(radii.filter((radius) => Math.abs(radius - 150) < 3).length).toBeGreaterThan(0.9 * radii.length)
    const { received, lost, effectiveRateHz, jitterMs } = recorded.summary.streams['pointer.path']!
    expect([received, lost]).toEqual([path.length + 1, {}])
    expect(effectiveRateHz).toBeGreaterThan(50)
    expect(jitterMs).toBeGreaterThan(0)
  }, 30_000)

  it('is not followed into what is blocked by the first move out of it (F60)', async () => {
    await page.evaluate(`begin({ sources: [sources.pointer()] })`)
    for (let round = 0; round < 20; round++) {
      await page.mouse.move(500, 300)
      const sent: Promise<unknown>[] = []
      // faster than pictures: several moves are one event
      for (let x = 500; x > 300; x -= 10)
        sent.push(devTools.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y: 300 }))
      await Promise.all(sent)
    }
    const places = framesIn(await finish(page), 'pointer').map(({ x }) => Number(x))
    expect(places.length).toBeGreaterThan(20)
    expect(places.filter((x) => x >= 400)).toEqual([])
  }, 60_000)

  it('is heard once however many sessions record it, each from when it began', async () => {
    await page.evaluate(`begin({ sources: [sources.pointer()] }).then(() => void (globalThis.first = session))`)
    await page.mouse.move(10, 10)
    await page.evaluate(`begin({ sources: [sources.pointer()] }).then(() => void (globalThis.second = session))`)
    await page.mouse.move(20, 10)
    await page.evaluate('first.pause()')
    await page.mouse.move(30, 10)
    await page.evaluate('first.resume()')
    await page.mouse.move(40, 10)
    const [first, second] = [
      await recordedOf((await page.evaluate('finish(first)')) as object),
      await recordedOf((await page.evaluate('finish(second)')) as object),
    ]
    expect(framesIn(first, 'pointer').map(({ x }) => x)).toEqual([10, 20, 40])
    expect(framesIn(second, 'pointer').map(({ x }) => x)).toEqual([20, 30, 40])
  }, 30_000)
})

/** Moves the mouse along a circle, about 250 moves per second; gives where it was. */
async function drawCircle(devTools: CDPSession, moves: number): Promise<[number, number][]> {
  const path = Array.from({ length: moves }, (_, i): [number, number] => {
    const angle = (2 * Math.PI * i) / moves
    return [195 + 150 * Math.cos(angle), 300 + 150 * Math.sin(angle)]
  })
  const sent: Promise<unknown>[] = []
  for (const [x, y] of path) {
    sent.push(devTools.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y }))
    await new Promise((resolve) => setTimeout(resolve, 4))
  }
  await Promise.all(sent)
  return path
}
