import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { chromiumPath, runsBrowserTests } from '../support/chromium.js'
import { type StaticServer, startStaticServer } from '../support/static-server.js'

const PAGE = `
import { createRecorder } from '/dist/index.js'
const tick = () => new Promise((resolve) => setTimeout(resolve, 0))
globalThis.open = async (options) => { globalThis.recorder = await createRecorder(options); return recorder.capabilities.store }
globalThis.begin = async (labels = []) => {
  const session = await recorder.createSession({
    labels,
    chunk: { maxMs: 50, maxBytes: 4096 },
    streams: { s: { channels: ['x'], clock: 'relative', overflow: 'wait' } },
  })
  globalThis.session = session
  globalThis.warnings = []
  globalThis.at = 0
  session.addEventListener('warning', ({ detail }) => warnings.push(detail.code))
  return session.id
}
globalThis.push = async (frames) => {
  const stream = session.stream('s')
  for (const end = at + frames; at < end && session.state === 'recording'; ) {
    if (stream.push(at, Math.random())) at++
    else await Promise.race([stream.ready, new Promise((resolve) => setTimeout(resolve, 20))])
  }
  await session.flush().catch(() => {})
}
globalThis.end = () => session.stop().then(({ id, chunks }) => ({ id, chunks }), ({ code }) => ({ code }))
globalThis.codeOf = (promise) => promise.then(() => 'fine', ({ code }) => code)
console.log('ready')`

