import type { SessionStore } from '../port.js'
import { matches, type Query } from '../query.js'
import type { StoreCase } from './case.js'
import { expectEqual, expectRejection } from './expectations.js'
import { numberOf, type SampleSession, sampleId, startOf, storeSample } from './sample-sessions.js'

const SESSIONS: SampleSession[] = [
  { number: 1, startMinute: 1, labels: ['login'], journeyId: 'j-1' },
  { number: 2, startMinute: 2, labels: ['login', 'retry'], journeyId: 'j-1', durationMs: 60_000 },
  { number: 3, startMinute: 3, labels: ['checkout'], journeyId: 'j/../2', stream: 'pointer', chunks: 3 },
  {
    number: 4,
    startMinute: 4,
    labels: ['__proto__', 'constructor', '👋🏽 שלום'],
    metadata: [
      ['app', 'shop'],
      ['__proto__', 'x'],
    ],
    isFinal: false,
  },
  { number: 5, startMinute: 5 },
]

const LOOKUPS: [query: Query, numbers: number[]][] = [
  [{}, [5, 4, 3, 2, 1]],
  [{ order: 'oldest' }, [1, 2, 3, 4, 5]],
  [{ labels: [] }, [5, 4, 3, 2, 1]],
  [{ labels: ['login'] }, [2, 1]],
  [{ labels: ['login'], order: 'oldest' }, [1, 2]],
  [{ labels: ['retry', 'checkout', 'login'] }, [3, 2, 1]],
  [{ labels: ['retry', 'checkout', 'login'], order: 'oldest' }, [1, 2, 3]],
  [{ labels: ['login', 'retry'], labelsMode: 'all' }, [2]],
  [{ labels: ['login', 'nobody'], labelsMode: 'all' }, []],
  [{ notLabels: ['login'] }, [5, 4, 3]],
  [{ labels: ['login'], notLabels: ['retry', 'checkout'] }, [1]],
  [{ labels: ['__proto__'] }, [4]],
  [{ labels: ['constructor', '👋🏽 שלום'], labelsMode: 'all' }, [4]],
  [{ labels: ['toString'] }, []],
  [{ journeyId: 'j-1' }, [2, 1]],
  [{ journeyId: 'j/../2' }, [3]],
  [{ journeyId: 'j' }, []],
  [{ journeyId: 'j-1', labels: ['retry'] }, [2]],
  [{ sinceMs: startOf(3).getTime() }, [5, 4, 3]],
  [{ untilMs: startOf(3).getTime() }, [3, 2, 1]],
  [{ sinceMs: startOf(2).getTime(), untilMs: startOf(4).getTime(), order: 'oldest' }, [2, 3, 4]],
  [{ sinceMs: startOf(2).getTime(), labels: ['login'] }, [2]],
  [{ untilMs: startOf(1).getTime(), journeyId: 'j-1' }, [1]],
  [{ sinceMs: startOf(9).getTime() }, []],
  [{ sinceMs: startOf(4).getTime(), untilMs: startOf(2).getTime() }, []],
  [{ state: 'recovered' }, [4]],
  [{ state: 'stopped' }, [5, 3, 2, 1]],
  [{ state: 'recording' }, []],
  [{ minDurationMs: 2000 }, [2]],
  [{ maxDurationMs: 1000 }, [5, 4, 3, 1]],
  [{ minDurationMs: 1000, maxDurationMs: 1000, labels: ['login'] }, [1]],
  [{ streams: ['pointer'] }, [3]],
  [{ streams: ['pointer', 'imu'] }, []],
  [{ metadata: [['app', 'shop']] }, [4]],
  [{ metadata: [['__proto__', 'x']] }, [4]],
  [{ metadata: [['toString', 'x']] }, []],
]

async function fill(store: SessionStore): Promise<void> {
  // not in the order of their starts
  for (const number of [4, 1, 5, 3, 2]) await storeSample(store, SESSIONS[number - 1]!)
}

const numbersOf = (sessions: { id: string }[]) => sessions.map(({ id }) => numberOf(id))

/** Every session the query finds, page by page. */
async function foundBy(store: SessionStore, query: Query, limit: number): Promise<number[]> {
  const numbers: number[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await store.page({ ...query, limit, cursor })
    numbers.push(...numbersOf(page.sessions))
    if (page.sessions.length > limit) throw new Error(`a page of ${page.sessions.length} sessions, asked for ${limit}`)
    cursor = page.cursor
    if (cursor === undefined) return numbers
  }
}

