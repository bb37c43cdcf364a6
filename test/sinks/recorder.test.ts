import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { httpSink } from '../../src/sinks/index.js'
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

  async function record(recorder: Awaited<ReturnType<typeof open>>, frames: number) {
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
    await expect.poll(() => receiver.chunks.size, { timeout: 5000 }).toBe(chunks)
    await first.dispose()
    const second = await open(directory, receiver.url)
    const next = await record(second, 10)
    await next.session.stop()
    await expect.poll(() => receiver.chunks.size, { timeout: 5000 }).toBe(chunks + 1)
    expect(receiver.repeated).toBe(0)
    expect((await second.sessions.page()).sessions).toHaveLength(2)
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

  it.each([
    [7, /"sinks" expected an array, got 7/],
    [[{}], /"sinks\[0\]" expected httpSink/],
    [[httpSink({ url: 'http://a/' }), httpSink({ url: 'http://b/' })], /"sinks\[1\]" expected a name of its own/],
  ])('refuses %j as sinks', async (sinks, message) => {
    await expect(createRecorder({ store: 'memory', worker, transport, sinks: sinks as never })).rejects.toThrow(message)
  })
})
