import puppeteer from 'puppeteer-core'
import { findBrowser } from '../../scripts/browsers.mjs'
import { launchChromium } from './chromium.js'
import { WebKit } from './webkit.js'

export const ENGINE_NAMES = ['chromium', 'firefox', 'webkit'] as const
export type EngineName = (typeof ENGINE_NAMES)[number]

/** A browser that opens pages. What they see they post to their server. */
export interface Engine {
  name: EngineName
  version: string
  /** Leaves the page before. */
  open(url: string): Promise<void>
  /** The value of an expression in the page, or what its promise resolves to; plain data. */
  evaluate(expression: string): Promise<unknown>
  /** Moves the mouse to each of these points of the page in turn. */
  move(points: readonly [x: number, y: number][]): Promise<void>
  /** Presses the mouse's main button where it is, and lets it go. */
  click(): Promise<void>
  /** Presses keys where the focus is: letters, digits and spaces. */
  type(text: string): Promise<void>
  close(): Promise<void>
}

/** Programs an engine takes, by their names in `scripts/browsers.mjs`. */
const PROGRAMS: Record<EngineName, string[]> = {
  chromium: ['chromium'],
  firefox: ['firefox'],
  webkit: ['webkit driver', 'webkit', 'xvfb'],
}

const missing = (name: EngineName) => PROGRAMS[name].filter((program) => findBrowser(program) === undefined)

/** The engines and whether their tests run: in CI a missing browser must fail them, not skip them. */
export const ENGINES: { name: EngineName; runs: boolean }[] = ENGINE_NAMES.map((name) => {
  const runs = missing(name).length === 0 || process.env.CI !== undefined
  if (!runs) console.warn(`${name} is skipped: ${missing(name).join(', ')} missing; run "node scripts/browsers.mjs"`)
  return { name, runs }
})

const LAUNCH = {
  async chromium(): Promise<Omit<Engine, 'name'>> {
    const browser = await launchChromium()
    const page = await browser.newPage()
    return {
      version: browser.version(),
      open: async (url) => void (await page.goto(url)),
      evaluate: (expression) => page.evaluate(expression),
      move: async (points) => {
        for (const [x, y] of points) await page.mouse.move(x, y)
      },
      click: async () => {
        await page.mouse.down()
        await page.mouse.up()
      },
      type: (text) => page.keyboard.type(text),
      close: () => browser.close(),
    }
  },
  async firefox(): Promise<Omit<Engine, 'name'>> {
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: findBrowser('firefox'),
      headless: true,
    })
    const page = await browser.newPage()
    return {
      version: await browser.version(),
      open: async (url) => void (await page.goto(url)),
      evaluate: (expression) => page.evaluate(expression),
      move: async (points) => {
        for (const [x, y] of points) await page.mouse.move(x, y)
      },
      click: async () => {
        await page.mouse.down()
        await page.mouse.up()
      },
      type: (text) => page.keyboard.type(text),
      close: () => browser.close(),
    }
  },
  async webkit(): Promise<Omit<Engine, 'name'>> {
    const webkit = await WebKit.launch({
      driver: findBrowser('webkit driver')!,
      miniBrowser: findBrowser('webkit')!,
      xvfb: findBrowser('xvfb')!,
    })
    return {
      version: webkit.version,
      open: (url) => webkit.open(url),
      evaluate: (expression) => webkit.evaluate(expression),
      move: (points) =>
        webkit.act(
          'pointer',
          points.map(([x, y]) => ({ type: 'pointerMove', x, y, duration: 0, origin: 'viewport' })),
        ),
      click: () =>
        webkit.act('pointer', [
          { type: 'pointerDown', button: 0 },
          { type: 'pointerUp', button: 0 },
        ]),
      type: (text) =>
        webkit.act(
          'key',
          [...text].flatMap((value) => ['keyDown', 'keyUp'].map((type) => ({ type, value }))),
        ),
      close: () => webkit.close(),
    }
  },
}

/** Starts an engine; tries twice, since machines under load start browsers late. */
export async function launchEngine(name: EngineName): Promise<Engine> {
  if (missing(name).length > 0)
    throw new Error(`${name}: ${missing(name).join(', ')} missing: run "node scripts/browsers.mjs"`)
  const launch = async () => ({ name, ...(await LAUNCH[name]()) })
  return launch().catch(launch)
}