export const LOOKUP_CASES: StoreCase[] = [
  {
    name: 'finds sessions by each field, in one page or in many',
    async run(open) {
      const { store, reopen } = await open()
      await fill(store)
      const check = async (target: SessionStore) => {
        for (const [query, numbers] of LOOKUPS) {
          for (const limit of [1, 2, 50]) {
            expectEqual(JSON.stringify({ ...query, limit }), await foundBy(target, query, limit), numbers)
          }
        }
      }
      await check(store)
      await store.close()
      if (reopen) await check(await reopen())
    },
  },
  {
    name: 'finds what a plain filter over all sessions finds, in the order of starts and ids',
    async run(open) {
      const { store } = await open()
      const labels = ['a', 'b', 'c', 'd']
      for (let number = 0; number < 40; number++) {
        const bits = (number * 2_654_435_761) >>> 16
        await storeSample(store, {
          number,
          startMinute: bits % 7,
          labels: labels.filter((_, bit) => (bits >> bit) & 1),
          journeyId: (bits >> 5) & 1 ? `j-${(bits >> 6) & 3}` : undefined,
          durationMs: (bits >> 8) & 1023,
        })
      }
      const all = (await store.page({ order: 'oldest', limit: 1000 })).sessions
      expectEqual('number of sessions', all.length, 40)
      for (let round = 0; round < 200; round++) {
        const bits = (round * 2_246_822_519) >>> 8
        const query: Query = {
          labels: bits & 1 ? labels.slice((bits >> 1) & 1, 2 + ((bits >> 2) & 1)) : undefined,
          labelsMode: bits & 8 ? 'all' : 'any',
          notLabels: bits & 16 ? ['d'] : undefined,
          journeyId: bits & 32 ? `j-${(bits >> 6) & 3}` : undefined,
          sinceMs: bits & 256 ? startOf((bits >> 9) & 3).getTime() : undefined,
          untilMs: bits & 2048 ? startOf(3 + ((bits >> 12) & 3)).getTime() : undefined,
          maxDurationMs: bits & 16_384 ? 600 : undefined,
          order: bits & 32_768 ? 'oldest' : 'newest',
        }
        const expected = numbersOf(all.filter((record) => matches(record, query)))
        if (query.order === 'newest') expected.reverse()
        expectEqual(JSON.stringify(query), await foundBy(store, query, 1 + (round % 9)), expected)
      }
    },
  },
  {
    name: 'pages without repeating or missing a session while others arrive and go',
    async run(open) {
      for (const order of ['newest', 'oldest'] as const) {
        const { store } = await open()
        for (let i = 0; i < 23; i++) await storeSample(store, { number: i, startMinute: i >> 2, labels: ['a'] })
        const seen: number[] = []
        let cursor: string | undefined
        do {
          const page = await store.page({ labels: ['a'], order, limit: 5, cursor })
          seen.push(...numbersOf(page.sessions))
          cursor = page.cursor
          if (seen.length === 5) await storeSample(store, { number: 99, startMinute: 99, labels: ['a'] })
          // where the next page was to go on
          if (seen.length === 10) await store.delete(sampleId(seen[9]!))
        } while (cursor)
        const expected = Array.from({ length: 23 }, (_, i) => i)
        if (order === 'newest') expected.reverse()
        expectEqual(
          order,
          seen.filter((number) => number !== 99),
          expected,
        )
      }
    },
  },
  {
    name: 'refuses a cursor of another query, and one that is none',
    async run(open) {
      const { store } = await open()
      await fill(store)
      const { cursor } = await store.page({ limit: 2 })
      await expectRejection('of another query', store.page({ labels: ['login'], cursor }), 'bad-cursor')
      await expectRejection('of another order', store.page({ order: 'oldest', cursor }), 'bad-cursor')
      await expectRejection('a path', store.page({ cursor: '../../etc' }), 'bad-cursor')
      await expectRejection('nothing', store.page({ cursor: '' }), 'bad-cursor')
      expectEqual('another page size', numbersOf((await store.page({ limit: 50, cursor })).sessions), [3, 2, 1])
    },
  },
  {
    name: 'lists journeys, the latest first, with sessions, times and labels',
    async run(open) {
      const { store } = await open()
      await fill(store)
      const [first, second] = [
        {
          journeyId: 'j/../2',
          sessions: 1,
          firstStartedAt: startOf(3),
          lastEndedAt: new Date(startOf(3).getTime() + 1000),
          labels: ['checkout'],
        },
        {
          journeyId: 'j-1',
          sessions: 2,
          firstStartedAt: startOf(1),
          lastEndedAt: new Date(startOf(2).getTime() + 60_000),
          labels: ['login', 'retry'],
        },
      ]
      expectEqual('journeys', await store.journeys(), [first, second])
      expectEqual('one of them', await store.journey('j-1'), second)
      expectEqual('none', await store.journey('j'), undefined)
    },
  },
  {
    name: 'lists labels, the most used first, with counts',
    async run(open) {
      const { store } = await open()
      await fill(store)
      const one = (label: string) => ({ label, sessions: 1 })
      const rest = ['__proto__', 'checkout', 'constructor', 'retry', '👋🏽 שלום'].map(one)
      expectEqual('labels', await store.labels(), [{ label: 'login', sessions: 2 }, ...rest])
      await store.delete(sampleId(4))
      expectEqual('labels left', await store.labels(), [{ label: 'login', sessions: 2 }, one('checkout'), one('retry')])
    },
  },
]
