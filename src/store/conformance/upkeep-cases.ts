import { decodeChunk, decodeFrame } from '../../wire/index.js'
import type { Chunk } from '../../wire/model.js'
import { amendLabels } from '../amendment.js'
import type { SessionStore } from '../port.js'
import { recoverSessions } from '../recovery.js'
import { pruneSessions } from '../retention.js'
import type { StoreCase } from './case.js'
import { expectEqual, expectRejection } from './expectations.js'
import { frameOf, numberOf, sampleChunks, sampleId, startOf, storeSample } from './sample-sessions.js'

const CUT_OFF = { number: 1, startMinute: 1, labels: ['crash'], chunks: 4, durationMs: 4000, isFinal: false }

export const UPKEEP_CASES: StoreCase[] = [
  {
    name: 'closes sessions whose writer has died, and says what may be lost',
    async run(open) {
      const { store, reopen } = await open()
      // a chunk a second
      const ends = [1, 2, 3, 4].map((second) => BigInt(startOf(1).getTime() + second * 1000) * 1_000_000n)
      for (const [index, chunk] of sampleChunks(CUT_OFF).entries()) {
        const timed = { ...chunk, endedAtNs: ends[index]! }
        await store.append(timed, frameOf(timed))
      }
      await store.release(sampleId(1))
      await storeSample(store, { ...CUT_OFF, number: 2, isFinal: true })
      const open3 = sampleChunks({ ...CUT_OFF, number: 3 })[0]!
      await store.append(open3, frameOf(open3))
      const recoveries = await recoverSessions(store)
      expectEqual(
        'recovered',
        recoveries.map(({ session, tailFrames }) => [numberOf(session.id), session.tailMs, tailFrames]),
        [[1, 1000, { imu: 100 }]],
      )
      expectEqual('again', await recoverSessions(store), [])
      const record = await store.get(sampleId(1))
      expectEqual('the record', recoveries[0]!.session, record)
      const { state, chunks, tailMs, streams } = record!
      expectEqual('state, chunks, tail, frames', [state, chunks, tailMs, streams[0]?.frames], ['recovered', 5, 1000, 8])
      const last = decodeChunk(decodeFrame((await store.chunkAt(sampleId(1), 4))!).payload)
      expectEqual('the last chunk', [last.final, last.epoch, last.seq, last.streams[0]?.frameCount], [true, 1, 4, 0])
      expectEqual('one under way', (await store.get(sampleId(3)))?.state, 'recording')
      await store.close()
      if (!reopen) return
      const again = await reopen()
      expectEqual('in a new opening', await again.get(sampleId(1)), record)
      expectEqual('found', (await again.page({ state: 'recovered', order: 'oldest', limit: 1 })).sessions, [record])
    },
  },
  {
    name: 'closes a cut-off session however often its labels were changed since',
    async run(open) {
      const { store } = await open()
      await storeSample(store, CUT_OFF)
      for (let i = 0; i < 12; i++) await amendLabels(store, sampleId(1), [`label ${i}`])
      const [recovery] = await recoverSessions(store)
      const { chunks, labels, tailMs } = recovery!.session
      expectEqual('chunks, labels', [chunks, labels], [CUT_OFF.chunks + 13, ['label 11']])
      expectEqual('a tail', tailMs! > 0, true)
      await store.close()
    },
  },
  {
    name: 'makes nothing of labels or an end for a session that was removed meanwhile',
    async run(open) {
      const { store } = await open()
      // removed between what is read of it and what is written
      const removingFirst: SessionStore = Object.create(store, {
        append: {
          value: async (chunk: Chunk, frame: Uint8Array) => {
            await store.delete(chunk.sessionId)
            await store.append(chunk, frame)
          },
        },
      })
      for (const method of ['get', 'page', 'chunkAt', 'release'] as const) {
        Object.defineProperty(removingFirst, method, { value: store[method].bind(store) })
      }
      await storeSample(store, { ...CUT_OFF, isFinal: true })
      await expectRejection('labels', amendLabels(removingFirst, sampleId(1), ['x']), 'not-found')
      await storeSample(store, { ...CUT_OFF, number: 2 })
      expectEqual('closed', await recoverSessions(removingFirst), [])
      expectEqual('left', [(await store.page({})).sessions, await store.estimate()], [[], { sessions: 0, bytes: 0 }])
      await store.close()
    },
  },
  {
    name: 'keeps nothing of what was delivered of a session that is forgotten',
    async run(open) {
      const { store } = await open()
      await storeSample(store, { number: 1, startMinute: 1 })
      await storeSample(store, { number: 2, startMinute: 2 })
      const ledgers = ['a', 'b', 'ü/'].map((sink) => store.ledger?.(sink))
      const progress = { done: 1, quarantined: [] }
      for (const ledger of ledgers) {
        await ledger?.write(sampleId(1), progress)
        await ledger?.write(sampleId(2), progress)
      }
      await store.forget(sampleId(1))
      for (const ledger of ledgers) {
        if (!ledger) continue
        await ledger.write(sampleId(1), undefined)
        expectEqual('delivered', [...(await ledger.read())], [[sampleId(2), progress]])
      }
      await store.close()
    },
  },
  {
    name: 'keeps what is young and small enough, and what is being recorded',
    async run(open) {
      const { store } = await open()
      const [first] = sampleChunks({ number: 0, startMinute: 0, isFinal: false })
      await store.append(first!, frameOf(first!))
      for (let number = 1; number <= 9; number++) await storeSample(store, { number, startMinute: number })
      const bytes = (await store.get(sampleId(1)))!.bytes
      const numbers = async () => (await store.page({})).sessions.map(({ id }) => numberOf(id))
      const nowMs = startOf(10).getTime()
      expectEqual('nothing to do', (await pruneSessions(store, {}, nowMs)).sessions, [])
      const old = await pruneSessions(store, { maxAgeMs: 7 * 60_000 }, nowMs)
      expectEqual('too old', [old.sessions.map(({ id }) => numberOf(id)), old.bytes], [[1, 2], 2 * bytes])
      await pruneSessions(store, { maxBytes: 5 * bytes }, nowMs)
      expectEqual('small enough', await numbers(), [9, 8, 7, 6, 0])
      await pruneSessions(store, { maxBytes: 0 }, nowMs)
      expectEqual('being recorded', await numbers(), [0])
      await store.close()
    },
  },
]
