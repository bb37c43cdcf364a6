import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished } from 'vitest'
import { webWorkerSourceOf } from '../../src/worker/web-worker.js'
import { createRecorder } from '../support/node-recorder.js'

const WORKER = resolve('dist/node-worker.js')
const wasm = readFileSync('build/kernels.wasm')

async function record(options: object) {
  const recorder = await createRecorder({ store: 'memory', ...options })
  onTestFinished(() => recorder.dispose())
  const session = await recorder.createSession({ streams: { imu: { channels: ['x'] } } })
  session.stream('imu').push(1, 2)
  const summary = await session.stop()
  return { ...recorder.capabilities, ingested: summary.streams.imu!.ingested }
}

describe('option "worker" in Node', () => {
  it.each([
    ['a URL', () => pathToFileURL(WORKER)],
    ['a path', () => WORKER],
    ['a worker', () => new Worker(WORKER)],
    ['a function', () => () => new Worker(WORKER)],
  ])('takes %s', async (_, choice) => {
    expect(await record({ worker: choice() })).toMatchObject({ thread: 'worker', ingested: 1 })
  })

  it.each([
    ['a file that is missing', join(resolve('dist'), 'no-such-worker.js')],
    [
      'a function that throws',
      () => {
        throw new Error('forbidden by the policy')
      },
    ],
    ['a function that returns no worker', () => ({})],
  ])('runs in-thread and says why with %s', async (_, worker) => {
    const result = await record({ worker })
    expect(result).toMatchObject({ thread: 'in-thread', ingested: 1 })
    expect(result.inThreadReason).toMatch(/no-such-worker|forbidden by the policy|expected a function that returns/)
  })

  it('runs in-thread with a worker that never answers (F20)', async () => {
    const result = await record({ worker: () => new Worker('setInterval(() => {}, 1000)', { eval: true }) })
    expect(result).toMatchObject({ thread: 'in-thread', ingested: 1 })
    expect(result.inThreadReason).toBe('the worker did not start within 2000 ms')
  })

  it('refuses other values by name', async () => {
    const expected = `"worker" expected 'auto', 'none', a Worker, a URL or a function that returns a Worker, got`
    await expect(createRecorder({ worker: 7 as never })).rejects.toThrow(new TypeError(`${expected} 7`))
    await expect(createRecorder({ worker: null as never })).rejects.toThrow(new TypeError(`${expected} null`))
    await expect(createRecorder({ worker: {} as never })).rejects.toThrow(new TypeError(`${expected} [object Object]`))
    await expect(createRecorder({ worker: '' })).rejects.toThrow(new RangeError(`${expected} ""`))
  })

  it('refuses a worker that serves another recorder', async () => {
    const worker = new Worker(WORKER)
    expect(await record({ worker })).toMatchObject({ thread: 'worker' })
    await expect(createRecorder({ worker })).rejects.toThrow(
      new RangeError('"worker" expected a Worker of its own for each recorder, got one that serves already'),
    )
  })
})

describe('option "worker" in a browser', () => {
  const fakeWorker = () => ({ postMessage() {}, addEventListener() {}, terminate() {} })
  const spawnOwn = () => {
    throw new Error('not wanted')
  }

  it('can start a worker again from a URL or a function, and an instance once', () => {
    const given: unknown[] = []
    const factory = () => {
      given.push('made')
      return fakeWorker()
    }
    const source = webWorkerSourceOf(factory, spawnOwn)!
    expect(source.canRespawn).toBe(true)
    source.spawn()
    source.spawn()
    expect(given).toEqual(['made', 'made'])
    expect(webWorkerSourceOf('/worker.js', spawnOwn)?.canRespawn).toBe(true)
    expect(webWorkerSourceOf(new URL('https://example.org/worker.js'), spawnOwn)?.canRespawn).toBe(true)
    expect(webWorkerSourceOf(fakeWorker(), spawnOwn)?.canRespawn).toBe(false)
  })

  it('wants the library’s own worker, or none', () => {
    expect(webWorkerSourceOf('auto', spawnOwn)).toEqual({ spawn: spawnOwn, canRespawn: true })
    expect(webWorkerSourceOf('none', spawnOwn)).toBeUndefined()
  })
})

describe('option "wasm"', () => {
  const threads = ['auto', 'none'] as const

  it.each(threads)('takes bytes and a compiled module (worker %s)', async (worker) => {
    for (const given of [wasm, new Uint8Array(wasm).buffer, new WebAssembly.Module(wasm)]) {
      expect(await record({ worker, wasm: given, kernels: 'wasm' })).toMatchObject({ kernels: 'wasm', ingested: 1 })
    }
  })

  it.each(threads)('falls back to the reference with kernels that are not this version (worker %s)', async (worker) => {
    const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)
    for (const given of [empty, new WebAssembly.Module(empty), wasm.subarray(0, 100)]) {
      expect(await record({ worker, wasm: given })).toMatchObject({ kernels: 'reference', ingested: 1 })
      await expect(createRecorder({ store: 'memory', worker, wasm: given, kernels: 'wasm' })).rejects.toThrow(
        expect.objectContaining({ name: 'KymographError', code: 'wasm-unavailable' }),
      )
    }
  })

  it('refuses other values by name', async () => {
    for (const given of ['kernels.wasm', 7, null, {}]) {
      await expect(createRecorder({ wasm: given as never })).rejects.toThrow(
        /^"wasm" expected bytes or a WebAssembly.Module, got (kernels.wasm|7|\[object (Null|Object)\])$/,
      )
    }
  })
})
