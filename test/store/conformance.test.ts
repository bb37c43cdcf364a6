import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FileStore } from '../../src/node/file-store.js'
import { amendLabels } from '../../src/store/amendment.js'
import { MemoryStore } from '../../src/store/memory-store.js'
import type { SessionStore } from '../../src/store/port.js'
import { decodeFrame } from '../../src/wire/index.js'
import { toQuery } from '../../src/worker/checks/lookup.js'
import { chunksOf, sessionId, store } from '../support/session-chunks.js'

const STORES: [string, () => Promise<SessionStore>][] = [
  ['memory', async () => new MemoryStore()],
  [
    'files',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'kymograph-store-'))
      onTestFinished(() => rm(directory, { recursive: true }))
      return FileStore.open(directory)
    },
  ],
]

describe.each(STORES)('a store (%s)', (_, openStore) => {
  async function filled(): Promise<SessionStore> {
    const target = await openStore()
    await store(target, { id: sessionId(1), startMinute: 1, labels: ['login'], journeyId: 'j-1', durationMs: 1000 })
    await store(target, {
      id: sessionId(2),
      startMinute: 2,
      labels: ['login', 'retry'],
      journeyId: 'j-1',
      durationMs: 60_000,
    })
    await store(target, {
      id: sessionId(3),
      startMinute: 3,
      labels: ['checkout'],
      journeyId: 'j/../2',
      stream: 'pointer',
      chunks: 3,
    })
    await store(target, {
      id: sessionId(4),
      startMinute: 4,
      labels: ['__proto__'],
      metadata: { app: 'shop', __proto__x: 'y' },
      isFinal: false,
    })
    await store(target, { id: sessionId(5), startMinute: 5 })
    return target
  }

  const found = async (target: SessionStore, lookup: Parameters<typeof toQuery>[0]) =>
    (await target.page(toQuery(lookup))).sessions.map(({ id }) => Number.parseInt(id.slice(-4), 16))

  it('finds sessions by each field, the newest first', async () => {
    const target = await filled()
    expect(await found(target, {})).toEqual([5, 4, 3, 2, 1])
    expect(await found(target, { order: 'oldest' })).toEqual([1, 2, 3, 4, 5])
    expect(await found(target, { labels: ['login'] })).toEqual([2, 1])
    expect(await found(target, { labels: ['retry', 'checkout'] })).toEqual([3, 2])
    expect(await found(target, { labels: ['login', 'retry'], labelsMode: 'all' })).toEqual([2])
    expect(await found(target, { notLabels: ['login'] })).toEqual([5, 4, 3])
    expect(await found(target, { labels: ['__proto__'] })).toEqual([4])
    expect(await found(target, { labels: ['nobody'] })).toEqual([])
    expect(await found(target, { journeyId: 'j-1' })).toEqual([2, 1])
    expect(await found(target, { clientSessionGroupId: 'j/../2' })).toEqual([3])
    expect(await found(target, { since: '2026-01-01T00:03:00Z' })).toEqual([5, 4, 3])
    expect(await found(target, { until: new Date('2026-01-01T00:03:00Z') })).toEqual([3, 2, 1])
    expect(await found(target, { state: 'recovered' })).toEqual([4])
    expect(await found(target, { minDuration: 2000 })).toEqual([2])
    expect(await found(target, { maxDuration: 1000 })).toEqual([5, 4, 3, 1])
    expect(await found(target, { streams: ['pointer'] })).toEqual([3])
    expect(await found(target, { metadata: { app: 'shop' } })).toEqual([4])
    expect(await found(target, { metadata: { toString: 'x' } })).toEqual([])
  })

  it('pages without repeating or missing a session, also while others arrive', async () => {
    const target = await openStore()
    for (let i = 0; i < 23; i++) await store(target, { id: sessionId(i), startMinute: i >> 2, labels: ['a'] })
    for (const order of ['newest', 'oldest'] as const) {
      const seen: number[] = []
      let cursor: string | undefined
      do {
        const page = await target.page(toQuery({ labels: ['a'], order, limit: 5, ...(cursor ? { cursor } : {}) }))
        seen.push(...page.sessions.map(({ id }) => Number.parseInt(id.slice(-4), 16)))
        cursor = page.cursor
        if (order === 'newest' && seen.length === 5)
          await store(target, { id: sessionId(99), startMinute: 99, labels: ['a'] })
      } while (cursor)
      const expected = Array.from({ length: 23 }, (_, i) => i)
      expect(seen.filter((i) => i !== 99)).toEqual(order === 'newest' ? expected.reverse() : expected)
    }
  })

  it('refuses a cursor of another query, and one that is none', async () => {
    const target = await filled()
    const { cursor } = await target.page(toQuery({ limit: 2 }))
    await expect(target.page(toQuery({ labels: ['login'], cursor: cursor! }))).rejects.toMatchObject({
      code: 'bad-cursor',
    })
    await expect(target.page(toQuery({ cursor: '../../etc' }))).rejects.toMatchObject({ code: 'bad-cursor' })
  })

  it('describes a session from its chunks', async () => {
    const target = await filled()
    const record = await target.get(sessionId(3))
    expect(record).toMatchObject({
      id: sessionId(3),
      journeyId: 'j/../2',
      labels: ['checkout'],
      state: 'stopped',
      chunks: 3,
      startedAt: new Date('2026-01-01T00:03:00Z'),
      endedAt: new Date('2026-01-01T00:03:01Z'),
      streams: [{ name: 'pointer', frames: 6, gaps: 0, lost: 0, effectiveRateHz: 100, bytes: 30 }],
    })
    expect(await target.get(sessionId(77))).toBeUndefined()
  })

  it('gives every chunk back byte for byte', async () => {
    const target = await filled()
    for (const [index, chunk] of chunksOf({ id: sessionId(3), startMinute: 3, chunks: 3 }).entries()) {
      const { header } = decodeFrame((await target.chunkAt(sessionId(3), index))!)
      expect(header).toMatchObject({ sessionId: sessionId(3), seq: chunk.seq, final: index === 2 })
    }
    expect(await target.chunkAt(sessionId(3), 3)).toBeUndefined()
    expect(await target.chunkAt(sessionId(77), 0)).toBeUndefined()
  })

  it('says "recording" while chunks still come', async () => {
    const target = await openStore()
    const [first, second] = chunksOf({ id: sessionId(1), startMinute: 1, chunks: 2 })
    const { encodeChunk, encodeFrame } = await import('../../src/wire/index.js')
    await target.append(first!, encodeFrame(first!, encodeChunk(first!)))
    expect((await target.get(sessionId(1)))?.state).toBe('recording')
    await target.append(second!, encodeFrame(second!, encodeChunk(second!)))
    await target.release(sessionId(1))
    expect((await target.get(sessionId(1)))?.state).toBe('stopped')
  })

  it('lists journeys with their sessions, times and labels', async () => {
    const target = await filled()
    expect(await target.journeys()).toEqual([
      {
        journeyId: 'j/../2',
        sessions: 1,
        firstStartedAt: new Date('2026-01-01T00:03:00Z'),
        lastEndedAt: new Date('2026-01-01T00:03:01Z'),
        labels: ['checkout'],
      },
      {
        journeyId: 'j-1',
        sessions: 2,
        firstStartedAt: new Date('2026-01-01T00:01:00Z'),
        lastEndedAt: new Date('2026-01-01T00:03:00Z'),
        labels: ['login', 'retry'],
      },
    ])
  })

  it('removes a session from every call', async () => {
    const target = await filled()
    expect(await target.delete(sessionId(2))).toBe(true)
    expect(await target.delete(sessionId(2))).toBe(false)
    expect(await target.get(sessionId(2))).toBeUndefined()
    expect(await target.chunkAt(sessionId(2), 0)).toBeUndefined()
    expect(await found(target, { labels: ['retry'] })).toEqual([])
  })

  it('takes new labels after the stop as an amendment', async () => {
    const target = await filled()
    await amendLabels(target, sessionId(3), ['fraud'])
    await amendLabels(target, sessionId(3), ['fraud', 'checked'])
    expect(await found(target, { labels: ['checked'] })).toEqual([3])
    expect(await target.get(sessionId(3))).toMatchObject({
      labelsRevision: 2,
      chunks: 5,
      state: 'stopped',
      streams: [{ frames: 6 }],
    })
    await expect(amendLabels(target, sessionId(77), ['x'])).rejects.toMatchObject({ code: 'not-found' })
  })
})
