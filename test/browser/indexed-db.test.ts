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

    it('answers lookups as a filter over all sessions does, whatever three tabs do to them', async () => {
      const { wrong } = await inWorker(MODEL_WORKER)
      expect(wrong).toEqual([])
    }, 90_000)
  })
})
