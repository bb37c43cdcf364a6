import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { exportFrames } from '../../src/export/index.js'
import { loadKernels } from '../../src/kernels/index.js'
import { crc32c } from '../../src/kernels/reference/crc32c.js'
import { decodeChunk, framesOf, readChunks, readFrames, verifyChunk } from '../../src/read/index.js'
import { createJourneyId } from '../../src/session/session-id.js'
import { httpSink } from '../../src/sinks/index.js'
import { MemoryStore, storeConformance } from '../../src/store/index.js'
import { encodeChunk } from '../../src/wire/index.js'
import { docstringExamples } from '../support/doc-examples.js'
import { createRecorder } from '../support/node-recorder.js'
import { frameOf, motionChunk } from '../support/sample-chunks.js'

type Scope = Record<string, unknown>
const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...values: unknown[]) => Promise<unknown>

/** Runs example code with the names of `scope`; its imports are taken from there too. */
function run(code: string, scope: Scope): Promise<unknown> {
  const body = code.replace(/^import .*$/gm, '')
  const taken = Object.keys(scope).filter((name) => !new RegExp(`\\b(const|let) (\\{[^}]*)?\\b${name}\\b`).test(body))
  return new AsyncFunction(...taken, body)(...taken.map((name) => scope[name]))
}

async function scope(): Promise<Scope> {
  const directory = await mkdtemp(join(tmpdir(), 'kymograph-docs-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const recorder = await createRecorder({ store: 'memory' })
  onTestFinished(() => recorder.dispose())
  const chunk = motionChunk(0, true)
  const kernels = await loadKernels()
  return {
    recorder,
    session: await recorder.createSession({ streams: { imu: { channels: ['x', 'y', 'z'] } } }),
    createRecorder: (options: object = {}) =>
      createRecorder('store' in options ? { store: { directory } } : { ...options, store: 'memory' }),
    chunk,
    bytes: frameOf(chunk),
    payload: encodeChunk(chunk),
    readChunks,
    readFrames,
    decodeChunk,
    framesOf,
    verifyChunk,
    exportFrames,
    loadKernels,
    kernels,
    crc32c,
    createJourneyId,
    expect,
    httpSink,
    storeConformance,
    test: (_name: string, runs: () => Promise<void>) => runs(),
    MyStore: MemoryStore,
    readFile: async () => frameOf(chunk),
    path: 'session.kymo',
    file: { write: async () => {} },
    bytesRead: 1,
    bytesTotal: 2,
  }
}

// those of sources run in a browser: test/sources/example.test.ts
const examples = (await docstringExamples()).filter(([where]) => !where.startsWith('src/sources'))

describe('examples in docstrings', () => {
  it('are there for every public function', async () => {
    expect(examples.length).toBeGreaterThanOrEqual(12)
  })

  it.each(examples)('of %s run', async (_, code) => {
    await run(code, await scope())
  })
})

describe('examples in the README', async () => {
  const readme = await readFile('README.md', 'utf8')
  const blocks = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map((match) => match[1]!)
  // the browser's blocks run in Chromium: test/browser/readme.test.ts
  const forNode = blocks.filter((code) => !code.includes("from 'kymograph'\n"))

  it('are all found', () => {
    expect([blocks.length, forNode.length]).toEqual([6, 4])
  })

  it.each(forNode.map((code, i): [number, string] => [i + 1, code]))('for Node run (%i)', async (_, code) => {
    await run(code, await scope())
  })
})

describe('worked examples of the format', () => {
  it('come out as docs/format.md prints them', async () => {
    const kernels = await loadKernels()
    const format = await readFile('docs/format.md', 'utf8')
    const printed = [...format.matchAll(/`(Float64Array|Float32Array|BigInt64Array) \[([^\]]*)\]` is `([0-9a-f ]+)`/g)]
    expect(printed.length).toBeGreaterThanOrEqual(3)
    for (const [, type, list, hex] of printed) {
      const items = list!.split(',').map((item) => item.trim())
      const values =
        type === 'BigInt64Array'
          ? BigInt64Array.from(items, BigInt)
          : type === 'Float64Array'
            ? Float64Array.from(items, Number)
            : Float32Array.from(items, Number)
      const bytes = [...kernels.encodeColumn(values)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
      expect(bytes).toBe(hex)
    }
  })
})
