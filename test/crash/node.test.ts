import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { FileStore } from '../../src/node/file-store.js'
import { framesOf, readChunks } from '../../src/read/index.js'
import type { Query } from '../../src/store/query.js'
import type { SessionRecord } from '../../src/store/record.js'
import { recoverSessions } from '../../src/store/recovery.js'
import { KILLS, killMoments } from '../support/kills.js'
import { canCutPower, PoweredDirectory } from '../support/power-cut.js'
import { temporaryDirectory } from '../support/store-directory.js'

const SCRIPT = new URL('../support/crash-recorder.mjs', import.meta.url).pathname
const DIST = new URL('../../dist/node.js', import.meta.url).href
/** Frames the page gathers before it hands them over, at the pace of the recorder: 15 a millisecond, for 100 ms. */
const HANDOVER_FRAMES = 1500
const CHUNK_FRAMES = 170
const POWER_CUTS = Math.ceil(KILLS.node / 6)

/** Lets a recorder run until a moment after it has begun to work, kills it and returns what it had said. */
async function killedAfter(
  directory: string,
  mode: 'stream' | 'sessions',
  ms: number,
  env: Record<string, string> = {},
): Promise<string[][]> {
  const child = spawn(process.execPath, [SCRIPT, DIST, directory, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  let printed = ''
  child.stdout.on('data', (text) => (printed += text))
  await once(child.stdout, 'data')
  await delay(ms)
  expect(child.exitCode).toBeNull()
  child.kill('SIGKILL')
  await once(child, 'close')
  const lines = printed.split('\n').slice(0, -1)
  return lines.map((line) => line.split(' '))
}

async function framesIn(path: string): Promise<number> {
  let frames = 0
  for await (const item of readChunks(createReadStream(path))) {
    if (item.kind === 'damage') {
      // at the end, where the write was cut off
      expect(item.error.code).toBe('truncated')
      continue
    }
    const { timestampsNs, channels } = framesOf(item.chunk, 's')
    for (let i = 0; i < timestampsNs.length; i++, frames++) {
      const isRight =
        timestampsNs[i] === BigInt(frames) * 1_000_000n &&
        channels.every(({ values }, c) => values[i] === Math.sin(2 * frames + c))
      if (!isRight) throw new Error(`frame ${frames} of ${path} is another one`)
    }
  }
  return frames
}

describe('a recorder in Node, killed at any moment (F15)', () => {
  it(
    `keeps every frame it had announced, ${Math.ceil(KILLS.node / 2)} times`,
    async () => {
      let [lostAtMost, durable] = [0, 0]
      for (const ms of killMoments(Math.ceil(KILLS.node / 2), 0, 500)) {
        const directory = await temporaryDirectory()
        const said = await killedAfter(directory, 'stream', ms)
        const id = said.find(([what]) => what === 'session')?.[1]
        const lastSeq = Number(said.findLast(([what]) => what === 'stored')?.[1] ?? -1)
        const accepted = Number(said.findLast(([what]) => what === 'accepted')?.[1] ?? 0)
        const store = await FileStore.open(directory)
        const found = (await store.page({ labels: ['crash'] })).sessions
        if (lastSeq < 0 && found.length === 0) continue
        expect(found).toMatchObject([{ id, state: 'recovered', journeyId: 'crash' }])
        expect(found[0]!.chunks).toBeGreaterThan(lastSeq)
        const frames = await framesIn(join(directory, `${id}.kymo`))
        expect(frames).toBe(found[0]!.streams[0]!.frames)
        durable += frames
        lostAtMost = Math.max(lostAtMost, accepted - frames)
        const [recovery] = await recoverSessions(store)
        expect(recovery?.session).toMatchObject({ id, state: 'recovered', chunks: found[0]!.chunks + 1 })
        expect(await framesIn(join(directory, `${id}.kymo`))).toBe(frames)
        await rm(directory, { recursive: true })
      }
      console.log(`${durable} durable frames, none lost; of those not yet announced at most ${lostAtMost} lost`)
      // the open chunk, the one being written, and what the page has not handed over
      expect(lostAtMost).toBeLessThanOrEqual(2 * CHUNK_FRAMES + HANDOVER_FRAMES)
    },
    20_000 + KILLS.node * 4000,
  )

  it(
    `has every session it had stopped, labelled and removed as it said, ${Math.floor(KILLS.node / 2)} times`,
    async () => {
      const directory = await temporaryDirectory()
      const labelOf = new Map<string, string>()
      const removed = new Set<string>()
      for (const ms of killMoments(Math.floor(KILLS.node / 2), 0, 300)) {
        // every run begins with what the ones before have left
        for (const [what, id, label] of await killedAfter(directory, 'sessions', ms)) {
          if (what === 'removed') removed.add(id!)
          else labelOf.set(id!, label!)
        }
        const store = await FileStore.open(directory)
        const sessions = await allOf(store)
        const byId = new Map(sessions.map((record) => [record.id, record]))
        for (const [id, label] of labelOf) {
          const record = byId.get(id)
          // what it was at when it was killed may be done without having been said
          if (removed.has(id) || !record) expect([id, removed.has(id) || id === lastOf(labelOf)]).toEqual([id, true])
          else if (id !== lastOf(labelOf)) expect(record).toMatchObject({ state: 'stopped', labels: [label] })
        }
        for (const id of removed) expect(byId.has(id)).toBe(false)
        const amended = (await allOf(store, { labels: ['amended'] })).map(({ id }) => id)
        expect(amended).toEqual(sessions.filter(({ labels }) => labels[0] === 'amended').map(({ id }) => id))
        const last = lastOf(labelOf)
        const lastRecord = last === undefined ? undefined : byId.get(last)
        if (lastRecord) labelOf.set(last!, lastRecord.labels[0]!)
        else if (last !== undefined) removed.add(last)
        await store.close()
      }
      const before = await allOf(await FileStore.open(directory))
      await rm(join(directory, '.kymograph'), { recursive: true })
      expect(await allOf(await FileStore.open(directory))).toEqual(before)
    },
    20_000 + KILLS.node * 4000,
  )
})

describe.skipIf(!canCutPower)('a recorder in Node whose power is cut (F17)', () => {
  it(
    `keeps every frame it had announced, ${POWER_CUTS} times`,
    async () => {
      let durable = 0
      for (const ms of killMoments(POWER_CUTS, 100, 600)) {
        const disk = await PoweredDirectory.make(await temporaryDirectory(), 'posix')
        const said = await killedAfter(disk.path, 'stream', ms, disk.env)
        const id = said.find(([what]) => what === 'session')?.[1]
        const lastSeq = Number(said.findLast(([what]) => what === 'stored')?.[1] ?? -1)
        const left = await temporaryDirectory()
        await disk.restore(left)
        const found = (await (await FileStore.open(left)).page({ labels: ['crash'] })).sessions
        if (lastSeq < 0 && found.length === 0) continue
        expect(found).toMatchObject([{ id, state: 'recovered', journeyId: 'crash' }])
        expect(found[0]!.chunks).toBeGreaterThan(lastSeq)
        durable += await framesIn(join(left, `${id}.kymo`))
      }
      console.log(`${POWER_CUTS} power cuts, ${durable} durable frames, none lost`)
    },
    20_000 + POWER_CUTS * 6000,
  )

  it(
    `has every session it had stopped, labelled and removed as it said, ${POWER_CUTS} times`,
    async () => {
      for (const ms of killMoments(POWER_CUTS, 100, 600)) {
        const disk = await PoweredDirectory.make(await temporaryDirectory(), 'posix')
        const labelOf = new Map<string, string>()
        const removed = new Set<string>()
        for (const [what, id, label] of await killedAfter(disk.path, 'sessions', ms, disk.env)) {
          if (what === 'removed') removed.add(id!)
          else labelOf.set(id!, label!)
        }
        const left = await temporaryDirectory()
        await disk.restore(left)
        const byId = new Map((await allOf(await FileStore.open(left))).map((record) => [record.id, record]))
        const last = lastOf(labelOf)
        for (const [id, label] of labelOf) {
          if (removed.has(id)) expect(byId.has(id)).toBe(false)
          // what it was at may be done without having been said
          else if (id !== last) expect(byId.get(id)).toMatchObject({ state: 'stopped', labels: [label] })
        }
      }
    },
    20_000 + POWER_CUTS * 6000,
  )
})

const lastOf = (map: Map<string, unknown>) => [...map.keys()].at(-1)

async function allOf(store: FileStore, query: Query = {}): Promise<SessionRecord[]> {
  const found: SessionRecord[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await store.page({ ...query, limit: 1000, cursor })
    found.push(...page.sessions)
    cursor = page.cursor
    if (cursor === undefined) return found
  }
}
