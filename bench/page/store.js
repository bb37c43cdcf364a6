// 100,000 sessions in IndexedDB, in a worker as the recorder has it: lookups and durable appends.

import { sampleFrame, sampleSession } from '/bench/store-sessions.mjs'
import { frameOf, IndexedDbStore } from '/dist/store.js'

const APPENDS = 200
const medianOf = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]

async function timed(work) {
  const startedMs = performance.now()
  await work()
  return performance.now() - startedMs
}

/** While sessions are put there nothing has to last. */
async function relaxed(work) {
  const { transaction } = IDBDatabase.prototype
  IDBDatabase.prototype.transaction = function (stores, mode) {
    return transaction.call(this, stores, mode, { durability: 'relaxed' })
  }
  await work()
  IDBDatabase.prototype.transaction = transaction
}

async function lookupMs(store, queryOf, times = 30) {
  const taken = []
  for (let i = 0; i < times; i++) {
    let page
    taken.push(await timed(async () => (page = await store.page({ limit: 100, ...queryOf(i) }))))
    if (page.sessions.length !== 100) throw new Error(`expected 100 sessions, got ${page.sessions.length}`)
  }
  return medianOf(taken)
}

self.onmessage = async ({ data: sessions }) => {
  const results = []
  try {
    const store = await IndexedDbStore.open('bench')
    const fillMs = await timed(() =>
      relaxed(async () => {
        for (let from = 0; from < sessions; from += 200) {
          await Promise.all(
            Array.from({ length: Math.min(200, sessions - from) }, async (_, i) => {
              const { chunk } = sampleFrame({ ...sampleSession(from + i), framesPerChunk: 2 })
              await store.append(chunk, frameOf(chunk))
              await store.release(chunk.sessionId)
            }),
          )
        }
      }),
    )
    results.push(['filled', fillMs])
    results.push(['lookup by label', await lookupMs(store, (i) => ({ labels: [`label-${i % 50}`] })), 50])
    results.push([
      'by two labels, any of',
      await lookupMs(store, (i) => ({ labels: [`label-${i % 50}`, 'login'] })),
      50,
    ])
    results.push(['by journey', await lookupMs(store, (i) => ({ journeyId: `journey-${i}` })), 50])
    const at = (i) => Date.UTC(2026, 0, 1) + Math.floor(((i * 0.618) % 1) * 0.8 * sessions) * 60_000
    results.push(['by time range', await lookupMs(store, (i) => ({ sinceMs: at(i), order: 'oldest' })), 50])
    results.push(['labels with counts', await timed(() => store.labels())])
    results.push(['journeys', await timed(() => store.journeys())])
    const appends = []
    for (let i = 0; i < APPENDS; i++) {
      const { chunk, frame } = sampleFrame(sampleSession(2_000_000), APPENDS, i)
      appends.push(await timed(() => store.append(chunk, frame)))
    }
    results.push(['append of 4 KiB, durable', medianOf(appends), 5])
    postMessage({ results })
  } catch (error) {
    postMessage({ error: String(error?.stack ?? error) })
  }
}
