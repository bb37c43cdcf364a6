import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type * as ReadEntry from '../../src/read/index.js'
import { launchChromium, runsBrowserTests } from '../support/chromium.js'
import { createRecorder } from '../support/node-recorder.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const PAGE = `<!doctype html><meta charset="utf-8"><title>kymograph</title>
<script type="importmap">{ "imports": { "kymograph": "/dist/index.js", "kymograph/read": "/dist/read.js" } }</script>`

type Kymograph = { createRecorder: typeof createRecorder }
type Read = Pick<typeof ReadEntry, 'readChunks' | 'framesOf'>

/** What a page has seen of a recording: ids, counts and every chunk, ready for structured cloning. */
interface PageResult {
  capabilities: { thread: string; kernels: string }
  summary: {
    id: string
    streams: Record<string, { received: number; ingested: number; produced: number; lost: object }>
  }
  byLabel: string[]
  byJourney: string[]
  byBoth: string[]
  byOther: string[]
  frames: number
  differences: number
  chunks: number[][]
}

/** Records the gaze example in the page and reads it back; runs in the browser and, as it is, in Node. */
async function recordGaze(kymograph: Kymograph, read: Read, csv: string, options: object): Promise<PageResult> {
  const rows = csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
  const times = BigInt64Array.from(rows, ([time]) => BigInt(time!))
  const values = Float32Array.from(rows.flatMap(([, x, y]) => [Number(x), Number(y)]))
  const recorder = await kymograph.createRecorder(options)
  const session = await recorder.createSession({
    labels: ['login', 'gaze'],
    journeyId: 'checkout-7f3a',
    autoMetadata: false,
    importedStartNs: times[0],
    chunk: { maxMs: 60_000, maxBytes: 16_384 },
    streams: {
      gaze: {
        channels: [
          { name: 'x', type: 'f32', unit: '[px]' },
          { name: 'y', type: 'f32' },
        ],
        clock: 'unix',
        overflow: 'wait',
      },
    },
  })
  const gaze = session.stream('gaze')
  for (let at = 0; at < times.length; ) {
    const end = Math.min(at + 333, times.length)
    at += gaze.write(times.subarray(at, end), values.subarray(2 * at, 2 * end))
    if (at < end) await gaze.ready
  }
  const summary = await session.stop()
  const idsOf = async (lookup: object) =>
    (await recorder.sessions.page(lookup)).sessions.map(({ id }: { id: string }) => id)
  let frames = 0
  let differences = 0
  const chunks: number[][] = []
  for await (const { bytes } of recorder.sessions.chunks(session.id)) {
    chunks.push([...bytes])
    for await (const item of read.readChunks(bytes)) {
      if (item.kind !== 'chunk') throw item.error
      const { timestampsNs, channels } = read.framesOf(item.chunk, 'gaze')
      for (let i = 0; i < timestampsNs.length; i++, frames++) {
        if (timestampsNs[i] !== times[frames]) differences += 1
        for (const c of [0, 1]) if (!Object.is(channels[c]!.values[i], values[2 * frames + c])) differences += 1
      }
    }
  }
  const result = {
    capabilities: recorder.capabilities,
    summary,
    byLabel: await idsOf({ labels: ['login'] }),
    byJourney: await idsOf({ journeyId: 'checkout-7f3a' }),
    byBoth: await idsOf({ clientSessionGroupId: 'checkout-7f3a', labels: ['gaze', 'login'], labelsMode: 'all' }),
    byOther: await idsOf({ labels: ['logout'] }),
    frames,
    differences,
    chunks,
  }
  await recorder.dispose()
  return result
}

/** Chunks with what differs from recording to recording — ids, clocks and the checksums over them — left out. */
function comparable(result: PageResult, decode: (bytes: Uint8Array) => object): object[] {
  return result.chunks.map((chunk) => decode(Uint8Array.from(chunk)))
}

describe.skipIf(!runsBrowserTests)('in Chromium', () => {
  let browser: Browser
  let server: StaticServer
  let page: Page
  const errors: string[] = []

  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    browser = await launchChromium()
    page = await browser.newPage()
    page.on('pageerror', (error) => errors.push(String(error)))
    server.serve('/test-page.html', PAGE)
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await server?.close()
  })

  async function inPage(options: object): Promise<PageResult> {
    await page.goto(`${server.origin}/test-page.html`)
    const csv = await readFile('examples/recordings/gaze_200hz.csv', 'utf8')
    const code = `Promise.all([import('kymograph'), import('kymograph/read')]).then(([kymograph, read]) =>
      (${recordGaze.toString()})(kymograph, read, ${JSON.stringify(csv)}, ${JSON.stringify(options)}))`
    return (await page.evaluate(code)) as PageResult
  }

  it('records a real recording through the Web Worker and finds it by label and by journey', async () => {
    const result = await inPage({})
    expect(result.capabilities).toMatchObject({ thread: 'worker', kernels: 'wasm' })
    expect(result.summary.streams.gaze).toMatchObject({ received: 4200, ingested: 4200, produced: 4200, lost: {} })
    const { id } = result.summary
    expect(result).toMatchObject({
      byLabel: [id],
      byJourney: [id],
      byBoth: [id],
      byOther: [],
      frames: 4200,
      differences: 0,
    })
    expect(errors).toEqual([])
  }, 60_000)

  it('gives the same chunks with wasm, with the reference, without a worker, and as Node does', async () => {
    const { decodeChunk, decodeFrame } = await import('../../src/wire/index.js')
    const decode = (bytes: Uint8Array) => {
      const { sessionId: _id, clocks: _clocks, ...rest } = decodeChunk(decodeFrame(bytes).payload)
      return rest
    }
    const read = await import('../../src/read/index.js')
    const csv = await readFile('examples/recordings/gaze_200hz.csv', 'utf8')
    const node = comparable(await recordGaze({ createRecorder }, read, csv, { store: 'memory' }), decode)
    expect(node.length).toBeGreaterThan(3)
    for (const options of [{}, { kernels: 'reference' }, { worker: 'none' }]) {
      expect(comparable(await inPage(options), decode)).toEqual(node)
    }
  }, 60_000)

  it('runs the example of the README', async () => {
    const readme = await readFile('README.md', 'utf8')
    const example = /## In the browser\s+```js\n([\s\S]*?)```/.exec(readme)?.[1]
    expect(example).toContain("from 'kymograph'")
    // the pointer moves while the session is open
    const script = example!.replace(
      'const summary = await session.stop()',
      'await globalThis.moved\nconst summary = await session.stop()',
    )
    server.serve(
      '/readme.html',
      `${PAGE}<body style="width:400px;height:400px"><script type="module">
        globalThis.moved = new Promise((resolve) => { globalThis.resume = resolve })
        ${script}
        globalThis.done = { summary, name: summary.streams.pointer, found: [...await (async () => {
          const all = []; for await (const s of recorder.sessions.find({ labels: ['login'] })) all.push(s.id); return all })()] }
      </script>`,
    )
    await page.goto(`${server.origin}/readme.html`)
    await page.waitForTimeout(300)
    for (let i = 0; i < 20; i++) await page.mouse.move(10 + i * 5, 20 + i * 3)
    await page.evaluate('globalThis.resume()')
    await page.waitForFunction('globalThis.done')
    const done = (await page.evaluate('globalThis.done')) as {
      summary: { id: string }
      name: { ingested: number }
      found: string[]
    }
    expect(done.name.ingested).toBeGreaterThanOrEqual(20)
    expect(done.found).toEqual([done.summary.id])
    expect(errors).toEqual([])
  }, 60_000)

  it('says so when the worker script is missing, and records on the page (F20)', async () => {
    await page.route('**/dist/worker.js', (route) => route.fulfill({ status: 404 }))
    try {
      const result = await inPage({})
      expect(result.capabilities.thread).toBe('in-thread')
      expect(result).toMatchObject({ frames: 4200, differences: 0 })
    } finally {
      await page.unroute('**/dist/worker.js')
    }
  }, 60_000)
})
