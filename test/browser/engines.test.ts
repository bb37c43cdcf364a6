import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EnginePages, ISOLATED } from '../support/engine-pages.js'
import { ENGINES } from '../support/engines.js'
import {
  chunksOf,
  expectRecorded,
  type RecordingRun,
  readTables,
  recordTablesInNode,
} from '../support/recording-run.js'

/** WebKitGTK has no SharedArrayBuffer, not even on isolated pages. */
const SHARES_MEMORY = { chromium: true, firefox: true, webkit: false }

let node: object[][]
beforeAll(async () => {
  node = chunksOf(await recordTablesInNode(await readTables(), { worker: 'none' }))
  for (const chunks of node) expect(chunks.length).toBeGreaterThan(3)
}, 30_000)

it.each(['batch', 'shared'])('in Node a worker gives the same chunks by transport %s', async (transport) => {
  expect(chunksOf(await recordTablesInNode(await readTables(), { transport }))).toEqual(node)
})

describe.each(ENGINES)('in $name', ({ name, runs }) => {
  describe.skipIf(!runs)('a page', () => {
    let pages: EnginePages
    beforeAll(async () => {
      pages = await EnginePages.launch(name)
    }, 90_000)
    afterAll(async () => pages?.close(), 30_000)

    /** Every frame came back, and every chunk is as Node makes it. */
    function expectSame(run: RecordingRun): void {
      expectRecorded(run, pages.tables)
      expect(chunksOf(run)).toEqual(node)
    }

    it('records through the worker and finds it by label and by journey', async () => {
      const run = await pages.record()
      expect(run.capabilities).toMatchObject({ thread: 'worker', kernels: 'wasm', transport: 'batch', restarts: 0 })
      expectSame(run)
    }, 40_000)

    it.each([
      ['the reference', { kernels: 'reference' }, { thread: 'worker', kernels: 'reference' }],
      ['no worker', { worker: 'none' }, { thread: 'in-thread', kernels: 'wasm' }],
      ['batches', { transport: 'batch' }, { thread: 'worker', transport: 'batch' }],
    ])(
      'gives the same chunks with %s',
      async (_, options, capabilities) => {
        const run = await pages.record({ options })
        expect(run.capabilities).toMatchObject(capabilities)
        expectSame(run)
      },
      40_000,
    )

    it('gives the same chunks through shared memory where a page has it, else through batches (F29)', async () => {
      pages.serveWorker({ headers: ISOLATED })
      const transport = SHARES_MEMORY[name] ? 'shared' : 'batch'
      const byDefault = await pages.record({ headers: ISOLATED })
      expect(byDefault.capabilities).toMatchObject({ thread: 'worker', transport })
      expectSame(byDefault)
      const asked = pages.record({ headers: ISOLATED, options: { transport: 'shared' } })
      if (SHARES_MEMORY[name]) {
        const run = await asked
        expect(run.capabilities).toMatchObject({ thread: 'worker', transport: 'shared' })
        expectSame(run)
      } else {
        await expect(asked).rejects.toThrow('cross-origin isolated')
      }
    }, 40_000)

    it('refuses shared memory on a page that is not isolated, and says what it needs (F29)', async () => {
      await expect(pages.record({ options: { transport: 'shared' } })).rejects.toThrow('COOP and COEP')
    }, 40_000)
  })
})
