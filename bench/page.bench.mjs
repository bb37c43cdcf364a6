// What recording costs the page's own thread: pointer at 1,000 events per second and motion together, in Chromium, by its
// profiler. The mouse is the display's, whose moves arrive as those of a real one do: merged, once per picture; or the
// driver's, whose moves each wait for the page, about three to an event. The sensors are the browser's, made to read what
// we say. With no session there are listeners that only keep what they hear: what the machine takes for these
// alone. A sample each millisecond, the profiler's own pace: ten times as many cost what they count; so a window of
// WINDOW_S has some fifty of the library, and the machine's clock changes besides: windows take turns, and the median tells.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { chromium } from 'playwright-core'
import { findBrowser } from '../scripts/browsers.mjs'
import { openDisplay } from './display.mjs'
import { printTable } from './harness.mjs'

const LIMIT_MS = 3
const POINTER_HZ = 1000
const MOTION_HZ = 60
const WINDOW_S = 15
const ROUNDS = 7
const SENSORS = ['accelerometer', 'linear-acceleration', 'gyroscope']
const COUNTS = `({ frames: all[0]?.stream('pointer').counts.received ?? 0, events })`
const TYPES = { js: 'text/javascript', html: 'text/html' }
const PAGE = `<!doctype html><meta charset="utf-8"><title>bench</title><body style="height:600px"><script type="module">
import { createRecorder } from '/dist/index.js'
import { motion, pointer } from '/dist/sources.js'
const recorder = await createRecorder()
globalThis.begin = async (sessions) => {
  if (sessions === 0) (await import('/bench/page/listeners.js')).listen()
  globalThis.all = []
  const sources = [pointer(), motion()]
  for (let i = 0; i < sessions; i++) all.push(await recorder.createSession({ sources }))
}
globalThis.end = async () => {
  const [{ streams } = { streams: {} }] = await recorder.stopAll()
  return Object.fromEntries(Object.entries(streams).map(([name, { received, ingested }]) => [name, { received, ingested }]))
}
globalThis.loaded = true
globalThis.events = 0
addEventListener('pointermove', () => { events += 1 })
</script>`

async function serve() {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname
    const content = path === '/' ? PAGE : await readFile(`.${path}`).catch(() => undefined)
    if (content === undefined) return response.writeHead(404).end()
    response.writeHead(200, { 'content-type': TYPES[path.split('.').at(-1)] ?? TYPES.html }).end(content)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }
}

/**
 * Self time of the library's functions and of what they call in the browser, in ms: as DevTools has it, samples times
 * their mean distance; and by the time before each sample, in which the thread may have waited for a processor.
 */
function libraryMs({ nodes, samples, timeDeltas }) {
  const isOurs = new Map()
  const mark = (node, ofParent) => {
    const { url, functionName } = node.callFrame
    const ours = url === '' ? ofParent && !functionName.startsWith('(') : /\/dist\/|\/listeners\.js$/.test(url)
    isOurs.set(node.id, ours)
    for (const id of node.children ?? []) mark(byId.get(id), ours)
  }
  const byId = new Map(nodes.map((node) => [node.id, node]))
  mark(nodes[0], false)
  const deltas = timeDeltas.filter((_, index) => isOurs.get(samples[index]))
  const meanUs = timeDeltas.reduce((sum, us) => sum + us, 0) / samples.length
  return { ms: (deltas.length * meanUs) / 1000, withWaitMs: deltas.reduce((sum, us) => sum + us, 0) / 1000 }
}

