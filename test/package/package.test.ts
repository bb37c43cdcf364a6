import { execFile, execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Packed } from './packed.js'

const run = promisify(execFile)

interface Manifest {
  exports: Record<string, string | { types: string; default: string }>
  bin: Record<string, string>
  sideEffects: string[]
  dependencies: Record<string, string>
  scripts: Record<string, string>
  engines: Record<string, string>
}

/** Entries that are files to fetch, not modules to import. */
const ASSETS = ['./worker.js', './kernels.wasm', './package.json']
const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare']

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
const modules = Object.keys(manifest.exports).filter((entry) => !ASSETS.includes(entry))

const USE = `import { createRecorder } from 'kymograph'
const recorder = await createRecorder({
  worker: () => new Worker('/worker.js', { type: 'module' }),
  wasm: new Uint8Array(8),
})
await createRecorder({ worker: new URL('https://example.org/worker.js') })
await createRecorder({ worker: 'none' })
export const thread: 'worker' | 'in-thread' = recorder.capabilities.thread
// @ts-expect-error a number is no worker
await createRecorder({ worker: 7 })
`

describe('the packed library', () => {
  let packed: Packed
  let files: string[]

  beforeAll(async () => {
    packed = await Packed.create()
    files = execFileSync('tar', ['-tzf', packed.tarball], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((path) => path.replace(/^package\//, './'))
  }, 60_000)

  afterAll(() => packed?.remove())

  it('holds everything its manifest names', () => {
    const named = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    )
    const missing = [...named, ...Object.values(manifest.bin), ...manifest.sideEffects].filter(
      (path) => !files.includes(path),
    )
    expect(missing).toEqual([])
  })

  it('declares types for every entry that is a module, before anything else', () => {
    expect(modules).toEqual(expect.arrayContaining(['.', './node', './inline', './read', './kernels', './store']))
    for (const entry of modules) expect(Object.keys(manifest.exports[entry]!)[0]).toBe('types')
  })

  it('holds nothing else: no sources, tests, recordings or maps', () => {
    const others = files.filter((path) => !/^\.\/(dist\/[\w-]+\.(js|wasm)|dist\/types\/.*\.d\.ts)$/.test(path))
    expect(others.sort()).toEqual([
      './CHANGELOG.md',
      './LICENSE',
      './NOTICE',
      './README.md',
      './docs/format.md',
      './package.json',
      './src/export/frame.fbs',
      './src/wire/chunk.fbs',
    ])
  })

  it('has side effects in the files that act when loaded, and in no entry', () => {
    expect(manifest.sideEffects.sort()).toEqual(['./dist/cli.js', './dist/node-worker.js', './dist/worker.js'])
  })

  it('runs no script when installed, and neither does what it depends on', () => {
    const paths = ['.', ...Object.keys(manifest.dependencies).map((name) => `node_modules/${name}`)]
    const found = paths.flatMap((path) => {
      const { scripts = {} } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8')) as Partial<Manifest>
      return INSTALL_SCRIPTS.filter((script) => scripts[script]).map((script) => `${path}: ${script}`)
    })
    expect(found).toEqual([])
  })

  it('says which Node it runs on', () => {
    expect(manifest.engines).toEqual({ node: '>=20.19' })
  })

  it('has nothing publint and arethetypeswrong object to', async () => {
    const { stdout } = await run(process.execPath, ['scripts/check-package.mjs', packed.tarball])
    expect(stdout).toBe('package: fine\n')
  }, 60_000)

  it('has sound declarations, and options that say what they take', async () => {
    const project = await packed.consumer('types')
    const imports = modules.map((entry, i) => `import * as m${i} from 'kymograph${entry.slice(1)}'`)
    await project.write('all.ts', `${imports.join('\n')}\nexport const all = [${modules.map((_, i) => `m${i}`)}]\n`)
    await project.write('use.ts', USE)
    await project.write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          skipLibCheck: false,
          target: 'ES2022',
          lib: ['ES2023', 'DOM', 'DOM.Iterable', 'DOM.AsyncIterable', 'ESNext.Disposable'],
          module: 'NodeNext',
          types: ['node'],
          typeRoots: [resolve('node_modules/@types')],
        },
        files: ['all.ts', 'use.ts'],
      }),
    )
    const { stdout } = await run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), '-p', '.'], {
      cwd: project.directory,
    }).catch((error: { stdout: string }) => error)
    expect(stdout).toBe('')
  }, 60_000)
})
