import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FileStore } from '../../src/node/file-store.js'
import { sessionId, store } from '../support/session-chunks.js'

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kymograph-files-'))
  onTestFinished(() => rm(path, { recursive: true }))
  return path
}

describe('a directory store', () => {
  it('names files by session id, whatever the journey is called (F54)', async () => {
    const path = await directory()
    const target = await FileStore.open(path)
    const journeys = ['../../etc/passwd', '%2e%2e/', '..\\', 'CON', 'a\0b', '/']
    for (const [i, journeyId] of journeys.entries())
      await store(target, { id: sessionId(i), startMinute: i, journeyId })
    expect((await readdir(path)).sort()).toEqual(journeys.map((_, i) => `${sessionId(i)}.kymo`))
    expect((await target.journeys()).map(({ journeyId }) => journeyId).sort()).toEqual([...journeys].sort())
  })

  it('makes its catalogue from the files alone', async () => {
    const path = await directory()
    const first = await FileStore.open(path)
    for (let i = 0; i < 5; i++) await store(first, { id: sessionId(i), startMinute: i, labels: [`l${i}`], chunks: 3 })
    const second = await FileStore.open(path)
    expect(await second.page({})).toEqual(await first.page({}))
  })

  it('sees what another process writes and removes', async () => {
    const path = await directory()
    const [reader, writer] = await Promise.all([FileStore.open(path), FileStore.open(path)])
    await store(writer, { id: sessionId(1), startMinute: 1 })
    expect((await reader.page({})).sessions).toHaveLength(1)
    await writer.delete(sessionId(1))
    expect((await reader.page({})).sessions).toHaveLength(0)
  })

  it('lists a file cut at any length with its whole chunks, as recovered (F38)', async () => {
    const path = await directory()
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
    const path = await directory()
    await store(await FileStore.open(path), { id: sessionId(1), startMinute: 1, chunks: 3 })
    const file = join(path, `${sessionId(1)}.kymo`)
    const bytes = await readFile(file)
    for (const offset of [8, 100, bytes.length - 20]) {
      const damaged = Uint8Array.from(bytes)
      damaged[offset]! ^= 4
      await writeFile(file, damaged)
      expect(await (await FileStore.open(path)).get(sessionId(1))).toMatchObject({ id: sessionId(1), chunks: 2 })
      await rm(file)
    }
  })

  it('ignores files that are none of its own', async () => {
    const path = await directory()
    await writeFile(join(path, 'notes.txt'), 'hello')
    await writeFile(join(path, `${sessionId(1)}.kymo`), 'not a session')
    await writeFile(join(path, `${sessionId(2)}.kymo`), '')
    expect((await (await FileStore.open(path)).page({})).sessions).toEqual([])
  })

  it('refuses a path that is a file', async () => {
    const path = join(await directory(), 'file')
    await writeFile(path, '')
    await expect(FileStore.open(path)).rejects.toMatchObject({
      code: 'store-unusable',
      message: expect.stringContaining('is a file'),
    })
  })

  it('makes a missing directory with the first chunk, not before', async () => {
    const path = join(await directory(), 'deep', 'er')
    const target = await FileStore.open(path)
    expect((await target.page({})).sessions).toEqual([])
    await expect(readdir(path)).rejects.toMatchObject({ code: 'ENOENT' })
    await store(target, { id: sessionId(1), startMinute: 1 })
    expect(await readdir(path)).toHaveLength(1)
  })
})
