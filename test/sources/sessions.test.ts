import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium, runsBrowserTests } from '../support/chromium.js'
import { ISOLATED } from '../support/engine-pages.js'
import { finish, framesIn, marksIn, openSourcePage, serveSourcePage, unaccounted } from '../support/source-page.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const UUID_7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const BODY = `<style>body { margin: 0; height: 3000px }</style><input id="text"><form id="form" onsubmit="return false">
  <input required id="needed"><button id="send">send</button></form>`

describe.skipIf(!runsBrowserTests)('sessions of a page in Chromium', () => {
  let browser: Browser
  let context: BrowserContext
  let server: StaticServer
  let page: Page
  let devTools: CDPSession
  let url: string

  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    url = serveSourcePage(server, BODY)
    browser = await launchChromium()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })
  beforeEach(async () => {
    await context?.close()
    context = await browser.newContext({
      permissions: ['geolocation'],
      geolocation: { latitude: 52.5, longitude: 13.4, accuracy: 10 },
    })
    page = await context.newPage()
    devTools = await context.newCDPSession(page)
    await openSourcePage(page, url)
  }, 30_000)

  it('share one listener per event, however many there are, and take it away with the last', async () => {
    await page.evaluate(`void (() => {
      globalThis.added = new Map()
      for (const [method, step] of [['addEventListener', 1], ['removeEventListener', -1]]) {
        const own = window[method]
        window[method] = function (type, ...rest) {
          if (/^pointer/.test(type)) added.set(type, (added.get(type) ?? 0) + step)
          return own.call(this, type, ...rest)
        }
      }
    })()`)
    await page.evaluate(`(async () => {
      globalThis.recorder = await createRecorder()
      globalThis.all = []
      for (let i = 0; i < 20; i++) all.push(await recorder.createSession({ labels: ['n' + i], sources: [sources.pointer()] }))
    })()`)
    expect(new Set(Object.values((await page.evaluate('Object.fromEntries(added)')) as object))).toEqual(new Set([1]))
    for (let i = 0; i < 10; i++) await page.mouse.move(10 + i, 20)
    await page.evaluate(`all[0].stop()`)
    await page.mouse.move(100, 100)
    const counts = await page.evaluate(
      `recorder.stopAll().then((summaries) => summaries.map(({ streams }) => streams.pointer.ingested))`,
    )
    expect(counts).toEqual(Array.from({ length: 19 }, () => 11))
    expect(new Set(Object.values((await page.evaluate('Object.fromEntries(added)')) as object))).toEqual(new Set([0]))
  }, 40_000)

  it('do not listen while they are paused, nor after they have stopped', async () => {
    await page.evaluate(`begin({ sources: [sources.pointer()] })`)
    await page.mouse.move(10, 10)
    await page.evaluate('session.pause()')
    await page.mouse.move(20, 20)
    await page.evaluate('session.resume()')
    await page.mouse.move(30, 30)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'pointer').map(({ x }) => x)).toEqual([10, 30])
    expect(recorded.summary.streams.pointer).toMatchObject({ received: 2, ingested: 2, lost: {} })
  }, 30_000)

  it('take no more memory each time they pause and go on', async () => {
    const bytes = async () => {
      await devTools.send('HeapProfiler.collectGarbage')
      const usage = (await devTools.send('Runtime.getHeapUsage')) as { backingStorageSize?: number }
      return usage.backingStorageSize ?? 0
    }
    await page.evaluate(`begin({ sources: [sources.pointer()] })`)
    const before = await bytes()
    await page.evaluate(`for (let i = 0; i < 100; i++) session.pause(), session.resume()`)
    expect((await bytes()) - before).toBeLessThan(1_000_000)
    await page.mouse.move(10, 10)
    expect(framesIn(await finish(page), 'pointer')).toHaveLength(1)
  }, 30_000)

  it('end by their duration and by their signal', async () => {
    await page.evaluate(`begin({ duration: 300, sources: [sources.pointer()] })`)
    await page.waitForFunction(`session.state === 'stopped'`)
    await page.evaluate(`globalThis.controller = new AbortController()`)
    await page.evaluate(`begin({ signal: controller.signal, sources: [sources.pointer()] })`)
    await page.evaluate('controller.abort()')
    await page.waitForFunction(`session.state === 'stopped'`)
  }, 30_000)

  it('record nothing when they are stopped or their signal is aborted while they are about to begin', async () => {
    await page.evaluate(`(async () => {
      globalThis.recorder = await createRecorder({ consent: 'required' })
      globalThis.hold = () => new Promise((held) => {
        void navigator.locks.request('kymograph.journey', () => new Promise((release) => {
          globalThis.release = release
          held()
        }))
      })
      globalThis.later = (ms = 200) => new Promise((resolve) => setTimeout(resolve, ms))
    })()`)
    const told = await page.evaluate(`(async () => {
      const options = { sources: [sources.viewport()] }
      const frames = []
      // while sources are looked at
      await begin(options)
      let granted = recorder.grantConsent()
      frames.push((await session.stop()).streams.viewport.received)
      await granted
      await recorder.withdrawConsent()
      // while the journey is joined
      await begin({ ...options, journey: 'auto' })
      await hold()
      granted = recorder.grantConsent()
      await later()
      const stopped = session.stop()
      release()
      frames.push((await stopped).streams.viewport.received)
      await granted
      // before createSession has answered
      await hold()
      const controller = new AbortController()
      const created = begin({ ...options, journey: 'auto', signal: controller.signal }).catch(({ code }) => code)
      await later()
      controller.abort()
      release()
      return { frames, code: await created, states: events.filter(({ type }) => type === 'statechange').map(({ detail }) => detail.state) }
    })()`)
    expect(told).toEqual({
      frames: [0, 0],
      code: 'aborted',
      states: ['stopping', 'stopped', 'ready', 'stopping', 'stopped'],
    })
    expect(await page.evaluate(`events.filter(({ type }) => type === 'availability')`)).toEqual([])
  }, 30_000)

  it('change their labels while they are recorded and after', async () => {
    const id = await page.evaluate(`begin({ labels: ['login'], sources: [sources.pointer()] })`)
    await page.evaluate(`session.addLabels(['second factor'])`)
    expect((await finish(page)).summary.labels).toEqual(['login', 'second factor'])
    await page.evaluate(`recorder.sessions.setLabels('${id}', ['checkout'])`)
    expect(
      await page.evaluate(
        `recorder.sessions.page({ labels: ['checkout'] }).then(({ sessions }) => sessions.map(({ id }) => id))`,
      ),
    ).toEqual([id])
  }, 30_000)

  it('join one journey over tabs and reloads, renewed when nothing was recorded for long enough', async () => {
    const options = `{ journey: { renewAfterMs: 1500 }, sources: [sources.pointer()] }`
    await page.evaluate(`begin(${options})`)
    const journey = (await page.evaluate('session.journeyId')) as string
    expect(journey).toMatch(UUID_7)
    const other = await context.newPage()
    await openSourcePage(other, url)
    await other.evaluate(`begin(${options})`)
    expect(await other.evaluate('session.journeyId')).toBe(journey)
    expect((await finish(other)).summary.journeyId).toBe(journey)
    // an active session keeps it
    await page.waitForTimeout(2500)
    await openSourcePage(page, url)
    await page.evaluate(`begin(${options})`)
    expect(await page.evaluate('session.journeyId')).toBe(journey)
    await finish(page)
    await page.waitForTimeout(2000)
    await page.evaluate(`begin(${options})`)
    const next = await page.evaluate('session.journeyId')
    expect(next).toMatch(UUID_7)
    expect(next).not.toBe(journey)
    const found = (await page.evaluate(
      `recorder.sessions.page({ journeyId: '${journey}' }).then(({ sessions }) => sessions.length)`,
    )) as number
    expect(found).toBe(3)
    await finish(page)
  }, 40_000)

  it('keep an explicit journey, and make ids for it', async () => {
    await page.evaluate(`begin({ journey: 'auto', journeyId: 'checkout-7f3a', sources: [sources.pointer()] })`)
    expect(await page.evaluate('session.journeyId')).toBe('checkout-7f3a')
    expect(await page.evaluate('localStorage.length')).toBe(0)
    expect(await page.evaluate('createJourneyId()')).toMatch(UUID_7)
    const [error] = (await page.evaluate(
      `begin({ journey: 'mine', streams: {} }).then(() => [], ({ message }) => [message])`,
    )) as string[]
    expect(error).toContain('"journeyId"')
  }, 30_000)

  it('keep to the id that is made for them, whatever stands in its place, and leave none when consent is withdrawn', async () => {
    await page.evaluate(`localStorage.setItem('kymograph.journey', 'x'.repeat(5000) + ' ' + Date.now())`)
    await page.evaluate(`begin({ journey: 'auto', sources: [sources.pointer()] })`)
    expect(await page.evaluate('session.journeyId')).toMatch(UUID_7)
    expect(await page.evaluate('localStorage.length')).toBe(1)
    await page.evaluate('recorder.withdrawConsent()')
    expect(await page.evaluate('localStorage.length')).toBe(0)
  }, 30_000)

  it('join a journey of their own where the page may hold no lock', async () => {
    await page.evaluate(`navigator.locks.request = async () => { throw new DOMException('denied', 'SecurityError') }`)
    await page.evaluate(`begin({ journey: 'auto', sources: [sources.pointer()] })`)
    expect(await page.evaluate('session.journeyId')).toMatch(UUID_7)
  }, 30_000)

  it('go on and end, whatever a source of the application throws when it is to hand over', async () => {
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.evaluate(`begin({ sources: [{ name: 'mine', prepare: async () => ({
      streams: { mine: { channels: ['n'] } },
      look: async () => undefined,
      capture: (session) => {
        session.collect(() => { throw new Error('of the application') })
        session.collect(() => session.stream('mine').push(performance.now(), 1))
      },
    }) }] })`)
    await page.evaluate('session.flush()')
    await page.evaluate('session.pause()')
    await page.evaluate('session.resume()')
    await page.evaluate('recorder.withdrawConsent()')
    expect(await page.evaluate('session.state')).toBe('stopped')
    expect(framesIn(await finish(page), 'mine')).toHaveLength(3)
    expect(new Set(errors)).toEqual(new Set(['of the application']))
  }, 30_000)

  it('are told by their sources what is wrong with an option, before anything is asked for', async () => {
    const messageOf = (expression: string) =>
      page.evaluate(`(async () => ${expression})().then(() => 'taken', ({ name, message }) => name + ': ' + message)`)
    expect(await messageOf('begin({ journey: "auto" })')).toBe(
      'TypeError: "streams" expected an object of stream declarations, got undefined; or give "sources"',
    )
    expect(await messageOf(`sources.pointer({ name: null })`)).toBe(
      'TypeError: "name" expected a string, the name of a stream, got null',
    )
    expect(await messageOf(`sources.pointer({ describeTarget: 'id' })`)).toBe(
      'TypeError: "describeTarget" expected a function, got "id"',
    )
    expect(await messageOf(`sources.motion({ api: 'devicemotion' })`)).toBe(
      'TypeError: "api" expected one of auto, sensor, event, got "devicemotion"',
    )
    // not the microphone, which would be asked for
    for (const [stream, given] of [
      ['null', 'null'],
      ['{}', 'Object'],
    ])
      expect(await messageOf(`sources.audioLevel({ stream: ${stream} })`)).toBe(
        `TypeError: "stream" expected a MediaStream; leave it out to ask for the microphone, got ${given}`,
      )
    expect(await messageOf(`sources.audioLevel({ rateHz: 48000 })`)).toBe(
      'RangeError: "rateHz" expected ≤ 1000, got 48000',
    )
    expect(await messageOf(`sources.requestPermissions(sources.pointer())`)).toBe(
      'TypeError: "sources" expected an array of sources, such as [motion()], got Object',
    )
    expect(await messageOf(`begin({ sources: sources.pointer() })`)).toBe(
      'TypeError: "sources" expected an array, got Object',
    )
    expect(await messageOf(`begin({ sources: [sources.wheel(), sources.pointer] })`)).toBe(
      'TypeError: "sources[1]" expected a source, such as pointer(), got Function',
    )
    for (const given of ['5', 'null'])
      expect(await messageOf(`begin({ sources: [sources.wheel()], chunk: ${given} })`)).toBe(
        `TypeError: "chunk" expected an object, got ${given}`,
      )
    expect(await messageOf(`begin()`)).toBe('TypeError: session options expected an object, got undefined')
    expect(await messageOf(`createRecorder(null)`)).toBe('TypeError: recorder options expected an object, got null')
    expect(await messageOf(`sources.requestPermissions([sources.pointer])`)).toBe(
      'TypeError: "sources[0]" expected a source, such as motion(), got Function',
    )
  }, 30_000)

  it('say what they need where they are not in a state for something', async () => {
    const messageOf = (expression: string) =>
      page.evaluate(`(async () => ${expression})().then(() => 'taken', ({ code, message }) => code + ': ' + message)`)
    await page.evaluate(`begin({ sources: [sources.wheel()] }, { consent: 'required' })`)
    expect(await messageOf(`session.start()`)).toBe(
      'wrong-state: start needs a session that is ready; this one is awaiting-consent; call recorder.grantConsent()',
    )
    await page.evaluate('session.stop().then(() => {})')
    expect(await messageOf(`session.addLabels(['late'])`)).toMatch(
      /^ended: setLabels needs .*; this one is stopped; use recorder.sessions.setLabels$/,
    )
  }, 30_000)

  it('hear of the permission of each source, also when another fails at it', async () => {
    expect(
      await page.evaluate(`sources.requestPermissions([
        { name: 'mine', request() { throw new Error('of the application') } },
        { name: 'late', request: async () => { throw new Error('of the application') } },
        sources.pointer(),
      ])`),
    ).toEqual([
      { source: 'mine', state: 'unsupported', reason: 'Error: of the application' },
      { source: 'late', state: 'unsupported', reason: 'Error: of the application' },
      { source: 'pointer', state: 'granted', reason: '' },
    ])
  }, 30_000)

  it('tell two streams of one name apart', async () => {
    const message = await page.evaluate(
      `begin({ sources: [sources.pointer(), sources.pointer()] }).catch(({ message }) => message)`,
    )
    expect(message).toContain('two streams "pointer"')
    await page.evaluate(`begin({ sources: [sources.pointer(), sources.pointer({ name: 'mouse' })] })`)
    await page.mouse.move(10, 10)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'mouse')).toEqual(framesIn(recorded, 'pointer'))
  }, 30_000)

  it('name what the pointer is over by what the application says, also when that fails', async () => {
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(error.message))
    await page.evaluate(`begin({ sources: [sources.pointer({ describeTarget: ({ id }) => {
      if (id === 'needed') throw new Error('of the application')
      return id || undefined
    } })] })`)
    const over = async (id: string, x: number) => {
      const box = (await page.locator(id).boundingBox())!
      await page.mouse.move(box.x + x, box.y + 5)
    }
    for (const id of ['#text', '#needed', '#send']) for (const x of [3, 6]) await over(id, x)
    const frames = framesIn(await finish(page), 'pointer')
    expect(frames.map(({ target }) => target)).toEqual(['text', 'text', undefined, undefined, 'send', 'send'])
    expect(errors).toEqual(['of the application'])
  }, 30_000)

  it('record touches, of several fingers, with size and pressure', async () => {
    await devTools.send('Emulation.setTouchEmulationEnabled', { enabled: true, maxTouchPoints: 2 })
    await page.evaluate(`begin({ sources: [sources.pointer()] })`)
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...points: [id: number, x: number, y: number][]) =>
      devTools.send('Input.dispatchTouchEvent', {
        type,
        touchPoints: points.map(([id, x, y]) => ({ id, x, y, radiusX: 5, radiusY: 7, force: 0.25 })),
      })
    await touch('touchStart', [1, 50, 60], [2, 150, 160])
    for (let i = 1; i <= 5; i++) await touch('touchMove', [1, 50 + 20 * i, 60], [2, 150, 160 + 20 * i])
    await touch('touchEnd')
    const frames = framesIn(await finish(page), 'pointer')
    expect(new Set(frames.map(({ type }) => type))).toEqual(new Set(['touch']))
    const downs = frames.filter(({ phase }) => phase === 'down')
    expect(downs).toMatchObject([
      { x: 50, y: 60, width: 10, height: 14, pressure: 0.25 },
      { x: 150, y: 160 },
    ])
    expect(new Set(downs.map(({ pointerId }) => pointerId)).size).toBe(2)
  }, 30_000)

  it('record wheel, scroll, context menu, forms, clicks, viewport, pictures and permissions', async () => {
    await page.evaluate(`begin({ sources: [sources.wheel(), sources.scroll(), sources.contextMenu(), sources.formSubmit(),
      sources.clicks(), sources.viewport(), sources.frameRate(), sources.permissions(), sources.battery()] })`)
    await page.mouse.move(100, 100)
    await page.mouse.wheel(0, 300)
    await page.waitForFunction('scrollY === 300')
    await page.waitForTimeout(200)
    await page.mouse.wheel(0, -300)
    await page.waitForFunction('scrollY === 0')
    await page.mouse.click(100, 100, { button: 'right' })
    await page.click('#send')
    await page.fill('#needed', 'x')
    await page.click('#send')
    await page.setViewportSize({ width: 500, height: 400 })
    await page.waitForTimeout(300)
    await context.clearPermissions()
    await page.waitForTimeout(300)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'wheel')).toMatchObject([
      { x: 100, y: 100, deltaY: 300, unit: 'pixel' },
      { deltaY: -300 },
    ])
    expect(framesIn(recorded, 'scroll').at(-1)).toMatchObject({ x: 0, y: 0, target: 'page' })
    expect(framesIn(recorded, 'contextMenu')).toMatchObject([{ x: 100, y: 100 }])
    expect(framesIn(recorded, 'formSubmit').map(({ outcome, elements }) => [outcome, elements])).toEqual([
      ['invalid', 2],
      ['submit', 2],
    ])
    expect(framesIn(recorded, 'clicks').map(({ field }) => field)).toEqual(['button', 'button'])
    expect(framesIn(recorded, 'viewport').at(-1)).toMatchObject({ width: 500, height: 400, scale: 1 })
    expect(framesIn(recorded, 'frameRate').length).toBeGreaterThan(5)
    const states = framesIn(recorded, 'permissions').filter(({ permission }) => permission === 'geolocation')
    expect(states[0]).toMatchObject({ state: 'granted' })
    expect(states.at(-1)).not.toMatchObject({ state: 'granted' })
    expect(framesIn(recorded, 'battery')[0]!.level).toBeLessThanOrEqual(1)
    expect(unaccounted(recorded)).toEqual({})
  }, 40_000)

  it('count the elements of forms in which one is called so', async () => {
    await page.evaluate(
      `document.querySelector('#form').insertAdjacentHTML('beforeend', '<select name="elements"></select>')`,
    )
    await page.evaluate(`begin({ sources: [sources.formSubmit()] })`)
    await page.fill('#needed', 'x')
    await page.click('#send')
    expect(framesIn(await finish(page), 'formSubmit')).toMatchObject([{ outcome: 'submit', elements: 3 }])
  }, 30_000)

  it('record clicks on links and buttons also where those are made of shadow trees', async () => {
    await page.evaluate(`(() => {
      const define = (name, html) => customElements.define(name, class extends HTMLElement {
        connectedCallback() { this.attachShadow({ mode: 'open' }).innerHTML = html }
      })
      define('an-icon', '<svg width="20" height="20"><rect width="20" height="20"/></svg>')
      define('a-button', '<button><slot></slot></button>')
      document.body.insertAdjacentHTML('beforeend', '<a href="#there"><an-icon id="icon"></an-icon></a>' +
        '<a-button><span id="inside">go</span></a-button> <label><span id="blocked" data-kymograph-block>key</span></label>')
    })()`)
    await page.evaluate(`begin({ sources: [sources.clicks()] })`)
    for (const id of ['icon', 'inside', 'blocked']) await page.click(`#${id}`)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'clicks').map(({ field }) => field)).toEqual(['link', 'button'])
    expect(recorded.summary.streams.clicks!.lost).toEqual({ redacted: 1 })
  }, 30_000)

  it('tell how things stood when a flight recorder was triggered, however long it has waited', async () => {
    await page.evaluate(`begin({ mode: { preTriggerMs: 100 },
      sources: [sources.viewport(), sources.lifecycle(), sources.permissions(), sources.battery()] })`)
    await page.waitForTimeout(500)
    await page.evaluate('session.trigger()')
    await page.evaluate('session.pause()')
    const recorded = await finish(page)
    expect(marksIn(recorded)).toContainEqual({ name: 'availability', source: 'viewport', state: 'granted' })
    const { width, height } = page.viewportSize()!
    expect(framesIn(recorded, 'viewport')).toMatchObject([{ width, height }])
    expect(framesIn(recorded, 'lifecycle')).toMatchObject([{ change: 'visible' }])
    expect(framesIn(recorded, 'permissions')).toContainEqual(
      expect.objectContaining({ permission: 'geolocation', state: 'granted' }),
    )
    expect(framesIn(recorded, 'battery')).toHaveLength(1)
  }, 30_000)

  it('do not take the end of loading for a return to the page', async () => {
    server.serve(
      '/waits.html',
      '<!doctype html><script type="module" src="/sources-page.js"></script><img src="/late.svg">',
    )
    let answer = () => {}
    const asked = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route('**/late.svg', async (route) => {
      await asked
      await route.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg"/>' })
    })
    await page.goto(`${server.origin}/waits.html`, { waitUntil: 'commit' })
    await page.waitForFunction('globalThis.loaded')
    await page.evaluate(`begin({ sources: [sources.lifecycle()] })`)
    answer()
    await page.waitForLoadState('load')
    await page.waitForTimeout(100)
    expect(framesIn(await finish(page), 'lifecycle')).toMatchObject([{ change: 'visible' }])
  }, 30_000)

  it('record where the device is, on the clock of its positions', async () => {
    expect(await page.evaluate('sources.requestPermissions([sources.geolocation()])')).toMatchObject([
      { state: 'granted' },
    ])
    await page.evaluate(`begin({ sources: [sources.geolocation()] })`)
    await page.waitForTimeout(300)
    await context.setGeolocation({ latitude: 52.6, longitude: 13.5, accuracy: 20 })
    await page.waitForTimeout(500)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'geolocation')).toMatchObject([
      { latitude: 52.5, longitude: 13.4, accuracy: 10, altitude: undefined },
      { latitude: 52.6, longitude: 13.5, accuracy: 20 },
    ])
    expect(recorded.chunks[0]!.streams[0]!.descriptor.clock).toBe('unix')
  }, 30_000)

  it('ask for the place without waiting for one', async () => {
    await page.evaluate(`navigator.geolocation.getCurrentPosition = (_, fail, { timeout = Infinity } = {}) => {
      if (timeout < Infinity) setTimeout(() => fail({ code: 3, message: 'timed out' }), timeout)
    }`)
    await page.evaluate(`navigator.permissions.query = async () => ({ state: 'prompt' })`)
    expect(await page.evaluate('sources.requestPermissions([sources.geolocation()])')).toMatchObject([
      { state: 'granted' },
    ])
  }, 30_000)

  it('record changes of the wall clock by both clocks, and durations by the one that runs (F62)', async () => {
    await page.evaluate(`void (() => {
      const now = Date.now.bind(Date)
      globalThis.shiftMs = 0
      Date.now = () => now() + shiftMs
    })()`)
    await page.evaluate(`begin({ streams: { tick: { channels: ['n'] } }, chunk: { maxMs: 200 } })`)
    await page.evaluate(
      `void (globalThis.ticks = 0, setInterval(() => session.stream('tick').push(performance.now(), ++ticks), 10))`,
    )
    for (const shiftMs of [3_600_000, -3_600_000, 30 * 365 * 86_400_000, 0]) {
      await page.waitForTimeout(400)
      await page.evaluate(`void (globalThis.shiftMs = ${shiftMs})`)
    }
    await page.waitForTimeout(400)
    const recorded = await finish(page)
    const clocks = recorded.chunks.flatMap((chunk) => chunk.clocks)
    const offsets = clocks.map(({ monotonicNs, wallNs }) => Number(wallNs - monotonicNs) / 1e6)
    const steps = offsets
      .slice(1)
      .map((offset, i) => Math.round((offset - offsets[i]!) / 1000))
      .filter((seconds) => seconds !== 0)
    expect(steps).toEqual([3600, -7200, 30 * 365 * 86_400 + 3600, -30 * 365 * 86_400])
    expect(recorded.events.filter(({ detail }) => detail.code === 'clock-jump')).toHaveLength(4)
    const { startedAtNs, endedAtNs } = recorded.chunks.at(-1)!
    expect(Number(endedAtNs - startedAtNs) / 1e6).toBeGreaterThan(1900)
    expect(Number(endedAtNs - startedAtNs) / 1e6).toBeLessThan(20_000)
    const ticks = framesIn(recorded, 'tick')
    expect(ticks.map(({ n }) => n)).toEqual(ticks.map((_, i) => i + 1))
    for (const [i, { timeMs }] of ticks.slice(1).entries()) expect(timeMs).toBeGreaterThan(ticks[i]!.timeMs)
  }, 30_000)

  it('take their clocks from the page when a worker is replaced after a jump, not from its own (F64)', async () => {
    await page.evaluate(`void (() => {
      const now = Date.now.bind(Date)
      globalThis.shiftMs = 0
      Date.now = () => now() + shiftMs
      globalThis.workers = []
    })()`)
    await page.evaluate(`(async () => {
      globalThis.recorder = await createRecorder({ worker: () => {
        const worker = new Worker('/dist/worker.js', { type: 'module' })
        workers.push(worker)
        return worker
      } })
    })()`)
    await page.evaluate(`begin({ streams: { tick: { channels: ['n'] } }, chunk: { maxMs: 200 } })`)
    await page.evaluate(
      `void (globalThis.ticks = 0, setInterval(() => session.stream('tick').push(performance.now(), ++ticks), 10))`,
    )
    await page.waitForTimeout(500)
    await page.evaluate(`globalThis.shiftMs = 3_600_000, void workers[0].terminate()`)
    await page.waitForFunction('recorder.capabilities.restarts === 1')
    await page.waitForTimeout(500)
    const before = (await page.evaluate('[performance.now(), Date.now()]')) as [number, number]
    const recorded = await finish(page)
    const { monotonicNs, wallNs } = recorded.chunks.at(-1)!.clocks.at(-1)!
    expect(Math.abs(Number(wallNs - monotonicNs) / 1e6 - (before[1] - before[0]))).toBeLessThan(5)
    expect(recorded.chunks.at(-1)!.epoch).toBe(1)
    const ticks = framesIn(recorded, 'tick')
    expect(ticks.map(({ n }) => n)).toEqual(ticks.map((_, i) => i + 1))
  }, 30_000)

  it.each([
    ['messages', undefined],
    ['memory it shares', ISOLATED],
  ])(
    'hear how loud it is through an AudioWorklet, by way of %s',
    async (_, headers) => {
      await openSourcePage(page, serveSourcePage(server, '', { headers, path: '/sound.html' }))
      expect(await page.evaluate('crossOriginIsolated')).toBe(headers !== undefined)
      await page.evaluate(`void (() => {
      globalThis.messages = 0
      const Own = AudioWorkletNode
      globalThis.AudioWorkletNode = class extends Own {
        constructor(...options) { super(...options); this.port.addEventListener('message', () => { messages += 1 }) }
      }
    })()`)
      await page.evaluate(`(async () => {
      const context = new AudioContext()
      const tone = new OscillatorNode(context, { frequency: 440 })
      const half = new GainNode(context, { gain: 0.5 })
      const out = new MediaStreamAudioDestinationNode(context, { channelCount: 1 })
      tone.connect(half).connect(out)
      tone.start()
      globalThis.tone = context
      await begin({ sources: [sources.audioLevel({ stream: out.stream })] })
    })()`)
      await page.mouse.click(5, 5)
      await page.evaluate('void tone.resume()')
      await page.waitForTimeout(1500)
      const recorded = await finish(page)
      const frames = framesIn(recorded, 'audioLevel').slice(-10)
      expect(frames.length).toBeGreaterThan(5)
      for (const { rms, peak } of frames) {
        expect(Number(rms)).toBeCloseTo(0.5 / Math.SQRT2, 1)
        expect(Number(peak)).toBeCloseTo(0.5, 1)
      }
      const spans = frames.slice(1).map(({ timeMs }, i) => timeMs - frames[i]!.timeMs)
      for (const ms of spans) expect(Math.abs(ms - 50)).toBeLessThan(20)
      expect((await page.evaluate('messages')) === 0).toBe(headers !== undefined)
    },
    30_000,
  )

  it('hear the same sound at rates of their own, and nothing that has ended stays open', async () => {
    await page.evaluate(`void (() => {
      globalThis.contexts = []
      globalThis.urls = new Set()
      const Own = AudioContext
      globalThis.AudioContext = class extends Own { constructor() { super(); contexts.push(this) } }
      const { createObjectURL, revokeObjectURL } = URL
      URL.createObjectURL = (blob) => { const url = createObjectURL(blob); urls.add(url); return url }
      URL.revokeObjectURL = (url) => { urls.delete(url); revokeObjectURL(url) }
      const context = new Own()
      const out = new MediaStreamAudioDestinationNode(context)
      new ConstantSourceNode(context, { offset: 0.5 }).connect(out)
      globalThis.sound = out.stream
      // as a browser that knows its user
      navigator.mediaDevices.getUserMedia = async () => (globalThis.microphone = sound.clone())
      navigator.permissions.query = async () => ({ state: 'granted' })
    })()`)
    await page.mouse.click(5, 5)
    await page.evaluate(
      `begin({ sources: [10, 50].map((rateHz) => sources.audioLevel({ name: 'level' + rateHz, rateHz, stream: sound })) })`,
    )
    await page.waitForTimeout(1500)
    const { streams } = (await finish(page)).summary
    expect(streams.level10!.effectiveRateHz).toBeCloseTo(10, 0)
    expect(streams.level50!.effectiveRateHz).toBeCloseTo(50, 0)
    await page.evaluate(`begin({ sources: [sources.audioLevel()] })`)
    await page.waitForFunction(`contexts.length === 3 && contexts[2].state === 'running'`)
    // no level will come
    await page.evaluate(`contexts[2].suspend().then(() => session.stop()).then(() => {})`)
    await page.waitForTimeout(100)
    expect(await page.evaluate(`contexts.map(({ state }) => state)`)).toEqual(['closed', 'closed', 'closed'])
    expect(await page.evaluate(`microphone.getTracks().map(({ readyState }) => readyState)`)).toEqual(['ended'])
    expect(await page.evaluate(`sound.getTracks().map(({ readyState }) => readyState)`)).toEqual(['live'])
    expect(await page.evaluate('urls.size')).toBe(0)
  }, 30_000)

  it('make up no silence when the sound has ended, and say so', async () => {
    await page.mouse.click(5, 5)
    await page.evaluate(`(async () => {
      const context = new AudioContext()
      const out = new MediaStreamAudioDestinationNode(context)
      const tone = new OscillatorNode(context)
      tone.connect(out)
      tone.start()
      globalThis.sound = out.stream
      await begin({ sources: [sources.audioLevel({ stream: sound })] })
    })()`)
    await page.waitForFunction(`events.some(({ detail }) => detail.state === 'granted')`)
    await page.waitForTimeout(1500)
    await page.evaluate(`sound.getTracks()[0].stop()`)
    await page.waitForFunction(`events.some(({ detail }) => detail.state === 'no-signal')`)
    await page.waitForTimeout(700)
    const frames = framesIn(await finish(page), 'audioLevel').slice(5)
    expect(frames.length).toBeGreaterThan(5)
    expect(frames.filter(({ peak }) => peak === 0)).toEqual([])
  }, 30_000)

  it('do not listen to keys while a secret is typed (F60)', async () => {
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<input id="password" type="password">')`)
    await page.mouse.click(5, 5)
    await page.evaluate(`(async () => {
      const context = new AudioContext()
      const out = new MediaStreamAudioDestinationNode(context)
      new ConstantSourceNode(context, { offset: 0.5 }).connect(out)
      await begin({ sources: [sources.audioLevel({ rateHz: 50, stream: out.stream })] })
    })()`)
    await page.waitForTimeout(1000)
    await page.focus('#password')
    const beginMs = (await page.evaluate('performance.now()')) as number
    await page.waitForTimeout(1000)
    const endMs = (await page.evaluate('performance.now()')) as number
    await page.focus('#text')
    await page.waitForTimeout(700)
    const recorded = await finish(page)
    const times = framesIn(recorded, 'audioLevel').map(({ timeMs }) => timeMs)
    expect(times.filter((ms) => ms < beginMs).length).toBeGreaterThan(10)
    expect(times.filter((ms) => ms > beginMs + 100 && ms < endMs)).toEqual([])
    expect(times.filter((ms) => ms > endMs).length).toBeGreaterThan(10)
    expect(recorded.summary.streams.audioLevel!.lost.redacted).toBeGreaterThan(20)
  }, 30_000)

  it('say that there is no sound when the context stands still', async () => {
    await page.evaluate(`(async () => {
      AudioContext.prototype.resume = async () => {}
      const context = new AudioContext()
      await context.suspend()
      const Own = AudioContext
      globalThis.AudioContext = class extends Own { constructor() { super(); void this.suspend() } }
      const { stream } = new MediaStreamAudioDestinationNode(context)
      await begin({ sources: [sources.audioLevel({ stream })] })
    })()`)
    await page.waitForFunction(`events.some(({ detail }) => detail.state === 'no-signal')`)
  }, 30_000)

  it.each([
    ["script-src 'self'", 'blocked-by-policy'],
    ["script-src 'self' blob:; require-trusted-types-for 'script'", 'granted'],
  ])(
    'hear how loud it is as far as the policy of the page lets them: %s',
    async (policy, state) => {
      const headers = { 'content-security-policy': policy }
      await openSourcePage(page, serveSourcePage(server, '', { headers, path: '/policy.html' }))
      await page.evaluate(`(async () => {
      const context = new AudioContext()
      const out = new MediaStreamAudioDestinationNode(context)
      new OscillatorNode(context).connect(out)
      await begin({ sources: [sources.audioLevel({ stream: out.stream }), sources.pointer()] })
    })()`)
      await page.mouse.click(5, 5)
      await page.waitForTimeout(1000)
      const recorded = await finish(page)
      expect(recorded.events.filter(({ detail }) => detail.source === 'audioLevel').at(-1)).toMatchObject({
        detail: { state, reason: expect.stringContaining(state === 'granted' ? '' : 'needs script-src blob:') },
      })
      expect(recorded.summary.streams.audioLevel!.received > 0).toBe(state === 'granted')
      expect(recorded.summary.streams.pointer!.received).toBeGreaterThan(0)
    },
    30_000,
  )

  it('ask for the microphone, and are refused with a code where there is none', async () => {
    const outcomes = (await page.evaluate('sources.requestPermissions([sources.audioLevel()])')) as { state: string }[]
    expect(['denied', 'no-signal']).toContain(outcomes[0]!.state)
  }, 30_000)
})
