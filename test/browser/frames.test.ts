import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EnginePages, ISOLATED } from '../support/engine-pages.js'
import { ENGINES } from '../support/engines.js'
import { comparable, recordWholeInNode, recordWholePage } from '../support/whole-page.js'

let node: object
beforeAll(async () => {
  const run = await recordWholeInNode()
  for (const frames of run.frames.slice(0, 2)) expect(frames.length).toBeGreaterThan(2)
  expect(run.differences).toBe(0)
  node = comparable(run)
}, 30_000)

describe.each(ENGINES)('in $name, with clocks that stand still,', ({ name, runs }) => {
  describe.skipIf(!runs)('a page', () => {
    let pages: EnginePages
    beforeAll(async () => {
      pages = await EnginePages.launch(name)
    }, 90_000)
    afterAll(async () => pages?.close(), 30_000)

    it.each([
      ['the worker', '{}', { thread: 'worker', kernels: 'wasm' }],
      ['neither worker nor wasm', `{ worker: 'none', kernels: 'reference' }`, { thread: 'in-thread', wasm: false }],
    ])(
      'writes the very frames Node writes, to the last bit, with %s',
      async (_, options, capabilities) => {
        const run = await recordWholePage(pages, { options })
        expect(run.capabilities).toMatchObject(capabilities)
        expect(comparable(run)).toEqual(node)
      },
      40_000,
    )

    it('writes the very frames Node writes on an isolated page', async () => {
      pages.serveWorker({ headers: ISOLATED })
      const run = await recordWholePage(pages, { headers: ISOLATED })
      expect(run.capabilities).toMatchObject({ thread: 'worker' })
      expect(comparable(run)).toEqual(node)
    }, 40_000)
  })
})
