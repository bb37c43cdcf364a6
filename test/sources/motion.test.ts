import type { Browser, BrowserContext, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium, runsBrowserTests } from '../support/chromium.js'
import {
  finish,
  framesIn,
  marksIn,
  openSourcePage,
  type Recorded,
  serveSourcePage,
  unaccounted,
} from '../support/source-page.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const SENSORS = [
  'accelerometer',
  'linear-acceleration',
  'gyroscope',
  'relative-orientation',
  'absolute-orientation',
  'magnetometer',
] as const
const PERMISSIONS = ['accelerometer', 'gyroscope', 'magnetometer']
const availabilityOf = ({ events }: Pick<Recorded, 'events'>) =>
  events.filter(({ type }) => type === 'availability').map(({ detail }) => [detail.source, detail.state])

describe.skipIf(!runsBrowserTests)('the motion of a device in Chromium', () => {
  let browser: Browser
  let context: BrowserContext
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
    await context?.close()
    context = await browser.newContext({ permissions: PERMISSIONS })
    page = await context.newPage()
    devTools = await context.newCDPSession(page)
    await openSourcePage(page, serveSourcePage(server, '<input id="text"><input id="password" type="password">'))
  }, 30_000)

  const enable = async () => {
    for (const type of SENSORS)
      await devTools.send('Emulation.setSensorOverrideEnabled', { enabled: true, type, metadata: { available: true } })
  }
  const read = (type: (typeof SENSORS)[number], reading: object) =>
    devTools.send('Emulation.setSensorOverrideReadings', { type, reading })
  const move = async (x: number) => {
    await read('accelerometer', { xyz: { x, y: 2 * x, z: 9.8 } })
    await read('linear-acceleration', { xyz: { x: x / 2, y: -x, z: 0.5 } })
    await read('gyroscope', { xyz: { x: x / 10, y: 0.2, z: -0.3 } })
    await page.waitForTimeout(60)
  }
  const deny = async () => {
    const whole = await browser.newBrowserCDPSession()
    const { targetInfo } = await devTools.send('Target.getTargetInfo')
    for (const name of PERMISSIONS) {
      await whole.send('Browser.setPermission', {
        permission: { name },
        setting: 'denied',
        browserContextId: targetInfo.browserContextId,
      })
    }
  }
  const distinct = (frames: Record<string, unknown>[], key: string) => [...new Set(frames.map((frame) => frame[key]))]

  it.each(['event', 'sensor', 'auto'])(
    'is recorded as it was injected (%s)',
    async (api) => {
      await enable()
      await move(1)
      await page.evaluate(`begin({ sources: [sources.motion({ api: '${api}' })] })`)
      for (const x of [1, 2, 3, 4, 5]) await move(x)
      const recorded = await finish(page)
      const frames = framesIn(recorded, 'motion.accelerometer').filter(({ x }) => x !== undefined)
      expect(distinct(frames, 'x')).toEqual([1, 2, 3, 4, 5])
      for (const { x, y, z } of frames) expect([y, Math.round(Number(z) * 10)]).toEqual([2 * Number(x), 98])
      const linear = framesIn(recorded, 'motion.linearAcceleration').filter(({ x }) => x !== undefined)
      expect(distinct(linear, 'y')).toEqual([-1, -2, -3, -4, -5])
      const rotation = framesIn(recorded, 'motion.rotationRate').filter(({ x }) => x !== undefined)
      const { unit } = recorded.chunks[0]!.streams[2]!.descriptor.channels[0]!
      expect(unit).toBe(api === 'event' ? 'deg/s' : 'rad/s')
      const scale = unit === 'deg/s' ? 180 / Math.PI : 1
      // x, y and z, whatever the platform calls them
      for (const x of [0.1, 0.5])
        expect(rotation.some((frame) => Math.abs(Number(frame.x) - x * scale) < 0.06 * scale ** 0.5)).toBe(true)
      expect(Number(rotation.at(-1)!.y) / scale).toBeCloseTo(0.2, 1)
      expect(Number(rotation.at(-1)!.z) / scale).toBeCloseTo(-0.3, 1)
      expect(unaccounted(recorded)).toEqual({})
      expect(availabilityOf(recorded)).toEqual([['motion', 'granted']])
    },
    30_000,
  )

  // a busy machine may shake more slowly than is thinned away
  it('is thinned without folding what is too fast, and says how regular it came', {
    retry: 2,
    timeout: 30_000,
  }, async () => {
    await enable()
    await page.evaluate(`begin({ sources: [sources.motion({ api: 'event', rateHz: 10 })] })`)
    for (let i = 0; i < 20; i++) await move(i % 2)
    const recorded = await finish(page)
    const { effectiveRateHz, jitterMs } = recorded.summary.streams['motion.accelerometer']!
    expect(effectiveRateHz).toBeGreaterThan(30)
    expect(jitterMs).toBeGreaterThan(0)
    const frames = framesIn(recorded, 'motion.accelerometer')
    const steps = frames.slice(1).map(({ timeMs }, i) => Math.round(timeMs - frames[i]!.timeMs))
    expect(new Set(steps)).toEqual(new Set([100]))
    // what changes 8 times a second is above half of 10: little of it is left
    const xs = frames.slice(3, -3).map(({ x }) => Number(x))
    expect(Math.max(...xs) - Math.min(...xs)).toBeLessThan(0.5)
  })

  it('is denied with a code, leaves nothing half alive, and works when it is allowed later (F1)', async () => {
    await enable()
    await deny()
    const outcomes = await page.evaluate(`sources.requestPermissions([sources.motion(), sources.pointer()])`)
    expect(outcomes).toMatchObject([
      { source: 'motion', state: 'denied' },
      { source: 'pointer', state: 'granted' },
    ])
    const failure = await page.evaluate(
      `begin({ sources: [sources.pointer(), sources.motion()] }).catch(({ code, message }) => ({ code, message }))`,
    )
    expect(failure).toMatchObject({ code: 'permission-denied', message: expect.stringContaining('"motion"') })
    expect(await page.evaluate(`recorder.sessions.page().then(({ sessions }) => sessions.length)`)).toBe(0)
    await context.grantPermissions(PERMISSIONS)
    await page.evaluate(`begin({ sources: [sources.motion()] })`)
    await move(3)
    await move(3)
    expect(framesIn(await finish(page), 'motion.accelerometer').some(({ x }) => x === 3)).toBe(true)
  }, 30_000)

  it('goes without where it is optional, and says so (F1)', async () => {
    await deny()
    await page.evaluate(`begin({ sources: [sources.motion({ optional: true }), sources.pointer()] })`)
    await page.mouse.move(30, 40)
    const recorded = await finish(page)
    expect(availabilityOf(recorded)).toEqual(
      expect.arrayContaining([
        ['motion', 'denied'],
        ['pointer', 'granted'],
      ]),
    )
    expect(framesIn(recorded, 'pointer')).toHaveLength(1)
    expect(framesIn(recorded, 'motion.accelerometer')).toEqual([])
    expect(marksIn(recorded)).toContainEqual({ name: 'availability', source: 'motion', state: 'denied' })
  }, 30_000)

  it('wants to be asked for in a click handler where the platform says so, and can be asked again (F1)', async () => {
    // as Safari on iOS does
    await page.evaluate(`DeviceMotionEvent.requestPermission = async () => {
      if (globalThis.event?.type !== 'click') throw new DOMException('not in a gesture', 'NotAllowedError')
      return globalThis.answer
    }`)
    await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<button id=ask>ask</button>'),
      void document.querySelector('#ask').addEventListener('click', async () => {
        globalThis.outcome = await sources.requestPermissions([sources.motion()])
      })`)
    expect(await page.evaluate(`sources.requestPermissions([sources.motion()])`)).toMatchObject([
      { state: 'denied', reason: expect.stringContaining('click handler') },
    ])
    expect(await page.evaluate(`begin({ sources: [sources.motion()] }).catch(({ code }) => code)`)).toBe(
      'permission-denied',
    )
    for (const answer of ['denied', 'granted']) {
      await page.evaluate(`globalThis.answer = '${answer}', delete globalThis.outcome`)
      await page.click('#ask')
      await page.waitForFunction('globalThis.outcome')
      expect(await page.evaluate('outcome')).toMatchObject([{ source: 'motion', state: answer }])
    }
  }, 30_000)

  it('is looked at when consent is given, so that what the same click has allowed is recorded (F1, F59)', async () => {
    // as Safari on iOS does: what was granted in a gesture is granted again without one
    await page.evaluate(`void (() => {
      let isGranted = false
      DeviceMotionEvent.requestPermission = async () => {
        if (!isGranted && globalThis.event?.type !== 'click') throw new DOMException('not in a gesture', 'NotAllowedError')
        isGranted = true
        return 'granted'
      }
      document.body.insertAdjacentHTML('beforeend', '<button id=agree>agree</button>')
      document.querySelector('#agree').addEventListener('click', async () => {
        await sources.requestPermissions([sources.motion()])
        globalThis.outcome = await recorder.grantConsent().then(() => 'begun', ({ code }) => code)
      })
    })()`)
    const options = `{ consent: 'required' }`
    await page.evaluate(`begin({ sources: [sources.motion({ api: 'event' })] }, ${options})`)
    expect(await page.evaluate('session.state')).toBe('awaiting-consent')
    await enable()
    await page.click('#agree')
    await page.waitForFunction('globalThis.outcome')
    expect(await page.evaluate('[outcome, session.state]')).toEqual(['begun', 'recording'])
    for (let x = 1; x < 6; x++) await move(x)
    const recorded = await finish(page)
    expect(recorded.summary.streams['motion.accelerometer']!.ingested).toBeGreaterThan(0)
    expect(availabilityOf(recorded)).toContainEqual(['motion', 'granted'])

    // not allowed, it ends what waited for it, and nothing else
    await openSourcePage(page, serveSourcePage(server))
    await page.evaluate(`DeviceMotionEvent.requestPermission = async () => 'denied'`)
    await page.evaluate(`begin({ sources: [sources.motion({ api: 'event' })] }, ${options})`)
    await page.evaluate(
      `recorder.createSession({ sources: [sources.pointer()] }).then((one) => void (globalThis.other = one))`,
    )
    expect(await page.evaluate('recorder.grantConsent().catch(({ code }) => code)')).toBe('permission-denied')
    expect(await page.evaluate('[session.state, other.state]')).toEqual(['failed', 'recording'])
  }, 30_000)

  it('is unsupported where the classes that are asked for are missing', async () => {
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    await page.evaluate(`delete globalThis.Gyroscope, delete globalThis.ondeviceorientationabsolute`)
    await page.evaluate(
      `begin({ sources: [sources.motion({ api: 'sensor' }), sources.orientation({ absolute: true }), sources.magnetometer()] })`,
    )
    await page.waitForFunction(`events.filter(({ type }) => type === 'availability').length === 3`)
    expect(availabilityOf(await finish(page))).toEqual([
      ['motion', 'unsupported'],
      ['orientation', 'unsupported'],
      ['magnetometer', 'unsupported'],
    ])
    expect(errors).toEqual([])
  }, 30_000)

  it('comes from one sensor of a kind, also when one before it has failed', async () => {
    await page.evaluate(`void (() => {
      globalThis.made = []
      const Own = Accelerometer
      globalThis.Accelerometer = class extends Own {
        constructor(options) { super(options); made.push(this) }
      }
    })()`)
    const create = () => page.evaluate(`begin({ sources: [sources.motion({ api: 'sensor' })] })`)
    await create()
    await page.evaluate(`void (globalThis.failed = session)`)
    await page.waitForFunction(`events.some(({ detail }) => detail.state === 'no-signal')`)
    await enable()
    await create()
    await page.evaluate(`failed.stop().then(() => {})`)
    await create()
    expect(await page.evaluate('made.length')).toBe(2)
  }, 30_000)

  it('says that there is no signal after two seconds, and records the others (F2)', async () => {
    await page.evaluate(`begin({ sources: [sources.motion({ api: 'event' }), sources.pointer()] })`)
    await page.waitForTimeout(2500)
    await page.mouse.move(30, 40)
    const recorded = await finish(page)
    expect(availabilityOf(recorded)).toContainEqual(['motion', 'no-signal'])
    expect(framesIn(recorded, 'pointer')).toHaveLength(1)
  }, 30_000)

  it('is blocked by policy in a frame that may not, known before it starts (F3)', async () => {
    const elsewhere = await startStaticServer(process.cwd())
    const framed = serveSourcePage(elsewhere, '', { path: '/framed.html' })
    server.serve('/framing.html', `<!doctype html><iframe src="${framed}"></iframe>`)
    await page.goto(`${server.origin}/framing.html`)
    const frame = page.frames().find((one) => one.url() === framed)!
    await frame.waitForFunction('globalThis.loaded')
    expect(
      await frame.evaluate(
        `sources.requestPermissions([sources.motion(), sources.orientation(), sources.geolocation()])`,
      ),
    ).toMatchObject([
      { source: 'motion', state: 'blocked-by-policy', reason: expect.stringContaining('"accelerometer"') },
      { source: 'orientation', state: 'blocked-by-policy' },
      { source: 'geolocation', state: 'blocked-by-policy' },
    ])
    expect(await frame.evaluate(`begin({ sources: [sources.motion()] }).catch(({ code }) => code)`)).toBe(
      'permission-denied',
    )
    await frame.evaluate(`begin({ sources: [sources.motion({ optional: true })] })`)
    await frame.waitForFunction(`events.some(({ type }) => type === 'availability')`)
    expect(availabilityOf({ events: (await frame.evaluate('events')) as Recorded['events'] })).toEqual([
      ['motion', 'blocked-by-policy'],
    ])
    await elsewhere.close()
  }, 30_000)

  it('is absent where the platform gives null, not 0 (F4)', async () => {
    // without a sensor there is one event, all null
    await page.evaluate(`begin({ sources: [sources.motion({ api: 'event' })] })`)
    await page.waitForTimeout(500)
    const recorded = await finish(page)
    const frames = framesIn(recorded, 'motion.accelerometer')
    expect(frames.length).toBeGreaterThan(0)
    expect(frames[0]).toMatchObject({ x: undefined, y: undefined, z: undefined })
    expect(recorded.chunks[0]!.streams[0]!.counts.invalidValues).toBe(0)
  }, 30_000)

  it('is absent where a stand-in for the platform leaves it out, not 0 (F4)', async () => {
    await page.evaluate(`begin({ sources: [sources.orientation()] })`)
    await page.evaluate(`void dispatchEvent(Object.assign(new Event('deviceorientation'), { alpha: 7 }))`)
    const frames = framesIn(await finish(page), 'orientation')
    expect(frames.find(({ alpha }) => alpha === 7)).toMatchObject({ beta: undefined, gamma: undefined })
  }, 30_000)

  it('pauses while a password is typed, counted as redacted (F60)', async () => {
    await enable()
    await move(1)
    await page.evaluate(`begin({ sources: [sources.motion()] })`)
    await move(2)
    await page.focus('#password')
    for (const x of [3, 4, 5, 4, 3, 4, 5, 4]) await move(x)
    await page.focus('#text')
    await page.waitForTimeout(50)
    await move(6)
    const recorded = await finish(page)
    const xs = distinct(framesIn(recorded, 'motion.accelerometer'), 'x')
    expect(xs).not.toContain(4)
    expect(xs).toContain(6)
    expect(recorded.summary.streams['motion.accelerometer']!.lost.redacted).toBeGreaterThan(3)
    expect(marksIn(recorded).filter(({ name }) => name === 'redacted')).toHaveLength(2)
    expect(unaccounted(recorded)).toEqual({})
  }, 30_000)

  it('keeps its angles where the rotation is refused', async () => {
    await enable()
    await read('relative-orientation', { quaternion: { x: 0, y: 0, z: 0, w: 1 } })
    await page.evaluate(`void (globalThis.RelativeOrientationSensor = class extends EventTarget {
      start() {
        setTimeout(() => this.dispatchEvent(Object.assign(new Event('error'), { error: new DOMException('no', 'NotAllowedError') })), 300)
      }
      stop() {}
    })`)
    await page.evaluate(`begin({ sources: [sources.orientation()] })`)
    await page.waitForTimeout(600)
    const recorded = await finish(page)
    expect(framesIn(recorded, 'orientation').length).toBeGreaterThan(0)
    expect(availabilityOf(recorded)).toEqual([['orientation', 'granted']])
  }, 30_000)

  it('comes with the orientation, as angles and as a rotation', async () => {
    await enable()
    const half = Math.SQRT1_2
    await read('relative-orientation', { quaternion: { x: 0, y: 0, z: half, w: half } })
    await page.evaluate(`begin({ sources: [sources.orientation()] })`)
    await page.waitForTimeout(600)
    const recorded = await finish(page)
    const angles = framesIn(recorded, 'orientation').filter(({ alpha }) => alpha !== undefined)
    expect(Number(angles.at(-1)!.alpha)).toBeCloseTo(90, 0)
    const rotation = framesIn(recorded, 'orientation.quaternion').at(-1)!
    expect([rotation.x, rotation.y, rotation.z, rotation.w].map((part) => Number(part).toFixed(3))).toEqual([
      '0.000',
      '0.000',
      '0.707',
      '0.707',
    ])
  }, 30_000)

  it('has nothing made up for a time in which the page could not hear of it (F9)', async () => {
    await enable()
    await page.evaluate(`begin({ sources: [sources.motion({ api: 'event', rateHz: 20 })] })`)
    for (let x = 0; x < 10; x++) await move(x)
    const [beginMs, endMs] = (await page.evaluate(
      '(() => { const begin = performance.now(); while (performance.now() < begin + 5000); return [begin, performance.now()] })()',
    )) as [number, number]
    for (let x = 10; x < 20; x++) await move(x)
    const recorded = await finish(page)
    const times = framesIn(recorded, 'motion.accelerometer').map(({ timeMs }) => timeMs)
    expect(times.filter((ms) => ms < beginMs).length).toBeGreaterThan(5)
    expect(times.filter((ms) => ms > beginMs + 300 && ms < endMs - 300)).toEqual([])
    expect(times.filter((ms) => ms > endMs).length).toBeGreaterThan(5)
    expect(recorded.summary.streams['motion.accelerometer']!.gaps).toBeGreaterThan(0)
  }, 30_000)

  it('comes in order and is counted on a slow processor (F10)', async () => {
    await enable()
    await page.evaluate(`begin({ sources: [sources.motion(), sources.pointer()] })`)
    await devTools.send('Emulation.setCPUThrottlingRate', { rate: 20 })
    for (let x = 0; x < 40; x++) {
      await page.mouse.move(10 + x, 20)
      await move(x)
    }
    const recorded = await finish(page)
    await devTools.send('Emulation.setCPUThrottlingRate', { rate: 1 })
    expect(unaccounted(recorded)).toEqual({})
    expect(framesIn(recorded, 'pointer').map(({ x }) => x)).toEqual(Array.from({ length: 40 }, (_, x) => 10 + x))
    for (const stream of ['motion.accelerometer', 'pointer']) {
      const times = framesIn(recorded, stream).map(({ timeMs }) => timeMs)
      expect(times).toEqual([...times].sort((a, b) => a - b))
      expect(recorded.summary.streams[stream]!.lost).toEqual({})
    }
  }, 60_000)

  it('comes with where north is, and with the field around the device', async () => {
    const flagged = await launchChromium(['--enable-features=GenericSensorExtraClasses'])
    try {
      const own = await flagged.newContext({ permissions: PERMISSIONS })
      page = await own.newPage()
      devTools = await own.newCDPSession(page)
      await openSourcePage(page, serveSourcePage(server))
      await enable()
      const half = Math.SQRT1_2
      await read('absolute-orientation', { quaternion: { x: half, y: 0, z: 0, w: half } })
      await page.evaluate(`begin({ sources: [sources.orientation({ absolute: true }), sources.magnetometer()] })`)
      for (const x of [21.5, 22.5, 23.5]) {
        await read('magnetometer', { xyz: { x, y: -3, z: 41.5 } })
        await page.waitForTimeout(200)
      }
      const recorded = await finish(page)
      const angles = framesIn(recorded, 'orientation').at(-1)!
      expect(Number(angles.beta)).toBeCloseTo(90, 0)
      expect(angles.isAbsolute).toBe('true')
      const { x, w } = framesIn(recorded, 'orientation.quaternion').at(-1)!
      expect([Number(x).toFixed(2), Number(w).toFixed(2)]).toEqual(['0.71', '0.71'])
      expect(distinct(framesIn(recorded, 'magnetometer'), 'x')).toEqual([21.5, 22.5, 23.5])
      expect(framesIn(recorded, 'magnetometer').at(-1)).toMatchObject({ y: -3, z: 41.5 })
      // turning the device turns the field
      await openSourcePage(page, serveSourcePage(server, '<input id="password" type="password">'))
      await page.evaluate(`begin({ sources: [sources.magnetometer()] })`)
      await page.focus('#password')
      for (const x of [31.5, 32.5, 33.5]) {
        await read('magnetometer', { xyz: { x, y: -3, z: 41.5 } })
        await page.waitForTimeout(200)
      }
      const typed = await finish(page)
      expect(distinct(framesIn(typed, 'magnetometer'), 'x').filter((x) => Number(x) > 30)).toEqual([])
      expect(typed.summary.streams.magnetometer!.lost.redacted).toBeGreaterThan(0)
    } finally {
      await flagged.close()
    }
  }, 30_000)
})
