import { expect, it } from 'vitest'
import { KymographError } from '../../src/errors.js'
import {
  frameOf,
  MemoryStore,
  RetainingStore,
  type Retention,
  sampleChunks,
  sampleId,
  storeSample,
} from '../../src/store/index.js'

/** A store in memory with room for so many chunks. */
class SmallStore extends MemoryStore {
  constructor(readonly roomForSessions: number) {
    super()
  }

  override async append(...given: Parameters<MemoryStore['append']>): Promise<void> {
    if ((await this.estimate()).sessions >= this.roomForSessions) throw new KymographError('quota', 'full')
    return super.append(...given)
  }
}

function open(retention: Retention, inner = new MemoryStore()) {
  const told: unknown[] = []
  const store = new RetainingStore(inner, retention, {
    isRecording: () => false,
    onStored: () => {},
    onRemoved: () => {},
    onDropped: (sessions, reason) => told.push([reason, ...sessions.map(({ id }) => id)]),
  })
  const stored = async () => (await store.page({ order: 'oldest' })).sessions.map(({ id }) => id)
  return { store, told, stored }
}

const ids = (...numbers: number[]) => numbers.map(sampleId)

it('removes delivered sessions only, the oldest first, where it is to make room with them, and counts what goes', async () => {
  const isDelivered = ({ id }: { id: string }) => ids(2, 3).includes(id)
  const { store, told, stored } = open({ whenFull: 'drop-oldest-delivered', isDelivered }, new SmallStore(3))
  for (const number of [1, 2, 3, 4, 5]) await storeSample(store, { number, startMinute: number, framesPerChunk: 7 })
  expect(await stored()).toEqual(ids(1, 4, 5))
  expect(told).toEqual(ids(2, 3).map((id) => ['full', id]))
  const [chunk] = sampleChunks({ number: 6, startMinute: 6 })
  await expect(store.append(chunk!, frameOf(chunk!))).rejects.toMatchObject({ code: 'quota' })
  expect((await store.estimate()).dropped).toMatchObject({ sessions: 2, frames: 14 })
})

it('removes what is too much by itself, whenever a session ends, and counts it', async () => {
  const { store, told, stored } = open({ maxBytes: 1000 })
  for (const number of [1, 2, 3, 4]) await storeSample(store, { number, startMinute: number })
  await expect.poll(async () => (await store.estimate()).bytes).toBeLessThanOrEqual(1000)
  const left = await stored()
  expect(left).toEqual(ids(1, 2, 3, 4).slice(-left.length))
  expect((await store.estimate()).dropped?.sessions).toBe(4 - left.length)
  expect(told.every((drop) => (drop as string[])[0] === 'retention')).toBe(true)
})

it('removes what is too old by itself', async () => {
  const { store, stored } = open({ maxAgeMs: 60_000 })
  await storeSample(store, { number: 1, startMinute: 1 })
  await expect.poll(stored).toEqual([])
})
