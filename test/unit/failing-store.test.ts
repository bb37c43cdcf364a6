import { describe, expect, it, onTestFinished } from 'vitest'
import { MemoryStore } from '../../src/store/memory-store.js'
import type { Chunk } from '../../src/wire/model.js'
import { decodeChunks, rowsOf } from '../support/collect.js'
import { createInProcessRecorder } from '../support/in-process-recorder.js'

/** Does not answer until it is let go. */
class StalledStore extends MemoryStore {
  letGo: () => void = () => {}
  readonly #held = new Promise<void>((resolve) => {
    this.letGo = resolve
  })

  override async append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    await this.#held
    await super.append(chunk, frame)
  }
}

describe.each(['batch', 'shared'] as const)('a store that does not answer (%s)', (transport) => {
  it('costs no more memory than the cap, and every frame is accounted for afterwards (F8)', async () => {
    const store = new StalledStore()
    const recorder = await createInProcessRecorder(store, transport)
    const session = await recorder.createSession({ streams: { s: { channels: ['v'] } }, chunk: { maxMs: 20 } })
    const stream = session.stream('s')
    const frames = 20_000
    const values = new Float64Array(frames)
    const taken: number[] = []
    let pushed = 0
    // a minute of 20,000 frames a second
    for (let round = 0; round < 60; round++) {
      const times = Float64Array.from(values, (_, i) => pushed + i)
      const now = stream.write(times, times)
      for (let i = 0; i < now; i++) taken.push(pushed + i)
      pushed += frames
      // the worker's side has its turn, but nothing gets stored
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(stream.counts).toEqual({
      received: pushed,
      lost: { overflow: pushed - taken.length },
      invalidValues: 0,
    })
    // a frame takes 24 bytes on its way: 8 MiB of them, and one batch
    expect(taken.length * 24).toBeGreaterThan(4_000_000)
    expect(taken.length * 24).toBeLessThan(8_388_608 + 65_536)
    store.letGo()
    const summary = await session.stop()
    expect(summary.streams.s).toMatchObject({
      received: pushed,
      ingested: taken.length,
      pending: 0,
      lost: { overflow: pushed - taken.length },
    })
    const rows = rowsOf(await decodeChunks(recorder.sessions.chunks(session.id)), 's')
    expect(rows.map(([, value]) => value)).toEqual(taken)
    await recorder.dispose()
  })
})

it('a store that cannot let go of a session fails nothing: what was announced is stored', async () => {
  const store = new MemoryStore()
  store.release = () => Promise.reject(new Error('gone'))
  const rejections: unknown[] = []
  const note = (reason: unknown) => rejections.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const recorder = await createInProcessRecorder(store)
  const session = await recorder.createSession({ streams: { s: { channels: ['v'] } } })
  session.stream('s').push(1, 2)
  expect(await session.stop()).toMatchObject({ chunks: 1 })
  await recorder.dispose()
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(rejections).toEqual([])
})
