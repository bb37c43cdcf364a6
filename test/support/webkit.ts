import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

export interface WebKitPrograms {
  driver: string
  miniBrowser: string
  xvfb: string
}

const START_MAX_MS = 20_000

/** WebKitGTK's MiniBrowser on a display of its own, through WebDriver. */
export class WebKit {
  readonly version: string
  readonly #address: string
  readonly #session: string
  readonly #end: () => Promise<void>

  private constructor(version: string, address: string, session: string, end: () => Promise<void>) {
    this.version = version
    this.#address = address
    this.#session = session
    this.#end = end
  }

  static async launch({ driver, miniBrowser, xvfb }: WebKitPrograms): Promise<WebKit> {
    const processes: ChildProcess[] = []
    const home = await mkdtemp(join(tmpdir(), 'kymograph-webkit-'))
    const abandon = () => {
      for (const { pid } of processes) killGroup(pid)
    }
    const forget = onEndOfRun(abandon)
    const end = async () => {
      forget()
      for (const started of processes.reverse()) await endProcess(started)
      await rm(home, { recursive: true, force: true, maxRetries: 3 })
    }
    try {
      // the server chooses a free display and tells it on descriptor 3
      const display = spawn(xvfb, ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
        detached: true,
      })
      processes.push(display)
      const number = String(await firstOf(display, display.stdio[3] as Readable)).trim()
      const port = await freePort()
      const address = `http://127.0.0.1:${port}`
      const driving = spawn(driver, [`--port=${port}`], {
        stdio: 'ignore',
        detached: true,
        env: {
          ...process.env,
          DISPLAY: `:${number}`,
          GDK_BACKEND: 'x11',
          HOME: home,
          XDG_RUNTIME_DIR: home,
          XDG_CACHE_HOME: join(home, 'cache'),
          XDG_DATA_HOME: join(home, 'data'),
          NO_AT_BRIDGE: '1',
          LIBGL_ALWAYS_SOFTWARE: '1',
          WEBKIT_DISABLE_COMPOSITING_MODE: '1',
          WEBKIT_DISABLE_DMABUF_RENDERER: '1',
        },
      })
      processes.push(driving)
      await untilReady(address, driving)
      const { sessionId, capabilities } = await command(address, 'POST', '/session', {
        capabilities: {
          alwaysMatch: { 'webkitgtk:browserOptions': { binary: miniBrowser, args: ['--automation'] } },
        },
      })
      return new WebKit(String(capabilities.browserVersion), address, sessionId, end)
    } catch (error) {
      await end()
      throw error
    }
  }

  async open(url: string): Promise<void> {
    await command(this.#address, 'POST', `/session/${this.#session}/url`, { url })
  }

  async evaluate(expression: string): Promise<unknown> {
    const script = `const [code, done] = arguments
      Promise.resolve().then(() => (0, eval)(code)).then((value) => done({ value }), (error) => done({ error: String(error?.stack ?? error) }))`
    const path = `/session/${this.#session}/execute/async`
    const { value, error } = await command(this.#address, 'POST', path, { script, args: [expression] })
    if (error !== undefined) throw new Error(`in the page: ${error}`)
    return value
  }

  /** Input as WebDriver's actions say it, of the mouse or the keyboard. */
  async act(type: 'pointer' | 'key', actions: object[]): Promise<void> {
    await command(this.#address, 'POST', `/session/${this.#session}/actions`, {
      actions: [{ type, id: type, actions, ...(type === 'pointer' ? { parameters: { pointerType: 'mouse' } } : {}) }],
    })
  }

  async close(): Promise<void> {
    await command(this.#address, 'DELETE', `/session/${this.#session}`).catch(() => {})
    await this.#end()
  }
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the driver answers
async function command(address: string, method: string, path: string, body?: object): Promise<any> {
  const response = await fetch(address + path, {
    method,
    ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    signal: AbortSignal.timeout(START_MAX_MS),
  })
  const { value } = (await response.json()) as { value: { error?: string; message?: string } | null }
  if (value?.error) throw new Error(`WebDriver ${method} ${path}: ${value.error}: ${value.message}`)
  return value
}

async function untilReady(address: string, driving: ChildProcess): Promise<void> {
  const endMs = Date.now() + START_MAX_MS
  while (Date.now() < endMs && driving.exitCode === null) {
    const status = await command(address, 'GET', '/status').catch(() => undefined)
    if (status?.ready) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('the WebKit driver does not answer')
}

/** The first data on a stream of a process, or an error when it ends before. */
async function firstOf(process: ChildProcess, stream: Readable): Promise<Buffer> {
  const [data] = await Promise.race([
    once(stream, 'data'),
    once(process, 'exit').then(([code]) => {
      throw new Error(`${process.spawnfile} has ended with ${code}`)
    }),
  ])
  return data
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Calls back when this process ends by itself or, as vitest ends its own, by a signal. Returns what calls it off. */
function onEndOfRun(action: () => void): () => void {
  const forget = () => {
    process.off('exit', action)
    process.off('SIGTERM', onSignal)
  }
  const onSignal = () => {
    forget()
    action()
    process.kill(process.pid, 'SIGTERM')
  }
  process.once('exit', action)
  process.once('SIGTERM', onSignal)
  return forget
}

/** Ends a process and all it has started. */
async function endProcess(started: ChildProcess): Promise<void> {
  killGroup(started.pid)
  if (started.pid !== undefined && started.exitCode === null && started.signalCode === null) await once(started, 'exit')
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // gone by itself
  }
}
