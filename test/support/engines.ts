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
      close: () => browser.close(),
    }
  },
  async webkit(): Promise<Omit<Engine, 'name'>> {
    const webkit = await WebKit.launch({
      driver: findBrowser('webkit driver')!,
      miniBrowser: findBrowser('webkit')!,
      xvfb: findBrowser('xvfb')!,
    })
    return { version: webkit.version, open: (url) => webkit.open(url), close: () => webkit.close() }
  },
}

/** Starts an engine; tries twice, since machines under load start browsers late. */
export async function launchEngine(name: EngineName): Promise<Engine> {
  if (missing(name).length > 0)
    throw new Error(`${name}: ${missing(name).join(', ')} missing: run "node scripts/browsers.mjs"`)
  const launch = async () => ({ name, ...(await LAUNCH[name]()) })
  return launch().catch(launch)
}
