import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Browser, chromium, type Page } from 'playwright-core'
import { chromiumPath } from './chromium.js'
import { commandOf, descendantsOf, killNow } from './processes.js'

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

/** A Chromium with a profile on disk, in processes that can be killed. */
export class ChromiumProcess {
  readonly #child: ChildProcess
  readonly #endpoint: string
  #browser: Promise<Browser> | undefined

  private constructor(child: ChildProcess, endpoint: string) {
    this.#child = child
    this.#endpoint = endpoint
  }

  static async launch(profile: string, env: Record<string, string> = {}): Promise<ChromiumProcess> {
    if (!chromiumPath) throw new Error('chromium is missing: run "node scripts/browsers.mjs"')
    const child = spawn(chromiumPath, [...ARGUMENTS, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    })
    let printed = ''
    child.stderr!.on('data', (text) => (printed += text))
    let endpoint: string | undefined
    while (endpoint === undefined) {
      await once(child.stderr!, 'data')
      endpoint = /DevTools listening on (ws:\S+)/.exec(printed)?.[1]
    }
    return new ChromiumProcess(child, endpoint)
  }

  /** A tab in front of the others, which are hidden then; where there are pages as well, none knows that it is hidden. */
  async openTab(url: string): Promise<{ close: () => Promise<void> }> {
    const { host } = new URL(this.#endpoint)
    const opened = await fetch(`http://${host}/json/new?${url}`, { method: 'PUT' })
    const { id } = (await opened.json()) as { id: string }
    return {
      close: async () => {
        await fetch(`http://${host}/json/close/${id}`)
      },
    }
  }

  /** A killed renderer may have been kept ready for the next page. */
  async newPage(): Promise<Page> {
    for (let tries = 0; ; tries++) {
      try {
        this.#browser ??= chromium.connectOverCDP(this.#endpoint)
        return await (await this.#browser).contexts()[0]!.newPage()
      } catch (error) {
        if (tries === 3 || !String(error).includes('crashed')) throw error
      }
    }
  }

  /** Kills the browser and everything it has started. */
  async kill(): Promise<void> {
    const { pid, exitCode, signalCode } = this.#child
    if (exitCode !== null || signalCode !== null) return
    const descendants = descendantsOf(pid!)
    const closed = once(this.#child, 'close')
    killNow([pid!, ...descendants])
    await closed
  }

  /** Kills the processes pages run in. */
  killRenderers(): void {
    killNow(descendantsOf(this.#child.pid!).filter((pid) => commandOf(pid).includes('--type=renderer')))
  }
}
