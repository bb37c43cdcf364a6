import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WORKER_START_MAX_MS } from '../../src/limits.js'
import { EnginePages, ISOLATED, type PageOptions } from '../support/engine-pages.js'
import { ENGINES } from '../support/engines.js'
import {
  chunksOf,
  expectRecorded,
  type RecordingRun,
  readTables,
  recordTablesInNode,
} from '../support/recording-run.js'

const csp = (policy: string) => ({ 'content-security-policy': policy })
const STRICT = "default-src 'none'; worker-src 'self'; connect-src 'self'"

/** A worker's start may take its time limit, and the fallback a little. */
const SETTLED_MS = WORKER_START_MAX_MS + 1500

/** What careless or hostile scripts of a page do before the library is loaded. */
const POLLUTION = `
Object.prototype.x = 'evil'
Object.prototype.journeyId = 'evil'
Object.prototype.labels = ['evil']
Object.prototype.toJSON = () => 'evil'
Array.prototype.foo = 'evil'
for (const [owner, name] of [[Array.prototype, 'map'], [Array.prototype, 'push'], [Array.prototype, 'forEach'], [JSON, 'stringify'], [Promise.prototype, 'then']]) {
  const plain = owner[name]
  owner[name] = function (...args) { return Reflect.apply(plain, this, args) }
}
`
/** So that the test's own result can be posted. */
const CLEANING = 'delete Object.prototype.toJSON'

let node: object[][]
beforeAll(async () => {
  node = chunksOf(await recordTablesInNode(await readTables(), { worker: 'none' }))
}, 30_000)

describe.each(ENGINES)('in $name', ({ name, runs }) => {
  describe.skipIf(!runs)('a page', () => {
    let pages: EnginePages
    beforeAll(async () => {
      pages = await EnginePages.launch(name)
    }, 90_000)
    afterAll(async () => pages?.close(), 30_000)
    beforeEach(() => pages.serveWorker({}))

    async function record(page: PageOptions): Promise<RecordingRun['capabilities']> {
      const run = await pages.record(page)
      expectRecorded(run, pages.tables)
      expect(chunksOf(run)).toEqual(node)
      expect(run.startMs).toBeLessThan(SETTLED_MS)
      return run.capabilities
    }

    it('records through the worker under the strictest policy that allows both', async () => {
      const headers = csp(`${STRICT}; script-src 'self' 'wasm-unsafe-eval'`)
      pages.serveWorker({ headers })
      expect(await record({ headers })).toMatchObject({ thread: 'worker', wasm: true })
    }, 40_000)

    it('goes by the reference where the policy forbids WebAssembly (F27)', async () => {
      const headers = csp(`${STRICT}; script-src 'self'`)
      pages.serveWorker({ headers })
      expect(await record({ headers })).toMatchObject({ thread: 'worker', wasm: false, kernels: 'reference' })
      expect(await record({ headers, options: { worker: 'none' } })).toMatchObject({
        thread: 'in-thread',
        wasm: false,
      })
    }, 40_000)

    it('records on the page where the policy forbids workers (F31)', async () => {
      const capabilities = await record({ headers: csp("worker-src 'none'") })
      expect(capabilities).toMatchObject({ thread: 'in-thread', wasm: true })
      expect(capabilities.inThreadReason).toBeTruthy()
    }, 40_000)

    it('records on the page where Trusted Types are enforced (F31)', async () => {
      const capabilities = await record({ headers: csp("require-trusted-types-for 'script'") })
      expect(capabilities).toMatchObject({ thread: 'in-thread', wasm: true })
      expect(capabilities.inThreadReason).toBeTruthy()
    }, 40_000)

    it('goes by the reference where there is no WebAssembly, in the worker or on the page (F27)', async () => {
      const before = 'delete globalThis.WebAssembly'
      expect(await record({ before, options: { worker: 'none' } })).toMatchObject({ wasm: false })
      pages.serveWorker({ body: `${before}\n${await readFile('dist/worker.js', 'utf8')}` })
      expect(await record({ before })).toMatchObject({ thread: 'worker', wasm: false })
    }, 40_000)

    it('records on an isolated page whose worker may not be loaded (F29)', async () => {
      expect(await record({ headers: ISOLATED })).toMatchObject({ thread: 'in-thread', transport: 'batch' })
    }, 40_000)

    it.each([
      ['is missing', { status: 404 }],
      ['does not parse', { body: 'this is no script' }],
      ['throws', { body: 'throw new Error("no")' }],
      ['is no script by its type', { headers: { 'content-type': 'text/html', 'x-content-type-options': 'nosniff' } }],
      ['never answers', { body: 'self.onmessage = () => {}' }],
      ['never ends', { body: 'for (;;) {}' }],
    ])(
      'records on the page when the script of the worker %s (F20)',
      async (_, answer) => {
        pages.serveWorker(answer)
        const capabilities = await record({})
        expect(capabilities).toMatchObject({ thread: 'in-thread', wasm: true })
        expect(capabilities.inThreadReason).toBeTruthy()
      },
      40_000,
    )

    it.each([
      ['the worker', {}],
      ['the page', { worker: 'none' }],
      ['the reference', { worker: 'none', kernels: 'reference' }],
    ])(
      'writes the same chunks on %s when the page has changed the built-in prototypes (F32)',
      async (_, options) => {
        await record({ options, before: POLLUTION, afterwards: CLEANING })
      },
      40_000,
    )
  })
})
