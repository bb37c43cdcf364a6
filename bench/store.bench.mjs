// 100,000 sessions in a directory: catalogue made from the files, lookups in the process, cold `ls`, durable appends.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { FileStore } from '../dist/node.js'
import { printTable, seededRandom } from './harness.mjs'
import { sampleFrame, sampleSession } from './store-sessions.mjs'

const run = promisify(execFile)
const APPENDS = 300

const medianOf = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
const ms = (number) => `${number.toFixed(number < 10 ? 2 : 0)} ms`

async function timed(work) {
  const startedMs = performance.now()
  const result = await work()
  return [performance.now() - startedMs, result]
}

/** Median time of a lookup, a different one each time; every page has 100 sessions. */
async function lookupMs(store, queryOf, times = 50) {
  const taken = []
  for (let i = 0; i < times; i++) {
    const [tookMs, page] = await timed(() => store.page({ limit: 100, ...queryOf(i) }))
    if (page.sessions.length !== 100) throw new Error(`expected 100 sessions, got ${page.sessions.length}`)
    taken.push(tookMs)
  }
  return medianOf(taken)
}

async function appendMs(store, sessions) {
  const taken = []
  for (let i = 0; i < APPENDS; i++) {
    const session = sampleSession(1_000_000 + sessions * 1000 + (i % sessions))
    const { chunk, frame } = sampleFrame(session, APPENDS / sessions, Math.floor(i / sessions))
    const [tookMs] = await timed(() => store.append(chunk, frame))
    taken.push(tookMs)
  }
  return medianOf(taken)
}

export async function bench({ json = false, quick = false } = {}) {
  const sessions = quick ? 5000 : 100_000
  const directory = await mkdtemp(join(tmpdir(), 'kymograph-bench-'))
  const goals = []
  const goal = (what, value, limitMs) => goals.push({ what, ms: value, limitMs })
  try {
    await mkdir(directory, { recursive: true })
    for (let from = 0; from < sessions; from += 500) {
      const numbers = Array.from({ length: Math.min(500, sessions - from) }, (_, i) => from + i)
      await Promise.all(
        numbers.map((number) => {
          const { chunk, frame } = sampleFrame(sampleSession(number))
          return writeFile(join(directory, `${chunk.sessionId}.kymo`), frame)
        }),
      )
    }
    const store = await FileStore.open(directory)
    const [rebuildMs] = await timed(() => store.page({}))
    goal(`catalogue made from ${sessions} files`, rebuildMs, 60_000)

    const random = seededRandom(7)
    const day = () => Date.UTC(2026, 0, 1) + Math.floor(random() * 0.8 * sessions) * 60_000
    goal('lookup by label', await lookupMs(store, (i) => ({ labels: [`label-${i % 50}`] })), 20)
    goal('by two labels, any of', await lookupMs(store, (i) => ({ labels: [`label-${i % 50}`, 'login'] })), 20)
    goal('by journey', await lookupMs(store, (i) => ({ journeyId: `journey-${i}` })), 20)
    goal('by time range', await lookupMs(store, () => ({ sinceMs: day(), order: 'oldest' })), 20)
    goal('labels with counts', (await timed(() => store.labels()))[0], 20)
    const [openMs, warm] = await timed(async () => {
      const again = await FileStore.open(directory)
      await again.page({ limit: 100 })
      return again
    })
    goal('first lookup after opening', openMs, 1500)

    const cli = new URL('../dist/cli.js', import.meta.url).pathname
    const options = { maxBuffer: 2 ** 30 }
    const ls = (...args) => timed(() => run(process.execPath, [cli, 'ls', '--store', directory, ...args], options))
    goal('cold `ls --label login --limit 100`', (await ls('--label', 'login', '--limit', '100'))[0], 1500)
    goal('cold `ls`, all sessions', (await ls())[0], 1500)

    goal('append of 4 KiB, durable, sessions under way', await appendMs(warm, 3), 5)
    goal('the same, each the first of its session', await appendMs(warm, APPENDS), 5)
    const mark = performance.now()
    await warm.close()
    goal(`close with ${APPENDS} sessions open, per session`, (performance.now() - mark) / APPENDS, 5)
  } finally {
    await rm(directory, { recursive: true })
  }
  if (json) return void process.stdout.write(`${JSON.stringify({ title: 'store', sessions, goals }, null, 2)}\n`)
  printTable(
    `A directory of ${sessions} sessions`,
    ['', 'time', 'to reach'],
    goals.map(({ what, ms: value, limitMs }) => [what, ms(value), `≤ ${ms(limitMs)}`]),
  )
}
