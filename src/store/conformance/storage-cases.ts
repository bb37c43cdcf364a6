import { amendLabels } from '../amendment.js'
import type { StoreCase } from './case.js'
import { expectEqual, expectRejection } from './expectations.js'
import { frameOf, sampleChunks, sampleId, startOf, storeSample } from './sample-sessions.js'

const THREE_CHUNKS = { number: 3, startMinute: 3, labels: ['checkout'], journeyId: 'j', chunks: 3 }

export const STORAGE_CASES: StoreCase[] = [
  {
    name: 'describes a session from its chunks',
    async run(open) {
      const { store, reopen } = await open()
      await storeSample(store, { ...THREE_CHUNKS, metadata: [['__proto__', 'x']] })
      const metadata = Object.fromEntries([['__proto__', 'x']])
      const frames = sampleChunks({ ...THREE_CHUNKS, metadata: [['__proto__', 'x']] }).map(frameOf)
      const expected = {
        id: sampleId(3),
        journeyId: 'j',
        labels: ['checkout'],
        labelsRevision: 0,
        metadata,
        startedAt: startOf(3),
        endedAt: new Date(startOf(3).getTime() + 1000),
        state: 'stopped',
        chunks: 3,
        bytes: frames.reduce((sum, { length }) => sum + length, 0),
        streams: [
          {
            name: 'imu',
            clock: 'monotonic',
            channels: [{ name: 'x', type: 'f64' }],
            frames: 6,
            effectiveRateHz: 100,
            gaps: 0,
            lost: 1,
            bytes: 3 * 36,
          },
        ],
      }
      expectEqual('record', await store.get(sampleId(3)), expected)
      expectEqual('record in a page', (await store.page({})).sessions, [expected])
      expectEqual('a session that is not there', await store.get(sampleId(77)), undefined)
      await store.close()
      if (reopen) expectEqual('record in a new opening', await (await reopen()).get(sampleId(3)), expected)
    },
  },
  {
    name: 'gives every chunk back byte for byte, fresh each time',
    async run(open) {
      const { store, reopen } = await open()
      const frames = sampleChunks(THREE_CHUNKS).map(frameOf)
      for (const chunk of sampleChunks(THREE_CHUNKS)) {
        const frame = frameOf(chunk)
        await store.append(chunk, frame)
        // borrowed until then
        frame.fill(0)
      }
      await store.release(sampleId(3))
      ;(await store.chunkAt(sampleId(3), 0))?.fill(0)
      for (const [index, frame] of frames.entries()) {
        expectEqual(`chunk ${index}`, await store.chunkAt(sampleId(3), index), frame)
      }
      expectEqual('behind the last', await store.chunkAt(sampleId(3), 3), undefined)
      expectEqual('of no session', await store.chunkAt(sampleId(77), 0), undefined)
      await store.close()
      if (reopen) expectEqual('in a new opening', await (await reopen()).chunkAt(sampleId(3), 2), frames[2])
    },
  },
  {
    name: 'says "recording" while chunks still come, "recovered" when the final one never came',
    async run(open) {
      const { store, reopen } = await open()
      const [first, second, third] = sampleChunks({ ...THREE_CHUNKS, isFinal: false })
      const stateOf = async (target = store) => (await target.get(sampleId(3)))?.state
      await store.append(first!, frameOf(first!))
      expectEqual('after a chunk', await stateOf(), 'recording')
      expectEqual('found by state', (await store.page({ state: 'recording' })).sessions.length, 1)
      await store.append(second!, frameOf(second!))
      await store.release(sampleId(3))
      expectEqual('let go of', await stateOf(), 'recovered')
      await store.append({ ...third!, epoch: 1 }, frameOf({ ...third!, epoch: 1 }))
      expectEqual('taken up again', await stateOf(), 'recording')
      await store.close()
      if (!reopen) return
      const again = await reopen()
      expectEqual('closed', await stateOf(again), 'recovered')
      expectEqual('found by state in a new opening', (await again.page({ state: 'recovered' })).sessions.length, 1)
    },
  },
  {
    name: 'removes a session from every call',
    async run(open) {
      const { store, reopen } = await open()
      await storeSample(store, THREE_CHUNKS)
      await storeSample(store, { ...THREE_CHUNKS, number: 4 })
      const before = await store.estimate()
      expectEqual('sessions', before.sessions, 2)
      expectEqual('removed', await store.delete(sampleId(3)), true)
      expectEqual('removed again', await store.delete(sampleId(3)), false)
      const check = async (target = store) => {
        expectEqual('record', await target.get(sampleId(3)), undefined)
        expectEqual('chunk', await target.chunkAt(sampleId(3), 0), undefined)
        expectEqual('found', (await target.page({ labels: ['checkout'] })).sessions.length, 1)
        expectEqual('label', await target.labels(), [{ label: 'checkout', sessions: 1 }])
        expectEqual('journey', (await target.journey('j'))?.sessions, 1)
        expectEqual('estimate', await target.estimate(), { sessions: 1, bytes: before.bytes / 2 })
      }
      await check()
      await store.close()
      if (reopen) await check(await reopen())
    },
  },
  {
    name: 'takes new labels after the stop as an amendment',
    async run(open) {
      const { store, reopen } = await open()
      await storeSample(store, THREE_CHUNKS)
      await amendLabels(store, sampleId(3), ['fraud'])
      const amended = await amendLabels(store, sampleId(3), ['fraud', 'checked'])
      const check = async (target = store) => {
        const record = await target.get(sampleId(3))
        expectEqual('record', record, amended)
        expectEqual(
          'revision, chunks, state',
          [record?.labelsRevision, record?.chunks, record?.state],
          [2, 5, 'stopped'],
        )
        expectEqual('frames', record?.streams[0]?.frames, 6)
        expectEqual('by the new label', (await target.page({ labels: ['checked'] })).sessions, [record])
        expectEqual('by the old one', (await target.page({ labels: ['checkout'] })).sessions, [])
        expectEqual('label counts', await target.labels(), [
          { label: 'checked', sessions: 1 },
          { label: 'fraud', sessions: 1 },
        ])
      }
      await check()
      await expectRejection('of no session', amendLabels(store, sampleId(77), ['x']), 'not-found')
      await store.close()
      if (reopen) await check(await reopen())
    },
  },
  {
    name: 'keeps sessions apart that are written at once',
    async run(open) {
      const { store } = await open()
      const numbers = [1, 2, 3, 4, 5, 6, 7, 8]
      await Promise.all(numbers.map((number) => storeSample(store, { ...THREE_CHUNKS, number, startMinute: number })))
      for (const number of numbers) {
        const frames = sampleChunks({ ...THREE_CHUNKS, number, startMinute: number }).map(frameOf)
        for (const [index, frame] of frames.entries()) {
          expectEqual(`session ${number}, chunk ${index}`, await store.chunkAt(sampleId(number), index), frame)
        }
      }
      expectEqual('sessions', (await store.page({})).sessions.length, 8)
    },
  },
  {
    name: 'refuses a chunk that does not come behind the last one, made by somebody who had not seen that',
    async run(open) {
      const { store } = await open()
      await storeSample(store, { ...THREE_CHUNKS, isFinal: false })
      const bytes = (await store.get(sampleId(3)))!.bytes
      const append = (epoch: number, seq: number) => {
        const chunk = { ...sampleChunks(THREE_CHUNKS)[2]!, epoch, seq }
        return store.append(chunk, frameOf(chunk))
      }
      await expectRejection('the last one again', append(0, 2), 'session-locked')
      await expectRejection('one before', append(0, 1), 'session-locked')
      await store.release(sampleId(3))
      await append(1, 3)
      await expectRejection('of an epoch before', append(0, 4), 'session-locked')
      await store.release(sampleId(3))
      const record = await store.get(sampleId(3))
      expectEqual('chunks', record?.chunks, 4)
      expectEqual('bytes', (await store.estimate()).bytes, record?.bytes)
      expectEqual('more than before', record!.bytes > bytes, true)
    },
  },
  {
    name: 'removes a session once, and takes its chunks in their order, however many calls come at once',
    async run(open) {
      const { store } = await open()
      const chunks = sampleChunks({ ...THREE_CHUNKS, chunks: 20 })
      await store.append(chunks[0]!, frameOf(chunks[0]!))
      await Promise.all(chunks.slice(1).map((chunk) => store.append(chunk, frameOf(chunk))))
      await store.release(sampleId(3))
      for (const [index, chunk] of chunks.entries()) {
        expectEqual(`chunk ${index}`, await store.chunkAt(sampleId(3), index), frameOf(chunk))
      }
      const removed = await Promise.all([1, 2, 3].map(() => store.delete(sampleId(3))))
      expectEqual('removed', removed.filter(Boolean).length, 1)
      expectEqual('left', await store.estimate(), { sessions: 0, bytes: 0 })
    },
  },
]