describe.skipIf(!runsBrowserTests)('storage in Chromium', () => {
  let server: StaticServer
  let context: BrowserContext
  let profile: string
  let page: Page
  let devtoolsSession: CDPSession | undefined

  beforeAll(async () => {
    server = await startStaticServer(process.cwd())
    server.serve('/trouble.js', PAGE)
    server.serve('/trouble.html', '<!doctype html><script type="module" src="/trouble.js"></script>')
  })
  afterAll(() => server?.close())

  beforeEach(async () => {
    profile = await mkdtemp(join(tmpdir(), 'kymograph-profile-'))
    context = await chromium.launchPersistentContext(profile, {
      executablePath: chromiumPath,
      args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
    })
    page = await openPage()
    devtoolsSession = undefined
    return async () => {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    }
  }, 30_000)

  async function openPage(): Promise<Page> {
    const opened = await context.newPage()
    await load(opened)
    return opened
  }

  async function load(target: Page): Promise<void> {
    const isReady = target.waitForEvent('console', { predicate: (message) => message.text() === 'ready' })
    await target.goto(`${server.origin}/trouble.html`)
    await isReady
  }

  const devtools = async (method: string, params: object) => {
    // not detached: what it has set would end with it
    devtoolsSession ??= await context.newCDPSession(page)
    await devtoolsSession.send(method as 'Storage.clearDataForOrigin', params as never)
  }
  const evict = () => devtools('Storage.clearDataForOrigin', { origin: server.origin, storageTypes: 'indexeddb' })
  const setQuota = (quotaSize?: number) =>
    devtools('Storage.overrideQuotaForOrigin', { origin: server.origin, ...(quotaSize ? { quotaSize } : {}) })

  it('belongs to one writer per session over all tabs, and is free when a tab is gone (F41, F16)', async () => {
    const other = await openPage()
    await Promise.all([page.evaluate('open()'), other.evaluate('open()')])
    const [id, otherId] = await Promise.all([page.evaluate('begin()'), other.evaluate('begin()')])
    await Promise.all([page.evaluate('push(3000)'), other.evaluate('push(3000)')])
    const stateOf = () => other.evaluate(`recorder.sessions.get('${id}').then(({ state }) => state)`)
    expect(await stateOf()).toBe('recording')
    for (const call of [`delete('${id}')`, `forget('${id}')`, `setLabels('${id}', ['x'])`]) {
      expect(await other.evaluate(`codeOf(recorder.sessions.${call})`)).toBe('session-locked')
    }
    expect(await other.evaluate('recorder.sessions.recover()')).toEqual([])
    await page.close()
    await expect.poll(stateOf, { timeout: 2000 }).toBe('recovered')
    expect(await other.evaluate('recorder.sessions.recover().then(([{ session }]) => session.id)')).toBe(id)
    expect(await other.evaluate('end()')).toMatchObject({ id: otherId })
    expect(await other.evaluate(`codeOf(recorder.sessions.delete('${id}'))`)).toBe('fine')
  }, 30_000)

  it('ends a session that finds no more room, with the loss counted, and takes others when there is room (F34, F35)', async () => {
    // Chromium asks for it when a database is opened, and remembers
    await setQuota(600_000)
    await page.evaluate('open()')
    const first = await page.evaluate('begin()')
    await page.evaluate('push(1000)')
    await page.evaluate('end()')
    const id = await page.evaluate('begin()')
    await page.evaluate('push(200000)')
    expect(await page.evaluate('end()')).toEqual({ code: 'quota' })
    const counts = (await page.evaluate(`session.stream('s').counts`)) as { received: number; lost: { quota: number } }
    const record = (await page.evaluate(`recorder.sessions.get('${id}')`)) as { streams: { frames: number }[] }
    expect(counts.lost).toEqual({ quota: counts.received - record.streams[0]!.frames })
    await setQuota()
    expect(await page.evaluate(`codeOf(recorder.sessions.delete('${first}'))`)).toBe('fine')
    await page.evaluate('begin()')
    await page.evaluate('push(1000)')
    expect(await page.evaluate('end()')).toMatchObject({ chunks: expect.any(Number) })
  }, 60_000)

  it('tells at the next start which sessions the browser has taken away meanwhile (F36, F40)', async () => {
    expect(await page.evaluate('open()')).toMatchObject({ kind: 'indexeddb', durability: 'durable' })
    const id = await page.evaluate(`begin(['login'])`)
    await page.evaluate('push(1000)')
    const { chunks } = (await page.evaluate('end()')) as { chunks: number }
    await page.evaluate('recorder.dispose()')
    await page.goto('about:blank')
    await evict()
    await load(page)
    expect(await page.evaluate('open()')).toMatchObject({ gone: [{ id, labels: ['login'], chunks, frames: 1000 }] })
    await page.evaluate('begin()')
    await page.evaluate('push(100)')
    await expect.poll(() => page.evaluate('warnings'), { timeout: 3000 }).toEqual(['storage-evicted'])
    await page.evaluate('end()')
    await page.evaluate('recorder.dispose()')
    // told once; a session that was removed on purpose is none of them
    await load(page)
    expect(await page.evaluate('open()')).not.toHaveProperty('gone')
  }, 30_000)

  it('goes on when the database is taken away in mid-session, and says so (F33, F36)', async () => {
    await page.evaluate('open()')
    const id = await page.evaluate('begin()')
    await page.evaluate('push(1000)')
    await evict()
    await page.evaluate('push(1000)')
    await page.evaluate('push(1000)')
    await expect.poll(() => page.evaluate('warnings'), { timeout: 3000 }).toEqual(['storage-evicted'])
    expect(await page.evaluate('end()')).toMatchObject({ id })
    expect(await page.evaluate(`recorder.sessions.get('${id}')`)).toMatchObject({ state: 'stopped' })
  }, 30_000)

  it.each([
    ['for a while', 3, { chunks: expect.any(Number) }],
    ['for good', Number.POSITIVE_INFINITY, { code: 'storage-error' }],
  ])(
    'opens the database again, and again, when the browser keeps closing it, %s (F33)',
    async (_, times, ended) => {
      await page.evaluate(`open({ worker: 'none' })`)
      await page.evaluate('begin()')
      await page.evaluate('push(1000)')
      await page.evaluate(`{
      const { transaction } = IDBDatabase.prototype
      let left = ${times}
      IDBDatabase.prototype.transaction = function (...args) {
        if (left-- > 0) throw new DOMException('closing', 'InvalidStateError')
        return transaction.apply(this, args)
      }
    }`)
      await page.evaluate('push(1000)')
      expect(await page.evaluate('end()')).toMatchObject(ended)
    },
    30_000,
  )

  it('neither removes nor recovers a session whose worker was replaced (F22)', async () => {
    const worker = `() => (globalThis.worker = new Worker('/dist/worker.js', { type: 'module' }))`
    await page.evaluate(`open({ worker: ${worker}, retention: { maxBytes: 1 } })`)
    const id = await page.evaluate('begin()')
    await page.evaluate('push(1000)')
    await page.evaluate('worker.terminate()')
    await expect.poll(() => page.evaluate('recorder.capabilities.restarts'), { timeout: 8000 }).toBe(1)
    expect(await page.evaluate('recorder.sessions.recover()')).toEqual([])
    expect(await page.evaluate(`recorder.sessions.get('${id}')`)).toMatchObject({ state: 'recording' })
    const other = await openPage()
    await other.evaluate('open()')
    expect(await other.evaluate('recorder.sessions.recover()')).toEqual([])
    expect(await other.evaluate(`codeOf(recorder.sessions.delete('${id}'))`)).toBe('session-locked')
    await page.evaluate('push(1000)')
    expect(await page.evaluate('end()')).toMatchObject({ id, chunks: expect.any(Number) })
  }, 40_000)

  it('stands in no one’s way who removes the database (F33)', async () => {
    await page.evaluate('open()')
    await page.evaluate('begin()')
    await page.evaluate('push(1000)')
    const other = await openPage()
    const removal = `new Promise((resolve) => {
      const request = indexedDB.deleteDatabase('kymograph')
      request.onsuccess = () => resolve('removed')
      request.onerror = () => resolve('refused')
    })`
    expect(await other.evaluate(removal)).toBe('removed')
    await page.evaluate('push(1000)')
    expect(await page.evaluate('end()')).toMatchObject({ chunks: expect.any(Number) })
  }, 30_000)

  it.each([
    ['is refused (F37)', `indexedDB.open = () => { throw new DOMException('denied', 'SecurityError') }`, /denied/],
    [
      'is not there',
      `delete globalThis.indexedDB; Object.defineProperty(globalThis, 'indexedDB', {})`,
      /cannot be opened/,
    ],
    [
      'never answers (F33)',
      `const { open } = IDBFactory.prototype
       IDBFactory.prototype.open = function () {
         return Object.assign(open.call(this, 'other'), { addEventListener() {} })
       }`,
      /within 5000 ms/,
    ],
  ])(
    'is memory, and says so, where the database %s',
    async (_, script, reason) => {
      await page.evaluate(script)
      const summary = await page.evaluate(`open({ worker: 'none' })`)
      expect(summary).toEqual({ kind: 'memory', durability: 'memory', reason: expect.stringMatching(reason) })
      await page.evaluate('begin()')
      await page.evaluate('push(1000)')
      expect(await page.evaluate('end()')).toMatchObject({ chunks: expect.any(Number) })
    },
    30_000,
  )

  it('leaves the database of a later version alone (F42)', async () => {
    const later = `new Promise((resolve) => {
      const request = indexedDB.open('kymograph', 99)
      request.onupgradeneeded = () => request.result.createObjectStore('new')
      request.onsuccess = () => resolve([...request.result.objectStoreNames])
    })`
    await page.evaluate(`${later}.then(() => {})`)
    await load(page)
    expect(await page.evaluate('open()')).toMatchObject({
      kind: 'memory',
      reason: expect.stringContaining('later version'),
    })
    expect(await page.evaluate(later)).toEqual(['new'])
  }, 30_000)
})
