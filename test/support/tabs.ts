import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import puppeteer, { type Browser, type Page, type Target } from 'puppeteer-core'
import { chromiumPath } from './chromium.js'
import { descendantsOf, killNow } from './processes.js'

const ARGUMENTS = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * A Chromium whose pages are what they are: hidden when another tab is in front, frozen, kept in the back/forward cache.
 * Other drivers pin their pages to "visible" and switch that cache off.
 */
export class Tabs {
  readonly browser: Browser
  readonly #child: ChildProcess
  readonly #address: string
  readonly #profile: string

  private constructor(browser: Browser, child: ChildProcess, address: string, profile: string) {
    this.browser = browser
    this.#child = child
    this.#address = address
    this.#profile = profile
  }

  /** environment: of the browser, besides this process's own. */
  static async launch(args: string[] = [], environment: Record<string, string> = {}): Promise<Tabs> {
    if (!chromiumPath) throw new Error('chromium is missing: run "node scripts/browsers.mjs"')
    const profile = await mkdtemp(join(tmpdir(), 'kymograph-tabs-'))
    const child = spawn(chromiumPath, [...ARGUMENTS, ...args, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      // away from the terminal, which would stop it
      detached: true,
      env: { ...process.env, ...environment },
    })
    let printed = ''
    child.stderr!.on('data', (text) => (printed += text))
    let endpoint: string | undefined
    while (endpoint === undefined) {
      await Promise.race([
        once(child.stderr!, 'data'),
        once(child, 'exit').then(() => {
          throw new Error(`chromium has ended: ${printed}`)
        }),
      ])
      endpoint = /DevTools listening on (ws:\S+)/.exec(printed)?.[1]
    }
    const browser = await puppeteer.connect({ browserWSEndpoint: endpoint, defaultViewport: null })
    return new Tabs(browser, child, `http://${new URL(endpoint).host}`, profile)
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Opens a tab in front of the others, in the same window. */
  async open(url: string): Promise<Page> {
    const response = await fetch(`${this.#address}/json/new?about:blank`, { method: 'PUT' })
    const { id } = (await response.json()) as { id: string }
    const page = (await (await this.browser.waitForTarget((target) => idOf(target) === id)).page())!
    await page.goto(url)
    return page
  }

  /** Closes a tab as its user would. */
  async close(page: Page): Promise<void> {
    await fetch(`${this.#address}/json/close/${idOf(page.target())}`)
  }

  async bringToFront(page: Page): Promise<void> {
    await fetch(`${this.#address}/json/activate/${idOf(page.target())}`)
  }

  async end(): Promise<void> {
    await this.browser.disconnect().catch(() => {})
    const { pid, exitCode, signalCode } = this.#child
    if (exitCode === null && signalCode === null) {
      const closed = once(this.#child, 'close')
      killNow([pid!, ...descendantsOf(pid!)])
      await closed
    }
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

function idOf(target: Target): string {
  return (target as unknown as { _targetId: string })._targetId
}
