import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { readChunks } from '../../src/read/index.js'
import { runsBrowserTests } from '../support/chromium.js'
import { ChromiumProcess } from '../support/chromium-process.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-expose-headers': 'retry-after',
}
const AT_HIDE_MAX_BYTES = 48 * 1024

/** Takes chunks, or asks to be left alone for an hour. */
class Receiver {
  isBusy = true
  /** By chunk id, in the order they came. */
  readonly chunks = new Map<string, Buffer>()
  readonly #server: Server

  constructor() {
    this.#server = createServer(async (request, response) => {
      if (request.method === 'OPTIONS') return void response.writeHead(204, CORS).end()
      const parts: Buffer[] = []
      for await (const part of request) parts.push(part as Buffer)
      if (this.isBusy) return void response.writeHead(503, { ...CORS, 'retry-after': '3600' }).end()
      const { 'idempotency-key': id, 'chunk-digest': digest } = request.headers
      this.chunks.set(id as string, Buffer.concat(parts))
      response.writeHead(200, CORS).end(JSON.stringify({ id, digest }))
    })
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  get byteLength(): number {
    return [...this.chunks.values()].reduce((sum, { length }) => sum + length, 0)
  }

  /** Frames of all chunks that have come; sent at once, they may overtake each other. */
  async frames(): Promise<number> {
    let frames = 0
    for (const bytes of this.chunks.values()) {
      for await (const item of readChunks(bytes)) {
        if (item.kind === 'damage') throw item.error
        frames += item.chunk.streams[0]!.frameCount
      }
    }
    return frames
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }
}

/** Records so many frames, flushed now and then, and tells when the last are pushed; they are in no chunk yet. */
const page = (url: string, frames: number) => `
import { createRecorder } from '/dist/index.js'
import { httpSink } from '/dist/sinks.js'
const sinks = [httpSink({ url: '${url}', headers: () => ({ authorization: 'Bearer 1' }) })]
const recorder = await createRecorder({ sinks })
const session = await recorder.createSession({
  chunk: { maxBytes: 8192 },
  streams: { s: { channels: ['x'], clock: 'relative', overflow: 'wait' } },
})
const stream = session.stream('s')
for (let i = 0; i < ${frames}; i++) {
  if (!stream.push(i, Math.random())) { await stream.ready; i-- }
}
await session.flush()
for (let i = 0; i < 10; i++) stream.push(${frames} + i, 0)
// until the receiver has said that it is busy
while (!(await recorder.deliveries.status())[0].failedTries) await new Promise((resolve) => setTimeout(resolve, 20))
await fetch('/result/recorded', { method: 'POST', body: '{}' })`

describe.skipIf(!runsBrowserTests)('a page that is left, with chunks undelivered', () => {
  let server: StaticServer
  let browser: ChromiumProcess
  let receiver: Receiver
  let url: string
  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
  })
  afterAll(() => server?.close())
  beforeEach(async () => {
    const profile = await mkdtemp(join(tmpdir(), 'kymograph-profile-'))
    browser = await ChromiumProcess.launch(profile)
    receiver = new Receiver()
    url = await receiver.start()
    return async () => {
      receiver.close()
      await browser.kill()
      await rm(profile, { recursive: true, force: true })
    }
  }, 30_000)

  async function openRecording(frames: number) {
    server.serve('/hide.js', page(url, frames))
    server.serve('/hide.html', '<!doctype html><script type="module" src="/hide.js"></script>')
    const isRecorded = server.result('recorded', 20_000)
    const tab = await browser.openTab(`${server.origin}/hide.html`)
    await isRecorded
    expect(receiver.chunks.size).toBe(0)
    receiver.isBusy = false
    return tab
  }

  it('sends them when it is hidden, what was open included (F13)', async () => {
    await openRecording(1000)
    await browser.openTab('about:blank')
    await expect.poll(() => receiver.frames(), { timeout: 10_000 }).toBe(1010)
  }, 40_000)

  it('sends them when its tab is closed (F13)', async () => {
    const tab = await openRecording(1000)
    await tab.close()
    await expect.poll(() => receiver.frames(), { timeout: 10_000 }).toBeGreaterThanOrEqual(1000)
  }, 40_000)

  it('sends no more than such requests may carry; the next page delivers the rest', async () => {
    const tab = await openRecording(20_000)
    await tab.close()
    await expect.poll(() => receiver.byteLength, { timeout: 10_000 }).toBeGreaterThan(AT_HIDE_MAX_BYTES / 2)
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect(receiver.byteLength).toBeLessThanOrEqual(AT_HIDE_MAX_BYTES)
    const before = receiver.chunks.size
    await browser.openTab(`${server.origin}/hide.html`)
    await expect.poll(() => receiver.chunks.size, { timeout: 20_000 }).toBeGreaterThan(before * 2)
  }, 60_000)
})
