import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EnginePages } from '../support/engine-pages.js'
import { ENGINES } from '../support/engines.js'
import { comparable, recordWholeInNode, recordWholePage } from '../support/whole-page.js'

const INLINE = '/dist/inline.js'
const enforced = (more = '') => ({
  'content-security-policy': `require-trusted-types-for 'script'${more}; worker-src 'self' blob:; script-src 'self' 'wasm-unsafe-eval'`,
})

let node: object
beforeAll(async () => {
  node = comparable(await recordWholeInNode())
}, 30_000)

describe.each(ENGINES)('in $name, where Trusted Types are enforced,', ({ name, runs }) => {
  describe.skipIf(!runs)('a page', () => {
    let pages: EnginePages
    beforeAll(async () => {
      pages = await EnginePages.launch(name)
    }, 90_000)
    afterAll(async () => pages?.close(), 30_000)

    it.each([
      ['any policy may be made', '', INLINE, 'worker'],
      ['the policy kymograph may be made', '; trusted-types kymograph', INLINE, 'worker'],
      ['only other policies may be made', '; trusted-types other', INLINE, 'in-thread'],
      ['no policy may be made', `; trusted-types 'none'`, INLINE, 'in-thread'],
      ['no policy may be made', `; trusted-types 'none'`, '/dist/index.js', 'in-thread'],
    ])(
      'records when %s: list "%s", entry %s, %s (F31)',
      async (_, list, entry, thread) => {
        const run = await recordWholePage(pages, { headers: enforced(list), entry })
        expect(run.capabilities).toMatchObject({ thread, wasm: true })
        if (thread === 'in-thread') expect(run.capabilities.inThreadReason).toBeTruthy()
        expect(comparable(run)).toEqual(node)
      },
      40_000,
    )

    it('records through the worker when the application trusts its URL (F31)', async () => {
      const before = `const trust = { createScriptURL: (url) => url }
        globalThis.policy = trustedTypes.createPolicy('application', trust)`
      const options = `{ worker: () => new Worker(policy.createScriptURL('/dist/worker.js'), { type: 'module' }) }`
      const run = await recordWholePage(pages, { headers: enforced('; trusted-types application'), before, options })
      expect(run.capabilities).toMatchObject({ thread: 'worker', wasm: true })
      expect(comparable(run)).toEqual(node)
    }, 40_000)

    it('records through the worker when the page has a default policy (F31)', async () => {
      const before = `trustedTypes.createPolicy('default', { createScriptURL: (url) => url })`
      const run = await recordWholePage(pages, { headers: enforced('; trusted-types default'), before })
      expect(run.capabilities).toMatchObject({ thread: 'worker', wasm: true })
      expect(comparable(run)).toEqual(node)
    }, 40_000)
  })
})