/** Moves the mouse and the device for a while; returns for how long. */
async function drive(devTools, move, seconds) {
  const startMs = performance.now()
  const sent = []
  let moves = 0
  let readings = 0
  for (let nowMs = 0; nowMs < 1000 * seconds; nowMs = performance.now() - startMs) {
    for (; moves < (nowMs * POINTER_HZ) / 1000; moves++) {
      sent.push(move({ x: 100 + (moves % 300), y: 200 + ((7 * moves) % 300) }))
    }
    for (; readings < (nowMs * MOTION_HZ) / 1000; readings++) {
      const xyz = { x: Math.sin(readings), y: Math.cos(readings), z: 9.8 }
      for (const type of SENSORS) {
        sent.push(devTools.send('Emulation.setSensorOverrideReadings', { type, reading: { xyz } }))
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(sent)
  return (performance.now() - startMs) / 1000
}

/** What one page costs for a while, with so many sessions. `move` moves the mouse; by default the driver does. */
async function measureOnce(browser, origin, display, sessions, seconds) {
  const context = await browser.newContext({
    permissions: ['accelerometer', 'gyroscope'],
    ...(display ? { viewport: null } : {}),
  })
  try {
    const page = await context.newPage()
    const devTools = await context.newCDPSession(page)
    await page.goto(origin)
    await page.waitForFunction('globalThis.loaded')
    for (const type of SENSORS) {
      const metadata = { available: true }
      await devTools.send('Emulation.setSensorOverrideEnabled', { enabled: true, type, metadata })
    }
    const move =
      display?.move ?? ((point) => devTools.send('Input.dispatchMouseEvent', { type: 'mouseMoved', ...point }))
    await page.evaluate(`begin(${sessions})`)
    // functions are compiled by then
    await drive(devTools, move, 3)
    await devTools.send('Profiler.enable')
    await devTools.send('Profiler.start')
    const before = await page.evaluate(COUNTS)
    const driven = await drive(devTools, move, seconds)
    const after = await page.evaluate(COUNTS)
    const { profile } = await devTools.send('Profiler.stop')
    const streams = await page.evaluate('end()')
    for (const [name, { received, ingested }] of Object.entries(streams)) {
      if (received !== ingested) throw new Error(`${name}: ${ingested} of ${received} frames were kept`)
    }
    const { ms, withWaitMs } = libraryMs(profile)
    return {
      pointerHz: (after.frames - before.frames) / driven,
      eventHz: (after.events - before.events) / driven,
      msPerSecond: ms / driven,
      withWaitMsPerSecond: withWaitMs / driven,
    }
  } finally {
    await context.close()
  }
}

/** One browser on `display`, or without one, where the driver moves the mouse; a row for each number of sessions. */
async function measure(executablePath, origin, display, sessionCounts, rounds, seconds) {
  const browser = await chromium.launch({
    executablePath,
    headless: display === undefined,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--window-position=0,0',
      ...(display ? [`--window-size=${display.size.width},${display.size.height}`] : []),
    ],
    ...(display ? { env: display.env } : {}),
  })
  const windows = new Map(sessionCounts.map((sessions) => [sessions, []]))
  try {
    for (let round = 0; round < rounds; round++) {
      for (const sessions of sessionCounts) {
        windows.get(sessions).push(await measureOnce(browser, origin, display, sessions, seconds))
      }
    }
  } finally {
    await browser.close()
  }
  return sessionCounts.map((sessions) => {
    const taken = windows.get(sessions)
    const sorted = (key) => taken.map((window) => window[key]).sort((a, b) => a - b)
    const costs = sorted('msPerSecond')
    const median = (key) => sorted(key)[taken.length >> 1]
    return {
      mouse: display ? 'display' : 'driver',
      sessions,
      pointerHz: median('pointerHz'),
      eventHz: median('eventHz'),
      msPerSecond: median('msPerSecond'),
      lowest: costs[0],
      highest: costs.at(-1),
      withWaitMsPerSecond: median('withWaitMsPerSecond'),
    }
  })
}

export async function bench({ json = false, quick = false } = {}) {
  const executablePath = findBrowser('chromium')
  if (!executablePath) throw new Error('chromium is missing: run "node scripts/browsers.mjs"')
  const server = await serve()
  const display = await openDisplay()
  if (!display)
    console.error('no display: run "apt-get install xvfb xdotool" as root; the driver moves the mouse alone')
  const rows = []
  try {
    for (const mouse of display ? [display, undefined] : [undefined]) {
      rows.push(
        ...(await measure(
          executablePath,
          server.origin,
          mouse,
          ...(quick ? [[0, 1], 1, 5] : [[0, 1, 5], ROUNDS, WINDOW_S]),
        )),
      )
    }
  } finally {
    display?.close()
    server.close()
  }
  if (json) return void process.stdout.write(`${JSON.stringify({ title: 'page', limitMs: LIMIT_MS, rows }, null, 2)}\n`)
  printTable(
    'Page thread, pointer and motion, Chromium’s profiler',
    ['mouse', 'sessions', 'moves/s', 'events/s', 'ms per second', 'of windows', 'with waits', 'to reach'],
    rows.map(({ mouse, sessions, pointerHz, eventHz, msPerSecond, lowest, highest, withWaitMsPerSecond }) => [
      mouse,
      String(sessions),
      pointerHz.toFixed(0),
      eventHz.toFixed(0),
      `${msPerSecond.toFixed(2)} ms`,
      `${lowest.toFixed(1)}–${highest.toFixed(1)}`,
      `${withWaitMsPerSecond.toFixed(2)} ms`,
      sessions === 1 ? `≤ ${LIMIT_MS} ms` : '',
    ]),
  )
}
