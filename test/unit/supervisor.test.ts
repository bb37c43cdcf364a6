import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { SessionEvent } from '../../src/session/events.js'
import type { SessionOptions } from '../../src/worker/checks/session-options.js'
import { ControlChannel } from '../../src/worker/control-channel.js'
import { decodeChunks, rowsOf } from '../support/collect.js'
import { createRecorder } from '../support/node-recorder.js'

const WORKER = new URL('../../dist/node-worker.js', import.meta.url)

/** A worker that serves as usual and, besides, does what is wrong with it. */
function workerThat(does: string): Worker {
  const code = `await import(${JSON.stringify(WORKER.href)}); ${does}`
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { execArgv: [], stderr: true })
}

const OWN = () => new Worker(WORKER, { execArgv: [] })

async function until(condition: () => boolean, limitMs = 12_000): Promise<void> {
  const startedMs = Date.now()
  while (!condition()) {
    if (Date.now() - startedMs > limitMs) throw new Error(`not within ${limitMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe.each(['batch', 'shared'] as const)('a worker that is lost (%s)', (transport) => {
  /** A recorder on files whose workers are made by `create`, by number. */
  async function open(create: (number: number) => Worker, options: Partial<SessionOptions> = {}, store?: 'memory') {
    const directory = await mkdtemp(join(tmpdir(), 'kymograph-supervisor-'))
    const workers: Worker[] = []
    const recorder = await createRecorder({
      store: store ?? { directory },
      transport,
      worker: () => {
        const worker = create(workers.length)
        workers.push(worker)
        return worker
      },
    })
    onTestFinished(async () => {
      await recorder.dispose()
      await rm(directory, { recursive: true, force: true })
    })
    const session = await recorder.createSession({
      streams: { s: { channels: ['v'] } },
      chunk: { maxMs: 40 },
      ...options,
    })
    const warnings: string[] = []
    session.addEventListener('warning', (event: SessionEvent<'warning'>) => warnings.push(event.detail.code))
    return { recorder, session, workers, warnings }
  }

  type Opened = Awaited<ReturnType<typeof open>>

  /** Pushes a frame a millisecond until `isEnough`, at least `frames` of them. */
  async function record({ session }: Opened, frames: number, isEnough: () => boolean): Promise<number> {
    const stream = session.stream('s')
    let pushed = 0
    const startedMs = Date.now()
    while (pushed < frames || !isEnough()) {
      for (let i = 0; i < 5; i++, pushed++) expect(stream.push(pushed, Math.sin(pushed))).toBe(true)
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (Date.now() - startedMs > 12_000) throw new Error('nothing happened')
    }
    return pushed
  }

  /** Stops, and holds what is stored against what was pushed: all of it, once, in order. */
  async function expectAll({ recorder, session }: Opened, pushed: number): Promise<number[]> {
    const summary = await session.stop()
    expect(summary.streams.s).toMatchObject({ received: pushed, ingested: pushed, produced: pushed, lost: {} })
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(rowsOf(chunks, 's')).toEqual(Array.from({ length: pushed }, (_, i) => [BigInt(i) * 1_000_000n, Math.sin(i)]))
    for (const { streams } of chunks) {
      const { received, ingested, lost } = streams[0]!.counts
      expect(received).toBe(ingested + Object.values(lost).reduce((a, b) => a + b, 0))
    }
    return [...new Set(chunks.map(({ epoch }) => epoch))]
  }

  it('is replaced when terminated, and nothing is lost (F22)', async () => {
    const opened = await open(OWN)
    opened.session.addEventListener('chunk', () => void opened.workers[0]!.terminate(), { once: true })
    const pushed = await record(opened, 400, () => {
      return opened.workers.length === 2 && opened.recorder.capabilities.thread === 'worker'
    })
    expect(await expectAll(opened, pushed)).toEqual([0, 1])
    expect(opened.warnings).toEqual(['worker-replaced'])
    expect(opened.recorder.capabilities).toMatchObject({ thread: 'worker', restarts: 1 })
  })

  it.each([
    ['throws out of nowhere (F21)', 'setTimeout(() => { throw new Error("boom") }, 150)'],
    ['rejects a promise nobody waits for (F21)', 'setTimeout(() => Promise.reject(new Error("boom")), 150)'],
    ['ends by itself (F22)', 'setTimeout(() => process.exit(0), 150)'],
    ['loops for ever (F22)', 'setTimeout(() => { for (;;); }, 150)'],
    ['loops for ever after much was heard of it (F22)', 'setTimeout(() => { for (;;); }, 1300)'],
  ])(
    'is replaced when it %s',
    async (_, does) => {
      const opened = await open((number) => (number === 0 ? workerThat(does) : OWN()))
      const pushed = await record(opened, 200, () => opened.recorder.capabilities.restarts === 1)
      await until(() => opened.recorder.capabilities.thread === 'worker' && opened.workers.length === 2)
      // on a slow machine it dies before there is a session
      expect((await expectAll(opened, pushed)).at(-1)).toBeLessThanOrEqual(1)
      expect(opened.warnings).toEqual(['worker-replaced'])
    },
    20_000,
  )

  it('is replaced when it runs out of memory (F23)', async () => {
    const hog = () =>
      new Worker(
        new URL(
          `data:text/javascript,${encodeURIComponent(
            `await import(${JSON.stringify(WORKER.href)}); setTimeout(() => { const all = []; for (;;) all.push(new Array(1e5).fill({})) }, 150)`,
          )}`,
        ),
        { execArgv: [], stderr: true, resourceLimits: { maxOldGenerationSizeMb: 48 } },
      )
    const opened = await open((number) => (number === 0 ? hog() : OWN()))
    const pushed = await record(opened, 200, () => opened.recorder.capabilities.restarts === 1)
    await expectAll(opened, pushed)
  }, 20_000)

  it('gives way to the page after three replacements within a minute', async () => {
    const opened = await open(() => workerThat('setTimeout(() => process.exit(1), 120)'))
    const pushed = await record(opened, 200, () => opened.recorder.capabilities.thread === 'in-thread')
    expect(opened.recorder.capabilities).toMatchObject({ thread: 'in-thread' })
    // one that dies while it opens is replaced as well, and had no session
    expect(opened.recorder.capabilities.restarts).toBe(4)
    expect(opened.recorder.capabilities.inThreadReason).toMatch(/kept dying/)
    const epochs = await expectAll(opened, pushed)
    expect(epochs.at(-1)).toBeGreaterThanOrEqual(2)
    expect(opened.warnings.length).toBeGreaterThanOrEqual(2)
  }, 20_000)

  it('leaves no call pending: lookups are rejected, the session’s own calls go on in the next worker', async () => {
    const opened = await open(OWN)
    const { recorder, session, workers } = opened
    session.stream('s').push(0, Math.sin(0))
    const found = recorder.sessions.page()
    const flushed = session.flush()
    const stopped = session.stop()
    void workers[0]!.terminate()
    await expect(found).rejects.toMatchObject({ code: 'worker-lost' })
    await flushed
    expect((await stopped).streams.s).toMatchObject({ received: 1, ingested: 1, lost: {} })
    expect((await recorder.sessions.page()).sessions).toHaveLength(1)
  })

  it('counts the frames that died with a store in its memory', async () => {
    const opened = await open(OWN, {}, 'memory')
    const { session, workers, recorder } = opened
    const stream = session.stream('s')
    for (let i = 0; i < 100; i++) stream.push(i, i)
    await session.flush()
    for (let i = 100; i < 130; i++) stream.push(i, i)
    await workers[0]!.terminate()
    await until(() => recorder.capabilities.restarts === 1)
    for (let i = 130; i < 150; i++) stream.push(i, i)
    const { streams } = await session.stop()
    expect(streams.s).toMatchObject({ received: 150, ingested: 50, produced: 50, lost: { 'worker-lost': 100 } })
    const rows = rowsOf(await decodeChunks(recorder.sessions.chunks(session.id)), 's')
    expect(rows.map(([, value]) => value)).toEqual(Array.from({ length: 50 }, (_, i) => 100 + i))
  })

  it('leaves no chunk out for who follows along, though the chunks before died with it', async () => {
    const { session, workers, recorder } = await open(OWN, { chunk: { maxMs: 10_000 } }, 'memory')
    const ids: string[] = []
    const followed = (async () => {
      for await (const { id } of session.chunks()) ids.push(id.slice(session.id.length + 1))
    })()
    const stream = session.stream('s')
    let pushed = 0
    const flush = async () => {
      pushed += 1
      stream.push(pushed, pushed)
      await session.flush()
    }
    for (let i = 0; i < 3; i++) await flush()
    await until(() => ids.length === 3)
    await workers[0]!.terminate()
    await until(() => recorder.capabilities.restarts === 1)
    for (let i = 0; i < 3; i++) await flush()
    const { streams } = await session.stop()
    await followed
    expect(ids).toEqual(['0:0', '0:1', '0:2', '1:3', '1:4', '1:5', '1:6'])
    expect(streams.s).toMatchObject({ received: 6, ingested: 3, lost: { 'worker-lost': 3 } })
  })

  it('takes marks and labels along, each mark once', async () => {
    const opened = await open(OWN, { labels: ['a'], chunk: { maxMs: 20 } })
    const { session, workers, recorder } = opened
    session.mark('one')
    await session.flush()
    session.mark('two')
    session.setLabels(['b'])
    await workers[0]!.terminate()
    session.mark('three')
    await session.stop()
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(chunks.flatMap(({ marks }) => marks.map(({ name }) => name))).toEqual(['one', 'two', 'three'])
    expect((await recorder.sessions.get(session.id))?.labels).toEqual(['b'])
  })

  it('is replaced while a session is being created', async () => {
    const { recorder, workers } = await open(OWN)
    const creating = recorder.createSession({ streams: { s: { channels: ['v'] } } })
    void workers[0]!.terminate()
    const session = await creating.catch((error) => error)
    // refused before it was opened, or opened in the next worker: never in between
    if (session instanceof Error) expect(session).toMatchObject({ code: 'worker-lost' })
    else expect((await session.stop()).chunks).toBe(1)
  })
})

describe('a worker that cannot start', () => {
  it.each([
    ['is missing (F20)', () => new Worker(new URL('file:///nowhere/worker.js'), { execArgv: [] })],
    [
      'does not parse (F20)',
      () => new Worker(new URL('data:text/javascript,this is no program'), { execArgv: [], stderr: true }),
    ],
    [
      'never answers (F20)',
      () => new Worker(new URL('data:text/javascript,setInterval(() => {}, 1e6)'), { execArgv: [] }),
    ],
    [
      'throws when made',
      () => {
        throw new Error('forbidden here')
      },
    ],
  ])('leads to recording on the page when it %s', async (_, worker) => {
    const startedMs = Date.now()
    const recorder = await createRecorder({ store: 'memory', worker })
    onTestFinished(() => recorder.dispose())
    expect(Date.now() - startedMs).toBeLessThan(4000)
    expect(recorder.capabilities).toMatchObject({ thread: 'in-thread', transport: 'batch' })
    expect(recorder.capabilities.inThreadReason).toMatch(/./)
    const session = await recorder.createSession({ streams: { s: { channels: ['v'] } } })
    session.stream('s').push(1, 2)
    expect((await session.stop()).streams.s!.ingested).toBe(1)
  })
})

it('gives up a call that is never answered: nothing waits for it any more', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const { port1, port2 } = new MessageChannel()
  const channel = new ControlChannel(port1, undefined)
  onTestFinished(() => {
    channel.close(new Error('the test is over'))
    port2.close()
  })
  const ping = channel.call('ping')
  expect(channel.isBusy).toBe(true)
  vi.advanceTimersByTime(30_000)
  await expect(ping).rejects.toMatchObject({ code: 'worker-timeout' })
  expect(channel.isBusy).toBe(false)
})

describe('a process', () => {
  const NODE_ENTRY = new URL('../../dist/node.js', import.meta.url)

  it.each([
    [
      'a worker has died with calls on it',
      `const session = await recorder.createSession(options)
       session.stream('s').push(1, 1)
       const flushed = session.flush()
       worker.terminate()
       await flushed
       await session.stop()
       await recorder.dispose()`,
    ],
    [
      'a recorder was disposed while a session was being created',
      `const creating = recorder.createSession(options).catch((error) => assert.equal(error.code, 'disposed'))
       await recorder.dispose()
       await creating`,
    ],
  ])(
    'ends by itself after %s',
    (_, does) => {
      const code = `
      import assert from 'node:assert/strict'
      import { Worker } from 'node:worker_threads'
      import { createRecorder } from ${JSON.stringify(NODE_ENTRY.href)}
      let worker
      const spawn = () => (worker = new Worker(new URL(${JSON.stringify(WORKER.href)}), { execArgv: [] }))
      const recorder = await createRecorder({ store: 'memory', worker: spawn })
      assert.equal(recorder.capabilities.thread, 'worker')
      const options = { streams: { s: { channels: ['v'] } } }
      ${does}`
      const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
        encoding: 'utf8',
        // well below the deadline of a call
        timeout: 15_000,
      })
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    },
    20_000,
  )
})
