import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Recorder } from '../../src/session/index.js'
import { type ChunkSink, DeliveryError, httpSink } from '../../src/sinks/index.js'
import { MemoryLedger, MemoryStore } from '../../src/store/index.js'
import { decodeFrame } from '../../src/wire/index.js'
import { MisbehavingReceiver } from '../support/misbehaving-receiver.js'
import { createRecorder, ENGINES } from '../support/node-recorder.js'
import { temporaryDirectory } from '../support/store-directory.js'

describe.each(ENGINES)('a recorder with a sink ($engine)', ({ worker, transport }) => {
  async function open(directory: string, url: string, retention = {}) {
    const sinks = [httpSink({ url, headers: { authorization: 'Bearer 1' } })]
    const recorder = await createRecorder({ store: { directory }, worker, transport, sinks, retention })
    onTestFinished(() => recorder.dispose())
    return recorder
  }

  async function record(recorder: Recorder, frames: number) {
    const session = await recorder.createSession({
      chunk: { maxBytes: 16_384 },
      streams: { s: { channels: ['x'], clock: 'relative', overflow: 'wait' } },
    })
    const warnings: string[] = []
    session.addEventListener('warning', ({ detail }) => warnings.push(detail.code))
    const stream = session.stream('s')
    for (let i = 0; i < frames; i++) stream.push(i, Math.random())
    return { session, warnings }
  }

  /** A receiver that answers every request with this. */
  async function refusing(answer: (bytes: number) => number): Promise<{ url: string; sizes: number[] }> {
    const sizes: number[] = []
    const server = createServer(async (request, response) => {
      let bytes = 0
      for await (const part of request) bytes += (part as Buffer).length
      sizes.push(bytes)
      const status = answer(bytes)
      const { 'idempotency-key': id, 'chunk-digest': digest } = request.headers
      response.writeHead(status).end(status === 200 ? JSON.stringify({ id, digest }) : '')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, sizes }
  }

  it('delivers every chunk once, over a restart, and keeps it', async () => {
    const receiver = await MisbehavingReceiver.start(() => undefined)
    onTestFinished(() => receiver.close())
    const directory = await temporaryDirectory()
    const first = await open(directory, receiver.url)
    const { session } = await record(first, 5000)
    const { chunks } = await session.stop()
    await first.deliveries!.idle()
    expect(receiver.chunks.size).toBe(chunks)
    await first.dispose()
    const second = await open(directory, receiver.url)
    const next = await record(second, 10)
    await next.session.stop()
    await second.deliveries!.idle()
    expect(receiver.chunks.size).toBe(chunks + 1)
    expect(receiver.repeated).toBe(0)
    expect((await second.sessions.page()).sessions).toHaveLength(2)
  })

  it('sends nothing before consent, not even what was left before (F59)', async () => {
    const receiver = await MisbehavingReceiver.start(() => undefined)
    onTestFinished(() => receiver.close())
    const store = { directory: await temporaryDirectory() }
    const before = await createRecorder({ store, worker, transport })
    const { session } = await record(before, 5000)
    const { chunks } = await session.stop()
    await before.dispose()
    const sinks = [httpSink({ url: receiver.url, headers: { authorization: 'Bearer 1' } })]
    const recorder = await createRecorder({ store, worker, transport, sinks, consent: 'required' })
    onTestFinished(() => recorder.dispose())
    await new Promise((resolve) => setTimeout(resolve, 300))
    await recorder.deliveries!.idle()
    // as an application does that has new credentials
    await recorder.deliveries!.resume()
    await recorder.deliveries!.idle()
    expect(receiver.chunks.size).toBe(0)
    await recorder.grantConsent()
    await recorder.deliveries!.idle()
    expect(receiver.chunks.size).toBe(chunks)
  })

  it('removes what is delivered where it is not to be kept', async () => {
    const receiver = await MisbehavingReceiver.start(() => undefined)
    onTestFinished(() => receiver.close())
    const recorder = await open(await temporaryDirectory(), receiver.url, { keepDelivered: false })
    const { session } = await record(recorder, 5000)
    const { chunks } = await session.stop()
    await expect.poll(async () => (await recorder.sessions.page()).sessions, { timeout: 5000 }).toEqual([])
    expect(receiver.chunks.size).toBe(chunks)
  })

  it('removes what was delivered before a restart, or changed on the way, where it is not to be kept (F43)', async () => {
    const receiver = await MisbehavingReceiver.start(() => undefined)
    onTestFinished(() => receiver.close())
    const directory = await temporaryDirectory()
    const first = await open(directory, receiver.url)
    const { session } = await record(first, 100)
    const { chunks } = await session.stop()
    await expect.poll(() => receiver.chunks.size, { timeout: 5000 }).toBe(chunks)
    await first.dispose()
    const offline = await createRecorder({ store: { directory }, worker, transport })
    const { session: other } = await record(offline, 100)
    await other.stop()
    await offline.sessions.setLabels(other.id, ['changed'])
    await offline.dispose()
    const recorder = await open(directory, receiver.url, { keepDelivered: false })
    await expect.poll(async () => (await recorder.sessions.page()).sessions, { timeout: 5000 }).toEqual([])
    expect(receiver.chunks.size).toBe(chunks + chunks + 1)
  })

  it('makes chunks smaller after a 413, and says what it has put aside (F46)', async () => {
    const { url, sizes } = await refusing((bytes) => (bytes > 6000 ? 413 : 200))
    const recorder = await open(await temporaryDirectory(), url)
    const { session, warnings } = await record(recorder, 2000)
    await expect.poll(() => warnings, { timeout: 5000 }).toContain('chunk-quarantined')
    const before = sizes.length
    const stream = session.stream('s')
    for (let i = 0; i < 4000; i++) stream.push(2000 + i, Math.random())
    await session.stop()
    await expect.poll(() => sizes.length, { timeout: 5000 }).toBeGreaterThan(before + 4)
    expect(Math.max(...sizes.slice(before + 2))).toBeLessThanOrEqual(6000)
  })

  it('pauses when its credentials are refused, and says so (F46)', async () => {
    const { url, sizes } = await refusing(() => 401)
    const recorder = await open(await temporaryDirectory(), url)
    const { session, warnings } = await record(recorder, 100)
    await session.flush()
    await expect.poll(() => warnings, { timeout: 5000 }).toContain('sink-paused')
    await session.stop()
    expect(sizes).toHaveLength(1)
  })

  it('goes on when it is told to, with other headers: a function for them is called here (F46)', async () => {
    let token = 'old'
    const seen: string[] = []
    const server = createServer(async (request, response) => {
      for await (const _ of request);
      seen.push(request.headers.authorization!)
      const { 'idempotency-key': id, 'chunk-digest': digest } = request.headers
      if (request.headers.authorization === 'new') response.end(JSON.stringify({ id, digest }))
      else response.writeHead(403).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const sinks = [httpSink({ url: `http://127.0.0.1:${port}/`, headers: async () => ({ authorization: token }) })]
    const recorder = await createRecorder({
      store: { directory: await temporaryDirectory() },
      worker,
      transport,
      sinks,
    })
    onTestFinished(() => recorder.dispose())
    const { session } = await record(recorder, 100)
    await session.stop()
    await recorder.deliveries!.idle()
    expect(await recorder.deliveries!.status()).toMatchObject([
      { sink: 'http', delivered: 0, isPaused: true, lastError: expect.stringMatching(/answered 403.*credentials/) },
    ])
    token = 'new'
    await recorder.deliveries!.resume()
    await recorder.deliveries!.idle()
    expect(await recorder.deliveries!.status()).toEqual([
      {
        sink: 'http',
        delivered: 1,
        quarantined: 0,
        failedTries: 1,
        lastError: undefined,
        isIdle: true,
        isPaused: false,
      },
    ])
    expect(seen).toEqual(['old', 'new'])
  })

  it('calls a sink of the application here, which says what becomes of a chunk', async () => {
    const taken: string[] = []
    let tries = 0
    const own: ChunkSink = {
      name: 'own',
      deliver: async ({ id, digest, bytes, seq }, signal) => {
        expect([signal.aborted, decodeFrame(bytes).header.seq]).toEqual([false, seq])
        tries += 1
        if (tries === 1) throw new Error('not now')
        if (tries === 2) return { id, digest: 'another' }
        if (seq === 1) throw new DeliveryError('quarantine', 'not this one')
        taken.push(id)
        return { id, digest }
      },
    }
    const recorder = await createRecorder({ store: 'memory', worker, transport, sinks: [own] })
    onTestFinished(() => recorder.dispose())
    const { session, warnings } = await record(recorder, 6000)
    const { chunks } = await session.stop()
    expect(chunks).toBeGreaterThan(3)
    await recorder.deliveries!.idle()
    expect(taken).toEqual(
      Array.from({ length: chunks }, (_, seq) => `${session.id}:0:${seq}`).filter((_, seq) => seq !== 1),
    )
    expect(await recorder.deliveries!.status()).toMatchObject([
      { delivered: chunks - 1, quarantined: 1, failedTries: 3 },
    ])
    expect(warnings.every((code) => code === 'chunk-quarantined')).toBe(true)
  })

  it('keeps sessions in a store of the application, which is called here', async () => {
    const store = new MemoryStore()
    const recorder = await createRecorder({ store, worker, transport })
    onTestFinished(() => recorder.dispose())
    expect(recorder.capabilities.store).toEqual({ kind: 'memory', durability: 'memory' })
    const { session } = await record(recorder, 5000)
    const { chunks } = await session.stop()
    expect((await store.get(session.id))?.chunks).toBe(chunks)
    expect(await recorder.sessions.get(session.id)).toEqual(await store.get(session.id))
    const refused = recorder.sessions.page({ cursor: 'none' })
    await expect(refused).rejects.toMatchObject({ name: 'KymographError', code: 'bad-cursor' })
    expect(await recorder.sessions.delete(session.id)).toBe(true)
    expect(await store.get(session.id)).toBeUndefined()
  })

  it('keeps what was delivered in the ledger of such a store', async () => {
    const receiver = await MisbehavingReceiver.start(() => undefined)
    onTestFinished(() => receiver.close())
    const ledgers = new Map<string, MemoryLedger>()
    class LedgerStore extends MemoryStore {
      ledger(sink: string): MemoryLedger {
        return ledgers.get(sink) ?? ledgers.set(sink, new MemoryLedger()).get(sink)!
      }
    }
    const store = new LedgerStore()
    for (const _ of [1, 2]) {
      const sinks = [httpSink({ url: receiver.url })]
      const recorder = await createRecorder({ store, worker, transport, sinks })
      const { session } = await record(recorder, 100)
      await session.stop()
      await recorder.deliveries!.idle()
      await recorder.dispose()
    }
    expect([receiver.chunks.size, receiver.repeated]).toEqual([2, 0])
  })

  it('tells the next session what happened while there was none', async () => {
    const { url } = await refusing(() => 400)
    const directory = await temporaryDirectory()
    const before = await createRecorder({ store: { directory }, worker, transport })
    const { session: left } = await record(before, 10)
    await left.stop()
    await before.dispose()
    const recorder = await open(directory, url)
    await recorder.deliveries!.idle()
    const { warnings } = await record(recorder, 10)
    await expect.poll(() => warnings, { timeout: 5000 }).toEqual(['chunk-quarantined'])
  })

  it.each([
    [7, /"sinks" expected an array, got 7/],
    [[{}], /"sinks\[0\]" expected httpSink.* got Object/],
    [[undefined], /"sinks\[0\]" expected httpSink.* got undefined/],
    [[{ name: '', deliver: () => {} }], /"sinks\[0\]" expected httpSink/],
    [[httpSink({ url: 'http://a/' }), httpSink({ url: 'http://b/' })], /"sinks\[1\]" expected a name of its own/],
  ])('refuses %j as sinks', async (sinks, message) => {
    await expect(createRecorder({ store: 'memory', worker, transport, sinks: sinks as never })).rejects.toThrow(message)
  })
})
