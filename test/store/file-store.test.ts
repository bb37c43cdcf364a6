import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FileStore } from '../../src/node/file-store.js'
import { thisProcess } from '../../src/node/process-identity.js'
import { amendLabels } from '../../src/store/amendment.js'
import { frameOf, sampleChunks } from '../../src/store/index.js'
import { chunksOf, sessionId, store } from '../support/session-chunks.js'
import { recordInProcess, sessionFilesIn, temporaryDirectory } from '../support/store-directory.js'

const CATALOGUE = '.kymograph/catalogue'

describe('a directory store', () => {
  it('names files by session id, whatever the journey is called (F54)', async () => {
    const path = await temporaryDirectory()
    const target = await FileStore.open(path)
    const journeys = ['../../etc/passwd', '%2e%2e/', '..\\', 'CON', 'a\0b', '/']
    for (const [i, journeyId] of journeys.entries())
      await store(target, { id: sessionId(i), startMinute: i, journeyId })
    expect((await sessionFilesIn(path)).sort()).toEqual(journeys.map((_, i) => `${sessionId(i)}.kymo`))
    expect((await target.journeys()).map(({ journeyId }) => journeyId).sort()).toEqual([...journeys].sort())
  })

  it('makes its catalogue from the files alone', async () => {
    const path = await temporaryDirectory()
    const first = await FileStore.open(path)
    for (let i = 0; i < 5; i++) await store(first, { id: sessionId(i), startMinute: i, labels: [`l${i}`], chunks: 3 })
    await amendLabels(first, sessionId(2), ['amended'])
    const page = await first.page({})
    expect(await (await FileStore.open(path)).page({})).toEqual(page)
    await rm(join(path, '.kymograph'), { recursive: true })
    expect(await (await FileStore.open(path)).page({})).toEqual(page)
  })

  it('survives a catalogue that is damaged at any byte, or cut short anywhere', async () => {
    const path = await temporaryDirectory()
    const first = await FileStore.open(path)
    for (let i = 0; i < 5; i++) await store(first, { id: sessionId(i), startMinute: i, labels: [`l${i}`] })
    await first.delete(sessionId(4))
    await amendLabels(first, sessionId(2), ['amended'])
    await amendLabels(first, sessionId(3), ['amended'])
    const page = await first.page({})
    const amended = await first.page({ labels: ['amended'] })
    expect(amended.sessions).toHaveLength(2)
    const bytes = await readFile(join(path, CATALOGUE))
    const version = bytes.indexOf('1')
    for (const at of [version, ...Array.from({ length: Math.ceil(bytes.length / 23) }, (_, i) => 23 * i)]) {
      const damaged = Uint8Array.from(bytes)
      damaged[at]! ^= 1
      for (const content of [damaged, bytes.subarray(0, at)]) {
        await writeFile(join(path, CATALOGUE), content)
        // what is cut off between two lines leaves no trace in what is left
        const isNoticed = content === damaged || bytes[at - 1] !== 10
        if (isNoticed) expect(await (await FileStore.open(path)).page({ labels: ['amended'] })).toEqual(amended)
        expect(await (await FileStore.open(path)).page({})).toEqual(page)
      }
    }
  })

  it('looks through its files once when the catalogue is damaged, and writes it anew', async () => {
    const path = await temporaryDirectory()
    const first = await FileStore.open(path)
    for (let i = 0; i < 5; i++) await store(first, { id: sessionId(i), startMinute: i })
    const bytes = await readFile(join(path, CATALOGUE))
    bytes[bytes.length - 20]! ^= 1
    await writeFile(join(path, CATALOGUE), bytes)
    expect((await (await FileStore.open(path)).page({})).sessions).toHaveLength(5)
    const lines = (await readFile(join(path, CATALOGUE), 'utf8')).trim().split('\n')
    expect(lines.filter((line) => line.includes('"session"'))).toHaveLength(5)
  })

  it('refuses a catalogue of a later version and leaves it alone (F42)', async () => {
    const path = await temporaryDirectory()
    await store(await FileStore.open(path), { id: sessionId(1), startMinute: 1 })
    await writeFile(join(path, CATALOGUE), 'kymograph catalogue 2\nsomething new\n')
    await expect((await FileStore.open(path)).page({})).rejects.toMatchObject({ code: 'version' })
    expect(await readFile(join(path, CATALOGUE), 'utf8')).toBe('kymograph catalogue 2\nsomething new\n')
  })

  it('sees what another process writes, removes and puts there by hand', async () => {
    const path = await temporaryDirectory()
    const [reader, writer] = await Promise.all([FileStore.open(path), FileStore.open(path)])
    await store(writer, { id: sessionId(1), startMinute: 1 })
    await store(writer, { id: sessionId(2), startMinute: 2, labels: ['a'] })
    expect((await reader.page({})).sessions).toHaveLength(2)
    await amendLabels(writer, sessionId(2), ['b'])
    expect((await reader.page({ labels: ['b'] })).sessions).toHaveLength(1)
    await writer.delete(sessionId(1))
    expect((await reader.page({})).sessions).toHaveLength(1)
    const other = await temporaryDirectory()
    await store(await FileStore.open(other), { id: sessionId(3), startMinute: 3 })
    await writeFile(join(path, `${sessionId(3)}.kymo`), await readFile(join(other, `${sessionId(3)}.kymo`)))
    await rm(join(path, `${sessionId(2)}.kymo`))
    expect((await reader.page({})).sessions).toMatchObject([{ id: sessionId(3) }])
  })

  it('lists a file cut at any length with its whole chunks, as recovered (F38)', async () => {
    const path = await temporaryDirectory()
    await store(await FileStore.open(path), { id: sessionId(1), startMinute: 1, chunks: 3 })
    const file = join(path, `${sessionId(1)}.kymo`)
    const bytes = await readFile(file)
    for (let length = bytes.length - 1; length >= 0; length -= 37) {
      await truncate(file, length)
      const record = await (await FileStore.open(path)).get(sessionId(1))
      const whole = Math.floor((length / bytes.length) * 3)
      expect(record?.chunks ?? 0).toBe(whole)
      if (record) expect(record).toMatchObject({ state: 'recovered', streams: [{ frames: 2 * whole }] })
    }
  })

  it('lists a file with a damaged chunk by its other chunks (F39)', async () => {
    const path = await temporaryDirectory()
    await store(await FileStore.open(path), { id: sessionId(1), startMinute: 1, chunks: 3 })
    const file = join(path, `${sessionId(1)}.kymo`)
    const bytes = await readFile(file)
    for (const [round, offset] of [8, 100, bytes.length - 20].entries()) {
      const damaged = Uint8Array.from(bytes)
      damaged[offset]! ^= 4
      await writeFile(file, damaged)
      await utimes(file, round, round)
      const expected = { id: sessionId(1), chunks: 2 }
      expect((await (await FileStore.open(path)).page({})).sessions).toMatchObject([expected])
      expect(await (await FileStore.open(path)).get(sessionId(1))).toMatchObject(expected)
    }
  })

  it('lists the others beside files that are none of its own, hold nothing or cannot be read', async () => {
    const path = await temporaryDirectory()
    const target = await FileStore.open(path)
    await store(target, { id: sessionId(9), startMinute: 9, labels: ['a'] })
    await writeFile(join(path, 'notes.txt'), 'hello')
    await writeFile(join(path, `${sessionId(1)}.kymo`), 'not a session')
    await writeFile(join(path, `${sessionId(2)}.kymo`), '')
    await mkdir(join(path, `${sessionId(3)}.kymo`))
    await writeFile(join(path, `${sessionId(4)}.kymo`), await readFile(join(path, `${sessionId(9)}.kymo`)))
    await chmod(join(path, `${sessionId(4)}.kymo`), 0)
    for (const one of [target, await FileStore.open(path)]) {
      expect((await one.page({})).sessions).toMatchObject([{ id: sessionId(9) }])
      expect(await one.labels()).toEqual([{ label: 'a', sessions: 1 }])
      expect(await one.get(sessionId(3))).toBeUndefined()
    }
  })

  it('keeps the lock of a dead process until its file can be read, and looks for that each time', async () => {
    const [path, elsewhere] = await Promise.all([temporaryDirectory(), temporaryDirectory()])
    const [file, lock] = [join(path, `${sessionId(1)}.kymo`), join(path, '.kymograph', `${sessionId(1)}.lock`)]
    await store(await FileStore.open(path), { id: sessionId(1), startMinute: 1, isFinal: false })
    await rename(file, join(elsewhere, 'session'))
    await rm(join(path, CATALOGUE))
    // a directory cannot be read; what it becomes later changes nothing in the store's own directory
    await mkdir(join(elsewhere, 'target'))
    await symlink(join(elsewhere, 'target'), file)
    await writeFile(lock, JSON.stringify({ ...thisProcess, born: 'yesterday/1', token: 't' }))
    const target = await FileStore.open(path)
    expect((await target.page({})).sessions).toEqual([])
    expect(await readFile(lock, 'utf8')).toContain('yesterday')
    await rmdir(join(elsewhere, 'target'))
    await rename(join(elsewhere, 'session'), join(elsewhere, 'target'))
    expect((await target.page({})).sessions).toMatchObject([{ id: sessionId(1), state: 'recovered' }])
    await expect(readFile(lock)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('reads of a long session somebody else is writing only what has come since', async () => {
    const path = await temporaryDirectory()
    const [writer, reader] = await Promise.all([FileStore.open(path), FileStore.open(path)])
    const chunks = sampleChunks({ number: 1, startMinute: 1, chunks: 8000, framesPerChunk: 100, isFinal: false })
    const last = chunks.splice(-5)
    for (const chunk of chunks) await writeFile(join(path, `${sessionId(1)}.kymo`), frameOf(chunk), { flag: 'a' })
    const times: number[] = []
    for (const [index, chunk] of last.entries()) {
      await writer.append(chunk, frameOf(chunk))
      const begunMs = performance.now()
      expect(await reader.get(sessionId(1))).toMatchObject({ state: 'recording', chunks: 7996 + index })
      times.push(performance.now() - begunMs)
    }
    const [first, ...others] = times
    expect(Math.min(...others)).toBeLessThan(first! / 3)
  }, 30_000)

  it('refuses a path that is a file', async () => {
    const path = join(await temporaryDirectory(), 'file')
    await writeFile(path, '')
    await expect(FileStore.open(path)).rejects.toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining('is a file'),
    })
  })

  it('makes a missing directory with the first chunk, not before', async () => {
    const path = join(await temporaryDirectory(), 'deep', 'er')
    const target = await FileStore.open(path)
    expect((await target.page({})).sessions).toEqual([])
    await expect(readdir(path)).rejects.toMatchObject({ code: 'ENOENT' })
    await store(target, { id: sessionId(1), startMinute: 1 })
    expect(await sessionFilesIn(path)).toHaveLength(1)
  })

  it('forgets a session: nothing in the directory tells of it (F61)', async () => {
    const path = await temporaryDirectory()
    const target = await FileStore.open(path)
    await store(target, {
      id: sessionId(1),
      startMinute: 1,
      labels: ['canary-label'],
      metadata: { canary: 'feathers' },
    })
    await store(target, { id: sessionId(2), startMinute: 2, labels: ['other'] })
    const ledger = target.ledger('collector')
    for (const id of [1, 2]) await ledger.write(sessionId(id), { done: 1, quarantined: [] })
    expect(await target.forget(sessionId(1))).toBe(true)
    await ledger.write(sessionId(1), undefined)
    expect((await target.ledger('collector').read()).size).toBe(1)
    expect(await target.forget(sessionId(1))).toBe(false)
    for (const entry of await readdir(path, { withFileTypes: true, recursive: true })) {
      expect(entry.name).not.toContain(sessionId(1))
      if (!entry.isFile()) continue
      const text = await readFile(join(entry.parentPath, entry.name), 'latin1')
      for (const trace of ['canary', 'feathers', sessionId(1)]) expect(text).not.toContain(trace)
    }
    expect((await (await FileStore.open(path)).page({})).sessions).toMatchObject([{ id: sessionId(2) }])
  })
})

describe('a session written by another process', () => {
  it('is listed as recording, cannot be written or removed, and is recovered once that process is killed (F15, F41)', async () => {
    const path = await temporaryDirectory()
    const writer = await recordInProcess(path)
    await writer.stored(3)
    const target = await FileStore.open(path)
    const chunksSeen = async () => (await target.page({ labels: ['crash'], state: 'recording' })).sessions[0]?.chunks
    const before = await chunksSeen()
    expect(before).toBeGreaterThanOrEqual(3)
    await writer.stored(before! + 5)
    expect(await chunksSeen()).toBeGreaterThan(before!)
    const [chunk] = chunksOf({ id: writer.sessionId, startMinute: 1 })
    const locked = { code: 'session-locked', message: expect.stringContaining('is being written by process') }
    await expect(store(target, { id: chunk!.sessionId, startMinute: 1 })).rejects.toMatchObject(locked)
    await expect(target.delete(writer.sessionId)).rejects.toMatchObject(locked)
    await expect(amendLabels(target, writer.sessionId, ['x'])).rejects.toMatchObject(locked)
    await writer.kill()
    const record = await target.get(writer.sessionId)
    expect(record).toMatchObject({ state: 'recovered', labels: ['crash'] })
    expect(record!.chunks).toBeGreaterThan(writer.lastSeq())
    expect((await readdir(join(path, '.kymograph'))).filter((name) => name.endsWith('.lock'))).toEqual([])
    expect(await amendLabels(target, writer.sessionId, ['x'])).toMatchObject({ labels: ['x'], state: 'recovered' })
    expect((await (await FileStore.open(path)).page({ labels: ['x'] })).sessions).toHaveLength(1)
  }, 20_000)

  it('keeps the catalogue for the moment it writes, though the clock is set ahead meanwhile (F62)', async () => {
    const path = await temporaryDirectory()
    const target = await FileStore.open(path)
    await store(target, { id: sessionId(1), startMinute: 1 })
    const lock = join(path, `${CATALOGUE}.lock`)
    await writeFile(lock, JSON.stringify({ ...thisProcess, token: 't' }))
    await utimes(lock, 0, 0)
    const stored = store(target, { id: sessionId(2), startMinute: 2 })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(await readFile(lock, 'utf8')).toContain('"t"')
    await rm(lock)
    await stored
    expect((await (await FileStore.open(path)).page({})).sessions).toHaveLength(2)
  })

  it("is nobody's when the lock names no owner and is not new", async () => {
    const path = await temporaryDirectory()
    const lock = join(path, '.kymograph', `${sessionId(1)}.lock`)
    for (const content of ['{}', 'null', '[]', '', '{"host":1}']) {
      await store(await FileStore.open(path), { id: sessionId(1), startMinute: 1, isFinal: false })
      await writeFile(lock, content)
      await utimes(lock, 1, 1)
      expect(await (await FileStore.open(path)).get(sessionId(1))).toMatchObject({ state: 'recovered' })
      expect(await (await FileStore.open(path)).delete(sessionId(1))).toBe(true)
    }
  })

  it('can be told from one whose process number was given to another', async () => {
    const path = await temporaryDirectory()
    const target = await FileStore.open(path)
    await store(target, { id: sessionId(1), startMinute: 1, isFinal: false })
    const lock = join(path, '.kymograph', `${sessionId(1)}.lock`)
    await writeFile(lock, JSON.stringify({ ...thisProcess, born: 'yesterday/1', token: 't' }))
    expect(await target.get(sessionId(1))).toMatchObject({ state: 'recovered' })
    await expect(readFile(lock)).rejects.toMatchObject({ code: 'ENOENT' })
    await writeFile(lock, JSON.stringify({ ...thisProcess, host: 'elsewhere', token: 't' }))
    expect(await target.get(sessionId(1))).toMatchObject({ state: 'recording' })
  })
})
