import { execFile } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import * as esbuild from 'esbuild-wasm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { consumerApp, type Outcome, RECORDED_IN_WORKER } from './consumer-app.js'
import { type Consumer, Packed } from './packed.js'

const run = promisify(execFile)
const { exports, dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, string | object>
  dependencies: Record<string, string>
}

describe('the packed library in Node', () => {
  let packed: Packed
  let project: Consumer

  beforeAll(async () => {
    packed = await Packed.create()
    project = await packed.consumer('node')
  }, 60_000)

  afterAll(() => packed?.remove())

  async function node(args: string[], directory = project.directory): Promise<{ stdout: string; stderr: string }> {
    return run(process.execPath, args, { cwd: directory })
  }

  it('records through a worker thread, into files', async () => {
    const app = consumerApp({ entry: 'kymograph/node', options: "{ store: { directory: 'recordings' } }" })
    await project.write('app.js', `${app}console.log(JSON.stringify(await globalThis.outcome))`)
    const { stdout, stderr } = await node(['app.js'])
    expect(JSON.parse(stdout) as Outcome).toMatchObject(RECORDED_IN_WORKER)
    expect(stderr).toBe('')
  }, 60_000)

  it('records through a worker thread from a bundle, the worker copied', async () => {
    const bundled = await packed.consumer('bundled')
    const app = consumerApp({ entry: 'kymograph/node', options: "{ store: 'memory' }" })
    await bundled.write('app.js', `${app}console.log(JSON.stringify(await globalThis.outcome))`)
    await esbuild.build({
      absWorkingDir: bundled.directory,
      entryPoints: ['app.js'],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outdir: 'dist',
      logLevel: 'silent',
    })
    await copyFile(bundled.at('node_modules/kymograph/dist/node-worker.js'), bundled.at('dist/node-worker.js'))
    const { stdout } = await node(['dist/app.js'], bundled.directory)
    expect(JSON.parse(stdout) as Outcome).toMatchObject(RECORDED_IN_WORKER)
  }, 60_000)

  it('imports every entry without browser globals, and leaves nothing running', async () => {
    const entries = Object.entries(exports).flatMap(([path, entry]) =>
      typeof entry === 'object' ? [`kymograph${path.slice(1)}`] : [],
    )
    expect(entries).toContain('kymograph/inline')
    await project.write(
      'import-all.js',
      `for (const name of ['window', 'document', 'navigator', 'Worker', 'WebAssembly']) delete globalThis[name]
      const names = {}
      for (const entry of ${JSON.stringify(entries)}) names[entry] = Object.keys(await import(entry)).length
      console.log(JSON.stringify(names))`,
    )
    const { stdout, stderr } = await node(['import-all.js'])
    const names = JSON.parse(stdout) as Record<string, number>
    expect(Object.keys(names)).toEqual(entries)
    expect(Math.min(...Object.values(names))).toBeGreaterThan(0)
    expect(names['kymograph/inline']).toBe(names.kymograph)
    expect(stderr).toBe('')
  }, 60_000)

  it('installs with npm and brings its command', async () => {
    const install = await packed.consumer('install')
    // what it depends on is taken from here: nothing is fetched
    const local = Object.fromEntries(
      Object.keys(dependencies).map((name) => [name, `file:${realpathSync(resolve('node_modules', name))}`]),
    )
    const overrides = Object.fromEntries(Object.keys(local).map((name) => [name, `$${name}`]))
    await mkdir(install.at('fresh'))
    await install.write(
      'fresh/package.json',
      JSON.stringify({
        private: true,
        type: 'module',
        dependencies: { kymograph: `file:${packed.tarball}`, ...local },
        overrides,
      }),
    )
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund'], { cwd: install.at('fresh') })
    const { stdout } = await run('npx', ['--no-install', 'kymograph', '--help'], { cwd: install.at('fresh') })
    expect(stdout).toMatch(/^usage: kymograph /)
    const imported = await node(
      ['-e', `import('kymograph/node').then((entry) => console.log(typeof entry.createRecorder))`],
      install.at('fresh'),
    )
    expect(imported.stdout).toBe('function\n')
  }, 60_000)
})
