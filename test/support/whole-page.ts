import { createHash } from 'node:crypto'
import { framesOf, readChunks } from '../../src/read/index.js'
import type { EnginePages } from './engine-pages.js'
import { createRecorder } from './node-recorder.js'
import { recordEverything, standStill, type WholeRun } from './whole-run.js'

export interface WholePageOptions {
  /** Code of the options of createRecorder. */
  options?: string
  headers?: Record<string, string>
  /** A classic script that runs before the library is loaded. */
  before?: string
  /** Runs before the result is posted. */
  afterwards?: string
  /** Where createRecorder comes from. */
  entry?: string
}

const RUN_MAX_MS = 20_000
let pagesServed = 0

/** Records in a page of an engine, with clocks that stand still. */
export async function recordWholePage(
  { server, engine }: EnginePages,
  { options = '{}', headers, before = '', afterwards = '', entry = '/dist/index.js' }: WholePageOptions = {},
): Promise<WholeRun> {
  pagesServed += 1
  const id = `whole-${pagesServed}`
  server.serve(`/${id}-before.js`, `(${standStill.toString()})();\n${before}`)
  server.serve(
    `/${id}.js`,
    `import { createRecorder } from '${entry}'
import { framesOf, readChunks } from '/dist/read.js'
const recordEverything = ${recordEverything.toString()}
let result
try {
  result = await recordEverything({ createRecorder, framesOf, readChunks }, ${options})
} catch (error) {
  result = { error: String(error) + ' ' + error?.stack }
}
${afterwards}
await fetch('/result/${id}', { method: 'POST', body: JSON.stringify(result) })
`,
  )
  server.serve(`/${id}.html`, {
    headers,
    body: `<!doctype html><meta charset="utf-8"><script src="/${id}-before.js"></script><script type="module" src="/${id}.js"></script>`,
  })
  const [result] = await Promise.all([server.result(id, RUN_MAX_MS), engine.open(`${server.origin}/${id}.html`)])
  const { error } = result as { error?: string }
  if (error) throw new Error(`in the page: ${error}`)
  return result as WholeRun
}

/** The same in Node. */
export async function recordWholeInNode(): Promise<WholeRun> {
  const undo = standStill()
  try {
    return await recordEverything({ createRecorder, framesOf, readChunks } as never, { store: 'memory' })
  } finally {
    undo()
  }
}

/** What has to be the same in every realm; of each chunk a checksum, so that a difference can be read. */
export function comparable({ frames, differences, found, refused }: WholeRun): object {
  const digests = frames.map((hexes) =>
    hexes.map((hex) => createHash('sha256').update(hex, 'hex').digest('hex').slice(0, 16)),
  )
  return { digests, differences, found, refused }
}
