import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { storeConformance } from '../../src/store/index.js'
import { EnginePages } from '../support/engine-pages.js'
import { ENGINES } from '../support/engines.js'
import { checkAgainstModel } from '../support/store-model.js'

/** Runs in a worker; each case gets a database of its own. */
const CONFORMANCE_WORKER = `
import { IndexedDbStore, storeConformance } from '/dist/store.js'
const durabilities = new Set()
const { transaction } = IDBDatabase.prototype
IDBDatabase.prototype.transaction = function (stores, mode, options) {
  // what was delivered may lag
  if (mode === 'readwrite' && String(stores) !== 'deliveries') durabilities.add(options?.durability)
  return transaction.call(this, stores, mode, options)
}
const outcomes = {}
let databases = 0
for (const { name, run } of storeConformance) {
  try {
    await run(async () => {
      const database = 'conformance-' + databases++
      return { store: await IndexedDbStore.open(database), reopen: () => IndexedDbStore.open(database) }
    })
    outcomes[name] = 'holds'
  } catch (error) {
    outcomes[name] = String(error?.stack ?? error)
  }
}
postMessage({ outcomes, durabilities: [...durabilities] })
`

const MODEL_WORKER = `
import * as library from '/dist/store.js'
const check = ${checkAgainstModel}
const wrong = []
for (let seed = 1; seed <= 3; seed++) {
  const found = await check(library, () => library.IndexedDbStore.open('model-' + seed), 3, seed, 80)
  if (found) wrong.push(found)
}
postMessage({ wrong })
`

/** What else a store promises where it is closed, aborted, or emptied under it. */
const TROUBLE_WORKER = `
import { frameOf, IndexedDbStore, sampleChunks, sampleId, storeSample } from '/dist/store.js'
const unheard = []
addEventListener('unhandledrejection', (event) => { event.preventDefault(); unheard.push(String(event.reason)) })
const codeOf = (promise) => promise.then(() => 'fine', ({ code, name }) => code ?? name)

const closed = await IndexedDbStore.open('closed')
await storeSample(closed, { number: 1, startMinute: 1 })
await closed.close()
const progress = { done: 1, quarantined: [] }
const late = await Promise.all([codeOf(closed.ledger('a').write(sampleId(1), progress)), codeOf(closed.page({}))])

const aborted = await IndexedDbStore.open('aborted')
await storeSample(aborted, { number: 1, startMinute: 1, labels: ['a'], journeyId: 'j' })
const [chunk] = sampleChunks({ number: 2, startMinute: 2 })
const { transaction } = IDBDatabase.prototype
const answers = {}
for (const [name, call] of Object.entries({
  get: () => aborted.get(sampleId(1)),
  page: () => aborted.page({ labels: ['a'] }),
  journeys: () => aborted.journeys(),
  labels: () => aborted.labels(),
  read: () => aborted.ledger('a').read(),
  append: () => aborted.append(chunk, frameOf(chunk)),
  release: () => aborted.release(chunk.sessionId),
  delete: () => aborted.delete(sampleId(1)),
})) {
  let aborts = 1
  IDBDatabase.prototype.transaction = function (...given) {
    const tx = transaction.apply(this, given)
    if (aborts-- > 0) queueMicrotask(() => tx.abort())
    return tx
  }
  answers[name] = await codeOf(call())
}
IDBDatabase.prototype.transaction = transaction
await new Promise((resolve) => setTimeout(resolve, 100))

const emptied = await IndexedDbStore.open('emptied')
const [first] = sampleChunks({ number: 3, startMinute: 3, isFinal: false })
await emptied.append(first, frameOf(first))
await new Promise((resolve) => { indexedDB.deleteDatabase('emptied').onsuccess = resolve })
await emptied.release(sampleId(3))
const left = [(await emptied.page({})).sessions, await emptied.estimate()]

const listed = async () => {
  const cache = await caches.open('kymograph-manifest')
  return (await cache.match('https://kymograph.invalid/forgetful'))?.text() ?? ''
}
const forgetful = await IndexedDbStore.open('forgetful')
await storeSample(forgetful, { number: 4, startMinute: 4 })
await storeSample(forgetful, { number: 5, startMinute: 5 })
await forgetful.close()
const again = await IndexedDbStore.open('forgetful')
const wasListed = (await listed()).includes(sampleId(4))
await again.forget(sampleId(4))
const isListed = (await listed()).includes(sampleId(4))
postMessage({ late, answers, unheard, left, wasListed, isListed })
`

describe.each(ENGINES)('IndexedDB in $name', ({ name, runs }) => {
  describe.skipIf(!runs)('a store in a worker', () => {
    let pages: EnginePages
    beforeAll(async () => {
      pages = await EnginePages.launch(name)
    }, 90_000)
    afterAll(async () => pages?.close(), 30_000)

    /** Runs a module as a worker of a page and gives what it posts. */
    async function inWorker(code: string): Promise<Record<string, unknown>> {
      return (await pages.run(
        { '/worker-under-test.js': code },
        `const worker = new Worker('/worker-under-test.js', { type: 'module' })
         return new Promise((resolve, reject) => {
           worker.onmessage = ({ data }) => resolve(data)
           worker.onerror = ({ message }) => reject(new Error(message))
         })`,
      )) as Record<string, unknown>
    }

    it('does what every store does, and asks for strict durability each time', async () => {
      const { outcomes, durabilities } = await inWorker(CONFORMANCE_WORKER)
      expect(outcomes).toEqual(Object.fromEntries(storeConformance.map((one) => [one.name, 'holds'])))
      expect(durabilities).toEqual(['strict'])
    }, 60_000)

    it('keeps to itself what was aborted, opens nothing again once closed, and leaves no trace', async () => {
      const calls = ['get', 'page', 'journeys', 'labels', 'read', 'append', 'release', 'delete']
      expect(await inWorker(TROUBLE_WORKER)).toEqual({
        late: ['disposed', 'disposed'],
        answers: Object.fromEntries(calls.map((call) => [call, 'fine'])),
        unheard: [],
        left: [[], { sessions: 0, bytes: 0 }],
        // at once: nothing is left to do when it resolves
        wasListed: true,
        isListed: false,
      })
    }, 60_000)

    it('answers lookups as a filter over all sessions does, whatever three tabs do to them', async () => {
      const { wrong } = await inWorker(MODEL_WORKER)
      expect(wrong).toEqual([])
    }, 90_000)
  })
})
