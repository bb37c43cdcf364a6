import { type Engine, type EngineName, launchEngine } from './engines.js'
import { type RecordingRun, readTables, recordingModule, type Table } from './recording-run.js'
import { type Answer, type StaticServer, startStaticServer } from './static-server.js'

export interface PageOptions {
  /** Options of createRecorder. */
  options?: object
  /** Headers of the page. */
  headers?: Record<string, string>
  /** A classic script that runs before the library is loaded. */
  before?: string
  /** Code of the page's module that runs when all is recorded. */
  afterwards?: string
  timeLimitMs?: number
}

/** What makes a page cross-origin isolated; its worker's script needs the second one too. */
export const ISOLATED = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }
const RUN_MAX_MS = 20_000

/** An engine, and a server of pages that record the example recordings. */
export class EnginePages {
  readonly tables: Table[]
  readonly server: StaticServer
  readonly engine: Engine
  #pages = 0

  private constructor(tables: Table[], server: StaticServer, engine: Engine) {
    this.tables = tables
    this.server = server
    this.engine = engine
  }

  static async launch(name: EngineName): Promise<EnginePages> {
    const tables = await readTables()
    const server = await startStaticServer(process.cwd())
    server.serve('/tables.json', JSON.stringify(tables))
    try {
      return new EnginePages(tables, server, await launchEngine(name))
    } catch (error) {
      await server.close()
      throw error
    }
  }

  /** Serves the library's worker in this way until the next call. */
  serveWorker(answer: Answer): void {
    this.server.serve('/dist/worker.js', answer)
  }

  /** Records in a page; everything it runs is a file of its origin, so that any policy can be tried. */
  async record(page: PageOptions = {}): Promise<RecordingRun> {
    const { options = {}, headers, before, afterwards, timeLimitMs = RUN_MAX_MS } = page
    this.#pages += 1
    const id = `page-${this.#pages}`
    const { server } = this
    server.serve(`/${id}.js`, recordingModule(id, options, afterwards))
    if (before !== undefined) server.serve(`/${id}-before.js`, before)
    const scripts = [
      before === undefined ? '' : `<script src="/${id}-before.js"></script>`,
      `<script type="module" src="/${id}.js"></script>`,
    ]
    server.serve(`/${id}.html`, { headers, body: `<!doctype html><meta charset="utf-8">${scripts.join('')}` })
    const [result] = await Promise.all([
      server.result(id, timeLimitMs),
      this.engine.open(`${server.origin}/${id}.html`),
    ])
    const { error } = result as { error?: string }
    if (error) throw new Error(`in the page: ${error}`)
    return result as RecordingRun
  }

  /** Runs the body of an async function in a page, with these files beside it, and gives what it returns. */
  async run(files: Record<string, string>, body: string, timeLimitMs = 60_000): Promise<unknown> {
    this.#pages += 1
    const id = `page-${this.#pages}`
    const { server } = this
    for (const [path, content] of Object.entries(files)) server.serve(path, content)
    server.serve(
      `/${id}.js`,
      `let result
try {
  result = { value: await (async () => { ${body} })() }
} catch (error) {
  result = { error: String(error?.stack ?? error) }
}
await fetch('/result/${id}', { method: 'POST', body: JSON.stringify(result) })
`,
    )
    server.serve(`/${id}.html`, `<!doctype html><meta charset="utf-8"><script type="module" src="/${id}.js"></script>`)
    const [result] = await Promise.all([
      server.result(id, timeLimitMs),
      this.engine.open(`${server.origin}/${id}.html`),
    ])
    const { value, error } = result as { value?: unknown; error?: string }
    if (error !== undefined) throw new Error(`in the page: ${error}`)
    return value
  }

  async close(): Promise<void> {
    await this.engine.close()
    await this.server.close()
  }
}
