import { copyFile, readdir } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type * as NodeResolve from '@rollup/plugin-node-resolve'
import * as esbuild from 'esbuild-wasm'
import { rollup } from 'rollup'
import * as vite from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import webpack from 'webpack'
import { runsBrowserTests } from '../support/chromium.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'
import { consumerApp, RECORDED_IN_WORKER } from './consumer-app.js'
import { Visitor } from './consumer-page.js'
import { type Consumer, Packed } from './packed.js'

// its ESM build names source maps that are not published
const { nodeResolve } = createRequire(import.meta.url)('@rollup/plugin-node-resolve') as typeof NodeResolve
const HTML = '<!doctype html><meta charset="utf-8"><title>consumer</title>'

describe.skipIf(!runsBrowserTests)('the packed library records through its worker', () => {
  let packed: Packed
  let visitor: Visitor
  const servers: StaticServer[] = []

  beforeAll(async () => {
    ;[packed, visitor] = await Promise.all([Packed.create(), Visitor.launch()])
  }, 60_000)

  afterAll(async () => {
    await visitor?.close()
    for (const server of servers) await server.close()
    await packed?.remove()
  })

  /** A project with one module and one page that loads it. */
  async function consumer(name: string, script: string): Promise<Consumer> {
    const project = await packed.consumer(name)
    await project.write('app.js', consumerApp({ options: 'Object.fromEntries(new URLSearchParams(location.search))' }))
    await project.write('index.html', `${HTML}<script type="module" src="${script}"></script>`)
    return project
  }

  /** Visits a page twice: as it is, and without a worker, where the fallback must have come along. */
  async function expectToRecord(url: string): Promise<string[]> {
    const { outcome, paths, errors } = await visitor.visit(url)
    expect(outcome).toMatchObject(RECORDED_IN_WORKER)
    const fallback = await visitor.visit(`${url}?worker=none`)
    expect(fallback.outcome).toMatchObject({ ...RECORDED_IN_WORKER, thread: 'in-thread' })
    expect([...errors, ...fallback.errors]).toEqual([])
    return paths
  }

  async function serve(project: Consumer): Promise<string> {
    const server = await startStaticServer(project.directory)
    servers.push(server)
    return server.origin
  }

  it('built by Vite', async () => {
    const project = await consumer('vite', '/app.js')
    await vite.build({ root: project.directory, configFile: false, logLevel: 'error', base: './' })
    const paths = await expectToRecord(`${await serve(project)}/dist/index.html`)
    expect(paths.filter((path) => /\/dist\/assets\/worker-[\w-]+\.js$/.test(path))).toHaveLength(1)
  }, 60_000)

  it.each([
    ['pre-bundled', []],
    ['excluded from that', ['kymograph']],
  ])(
    'served by Vite while developing, %s',
    async (title, exclude) => {
      const project = await consumer(`vite-dev-${title.length}`, '/app.js')
      const server = await vite.createServer({
        root: project.directory,
        configFile: false,
        logLevel: 'error',
        server: { host: '127.0.0.1', port: 0, ws: false, watch: null },
        optimizeDeps: { exclude },
      })
      try {
        await server.listen()
        await expectToRecord(server.resolvedUrls!.local[0]!)
      } finally {
        await server.close()
      }
    },
    60_000,
  )

  it('built by webpack', async () => {
    const project = await consumer('webpack', './dist/main.js')
    const compiler = webpack({
      mode: 'production',
      context: project.directory,
      entry: './app.js',
      // the default is the directory this process is in
      output: { path: project.at('dist') },
    })!
    const stats = await new Promise<webpack.Stats>((resolve, reject) =>
      compiler.run((error, result) => (result ? compiler.close(() => resolve(result)) : reject(error))),
    )
    expect(stats.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [], warnings: [] })
    await expectToRecord(`${await serve(project)}/index.html`)
  }, 60_000)

  it('built by Rollup, the worker copied', async () => {
    const project = await consumer('rollup', './dist/app.js')
    const bundle = await rollup({
      input: project.at('app.js'),
      plugins: [nodeResolve()],
      onwarn: ({ message }) => {
        throw new Error(message)
      },
    })
    await bundle.write({ dir: project.at('dist'), format: 'es' })
    await bundle.close()
    const url = `${await serve(project)}/index.html`
    // this is what forgetting looks like
    const { outcome } = await visitor.visit(url)
    expect(outcome).toMatchObject({
      ...RECORDED_IN_WORKER,
      thread: 'in-thread',
      inThreadReason: 'the worker could not be loaded: missing, or forbidden here',
    })
    await copyFile(project.at('node_modules/kymograph/dist/worker.js'), project.at('dist/worker.js'))
    await expectToRecord(url)
  }, 60_000)

  it('built by esbuild, the worker copied', async () => {
    const project = await consumer('esbuild', './dist/app.js')
    const { warnings } = await esbuild.build({
      absWorkingDir: project.directory,
      entryPoints: ['app.js'],
      bundle: true,
      format: 'esm',
      outdir: 'dist',
      logLevel: 'silent',
    })
    expect(warnings).toEqual([])
    await copyFile(project.at('node_modules/kymograph/dist/worker.js'), project.at('dist/worker.js'))
    expect((await readdir(project.at('dist'))).sort()).toEqual(['app.js', 'worker.js'])
    await expectToRecord(`${await serve(project)}/index.html`)
  }, 60_000)
})

/** What stands in one source and in no other. */
const TELLTALES: Record<string, string> = {
  audioLevel: 'registerProcessor',
  battery: 'getBattery',
  clicks: '`click`',
  contextMenu: '`contextmenu`',
  formSubmit: '`invalid`',
  frameRate: 'requestAnimationFrame',
  geolocation: 'watchPosition',
  keyboard: '`keyup`',
  magnetometer: '`Magnetometer`',
  motion: '`devicemotion`',
  orientation: '`deviceorientation',
  pointer: 'getCoalescedEvents',
  viewport: 'visualViewport',
  wheel: '`wheel`',
}

describe('the sources of an application', () => {
  const bundleOf = async (code: string): Promise<string> => {
    const { outputFiles } = await esbuild.build({
      // as if nothing were said about side effects
      stdin: { contents: code, resolveDir: resolve('.') },
      alias: { 'kymograph/sources': resolve('dist/sources.js') },
      ignoreAnnotations: true,
      bundle: true,
      format: 'esm',
      write: false,
      logLevel: 'silent',
    })
    return outputFiles[0]!.text
  }

  it('are in its bundle, and no others', async () => {
    expect((await bundleOf(`import 'kymograph/sources'`)).trim()).toBe('')
    for (const kind of Object.keys(TELLTALES)) {
      const code = await bundleOf(`export { ${kind} } from 'kymograph/sources'`)
      const found = Object.entries(TELLTALES).filter(([, telltale]) => code.includes(telltale))
      expect(found.map(([name]) => name)).toEqual([kind])
    }
  })
})
