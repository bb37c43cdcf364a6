import { describe, expect, it, onTestFinished } from 'vitest'
import type { SessionEvent } from '../../src/session/events.js'
import { decodeChunks, rowsOf } from '../support/collect.js'
import { createRecorder, ENGINES } from '../support/node-recorder.js'

describe.each(ENGINES)('a burst of 600,000 frames in one task ($engine)', ({ worker, transport }) => {
  const FRAMES = 600_000
  const times = Float64Array.from({ length: FRAMES }, (_, i) => i)
  const values = Float64Array.from({ length: 3 * FRAMES }, (_, i) => Math.floor(i / 3))

  async function record(overflow: 'drop-newest' | 'drop-oldest') {
    const recorder = await createRecorder({ store: 'memory', worker, transport })
    onTestFinished(() => recorder.dispose())
    const session = await recorder.createSession({ streams: { s: { channels: ['a', 'b', 'c'], overflow } } })
    const losses: number[] = []
    session.addEventListener('loss', (event: SessionEvent<'loss'>) => losses.push(event.detail.frames))
    const taken = session.stream('s').write(times, values)
    const { counts } = session.stream('s')
    const summary = await session.stop()
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    for (const { streams } of chunks) {
      const { received, ingested, lost } = streams[0]!.counts
      expect(received).toBe(ingested + Object.values(lost).reduce((a, b) => a + b, 0))
    }
    const kept = rowsOf(chunks, 's').map(([time, a]) => {
      expect(Number(time) / 1e6).toBe(a)
      return Number(a)
    })
    return { taken, counts, stream: summary.streams.s!, kept, losses: losses.reduce((a, b) => a + b, 0) }
  }

  it('loses the newest, counted (F7)', async () => {
    const { taken, counts, stream, kept, losses } = await record('drop-newest')
    expect(counts.received).toBe(FRAMES)
    expect(stream).toMatchObject({ received: FRAMES, ingested: taken })
    expect(stream.lost.overflow ?? 0).toBe(FRAMES - taken)
    expect(losses).toBe(FRAMES - taken)
    expect(kept).toHaveLength(taken)
    // one thread cannot store while it writes
    if (transport === 'batch') expect(taken).toBeLessThan(FRAMES)
    expect(kept[0]).toBe(0)
    for (let i = 1; i < kept.length; i++) if (kept[i]! <= kept[i - 1]!) expect.fail(`frame ${i} is out of order`)
  })

  it('loses the oldest, counted, when told to (F7)', async () => {
    const { taken, counts, stream, kept, losses } = await record('drop-oldest')
    expect(taken).toBe(FRAMES)
    expect(counts.received).toBe(FRAMES)
    expect(stream.received).toBe(FRAMES)
    expect(stream.ingested).toBe(FRAMES - stream.lost.overflow!)
    expect(stream.lost.overflow).toBeGreaterThan(0)
    expect(losses).toBe(stream.lost.overflow)
    expect(kept).toHaveLength(stream.ingested)
    expect(kept.at(-1)).toBe(FRAMES - 1)
    for (let i = 1; i < kept.length; i++) if (kept[i]! <= kept[i - 1]!) expect.fail(`frame ${i} is out of order`)
  })
})
