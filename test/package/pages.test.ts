import { cp } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runsBrowserTests } from '../support/chromium.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'
import { consumerApp, RECORDED_IN_WORKER } from './consumer-app.js'
import { type Visit, Visitor } from './consumer-page.js'
import { type Consumer, Packed } from './packed.js'

const DIST = '/node_modules/kymograph/dist'
const CDN = 'https://cdn.example'

interface PageOptions {
  /** Where the module `kymograph` is. */
  entry: string
  /** Code of the options of createRecorder. */
  options?: string
  /** Code that runs before. */
  before?: string
  /** A content security policy. */
  policy?: string
  prepare?: (page: Page) => Promise<unknown>
  inspect?: string
}

describe.skipIf(!runsBrowserTests)('a page without a bundler', () => {
  let packed: Packed
  let project: Consumer
  let server: StaticServer
  let visitor: Visitor
  let pages = 0

  beforeAll(async () => {
    ;[packed, visitor] = await Promise.all([Packed.create(), Visitor.launch()])
    project = await packed.consumer('static')
    // nothing lies beside this copy
    await cp(project.at(`${DIST}/inline.js`), project.at('alone/kymograph.js'), { recursive: true })
    server = await startStaticServer(project.directory)
  }, 60_000)

  afterAll(async () => {
    await visitor?.close()
    await server?.close()
    await packed?.remove()
  })

  function visit({ entry, options, before, policy, ...visitOptions }: PageOptions) {
    const path = `/page-${++pages}.html`
    const map = { imports: { kymograph: entry, 'kymograph/read': `${DIST}/read.js` } }
    const meta = policy ? `<meta http-equiv="Content-Security-Policy" content="${policy}">` : ''
    server.serve(
      path,
      `<!doctype html><meta charset="utf-8"><title>consumer</title>${meta}
      <script type="importmap">${JSON.stringify(map)}</script>
      <script type="module">${consumerApp({ options, before })}</script>`,
    )
    return visitor.visit(`${server.origin}${path}`, visitOptions)
  }

  const scripts = ({ paths }: Visit) => paths.filter((path) => path.endsWith('.js') && !path.endsWith('/read.js'))

  it('records through the worker with an import map', async () => {
    const visited = await visit({ entry: `${DIST}/index.js` })
    expect(visited.outcome).toMatchObject(RECORDED_IN_WORKER)
    expect(scripts(visited)).toEqual([`${DIST}/index.js`, `${DIST}/recorder.js`, `${DIST}/worker.js`])
    expect(visited.errors).toEqual([])
  }, 60_000)

  it('records on the page where the policy allows no worker', async () => {
    const { outcome } = await visit({ entry: `${DIST}/index.js`, policy: "worker-src 'none'" })
    expect(outcome).toMatchObject({ ...RECORDED_IN_WORKER, thread: 'in-thread' })
    expect(outcome.inThreadReason).toBeTruthy()
  }, 60_000)

  it('takes compiled kernels and a worker of its own', async () => {
    const { outcome, errors } = await visit({
      entry: `${DIST}/index.js`,
      options: `{
        kernels: 'wasm',
        wasm: await WebAssembly.compileStreaming(fetch('${DIST}/kernels.wasm')),
        worker: () => new Worker('${DIST}/worker.js'),
      }`,
    })
    expect(outcome).toMatchObject(RECORDED_IN_WORKER)
    expect(errors).toEqual([])
  }, 60_000)

  describe('with kymograph/inline', () => {
    const entry = '/alone/kymograph.js'

    it('records through a worker that needs no second file', async () => {
      const visited = await visit({ entry })
      expect(visited.outcome).toMatchObject(RECORDED_IN_WORKER)
      expect(scripts(visited).filter((path) => path.startsWith('/'))).toEqual([entry])
      expect(visited.errors).toEqual([])
    }, 60_000)

    it('gives its Blob URL back as soon as the worker has started, and once', async () => {
      const { inspected } = await visit({
        entry,
        before: `globalThis.calls = []
          for (const name of ['createObjectURL', 'revokeObjectURL']) {
            const plain = URL[name].bind(URL)
            URL[name] = (value) => { globalThis.calls.push(name); return plain(value) }
          }`,
        inspect: `import('kymograph').then(async ({ createRecorder }) => {
          globalThis.calls.length = 0
          const recorder = await createRecorder()
          globalThis.calls.push('started')
          await recorder.dispose()
          return globalThis.calls
        })`,
      })
      expect(inspected).toEqual(['createObjectURL', 'revokeObjectURL', 'started'])
    }, 60_000)

    it.each([
      ['compiles its kernels', "'wasm-unsafe-eval'", 'wasm'],
      ['goes by the reference', '', 'reference'],
    ])(
      '%s as the policy of the page says',
      async (_, source, kernels) => {
        const policy = `script-src 'self' 'unsafe-inline' ${source}; worker-src blob:`
        const { outcome } = await visit({ entry, policy })
        expect(outcome).toMatchObject({ ...RECORDED_IN_WORKER, kernels })
      },
      60_000,
    )

    it('records on the page, still without a second file, where the policy forbids its worker', async () => {
      const visited = await visit({ entry, policy: "worker-src 'self'" })
      expect(visited.outcome).toMatchObject({ ...RECORDED_IN_WORKER, thread: 'in-thread' })
      expect(visited.outcome.inThreadReason).toBeTruthy()
      expect(scripts(visited).filter((path) => path.startsWith('/'))).toEqual([entry])
    }, 60_000)
  })

  describe('from another origin', () => {
    const prepare = (page: Page) =>
      page.route(`${CDN}/**`, (route) =>
        route.fulfill({
          path: project.at(`${DIST}${new URL(route.request().url()).pathname}`),
          contentType: 'text/javascript',
          headers: { 'access-control-allow-origin': '*' },
        }),
      )

    it('records on the page and says so: a worker may not come from there', async () => {
      const { outcome } = await visit({ entry: `${CDN}/index.js`, prepare })
      expect(outcome).toMatchObject({ ...RECORDED_IN_WORKER, thread: 'in-thread' })
      expect(outcome.inThreadReason).toMatch(/cannot be accessed from origin/)
    }, 60_000)

    it('records through the worker with a copy of it on its own origin', async () => {
      const { outcome } = await visit({ entry: `${CDN}/index.js`, options: `{ worker: '${DIST}/worker.js' }`, prepare })
      expect(outcome).toMatchObject(RECORDED_IN_WORKER)
    }, 60_000)

    it('records through the worker with kymograph/inline', async () => {
      const { outcome } = await visit({ entry: `${CDN}/inline.js`, prepare })
      expect(outcome).toMatchObject(RECORDED_IN_WORKER)
    }, 60_000)
  })

  describe('where Trusted Types are enforced', () => {
    const policy = "require-trusted-types-for 'script'"

    it.each([
      ['a worker’s file, which has no policy', `${DIST}/index.js`, policy],
      ['an inlined worker whose policy is not listed', '/alone/kymograph.js', `${policy}; trusted-types app`],
    ])(
      'records on the page instead of through %s',
      async (_, entry, enforced) => {
        const { outcome } = await visit({ entry, policy: enforced })
        expect(outcome).toMatchObject({ ...RECORDED_IN_WORKER, thread: 'in-thread' })
        expect(outcome.inThreadReason).toMatch(/TrustedScriptURL/)
      },
      60_000,
    )

    it.each([policy, `${policy}; trusted-types kymograph`])(
      'records through the inlined worker under %s',
      async (enforced) => {
        const { outcome } = await visit({
          entry: '/alone/kymograph.js',
          policy: enforced,
          // the policy is made once and serves every recorder
          before: 'await (await createRecorder()).dispose()',
        })
        expect(outcome).toMatchObject(RECORDED_IN_WORKER)
      },
      60_000,
    )

    it('records through the worker with a function that has one', async () => {
      const { outcome } = await visit({
        entry: `${DIST}/index.js`,
        policy,
        before: `const policy = trustedTypes.createPolicy('app', { createScriptURL: (url) => url })`,
        options: `{ worker: () => new Worker(policy.createScriptURL('${DIST}/worker.js'), { type: 'module' }) }`,
      })
      expect(outcome).toMatchObject(RECORDED_IN_WORKER)
    }, 60_000)
  })
})
