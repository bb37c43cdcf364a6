import { describe, expect, it, onTestFinished } from 'vitest'
import type { SessionEvent } from '../../src/session/events.js'
import type { SessionOptions } from '../../src/worker/checks/session-options.js'
import { decodeChunks, rowsOf } from '../support/collect.js'
import { createRecorder, ENGINES } from '../support/node-recorder.js'

describe.each(ENGINES)('a flight recorder ($engine)', ({ worker, transport }) => {
  async function open(options: Partial<SessionOptions> = {}) {
    const recorder = await createRecorder({ store: 'memory', worker, transport })
    onTestFinished(() => recorder.dispose())
    const session = await recorder.createSession({
      mode: { preTriggerMs: 1000 },
      streams: { s: { channels: ['v'], clock: 'relative' } },
      ...options,
    })
    return { recorder, session, stream: session.stream('s') }
  }

  it('writes nothing until it is triggered, then the past and what follows', async () => {
    const { recorder, session, stream } = await open({ labels: ['crash'] })
    const states: string[] = []
    session.addEventListener('statechange', (event: SessionEvent<'statechange'>) => states.push(event.detail.state))
    expect(session.state).toBe('armed')
    for (let i = 0; i < 5000; i++) expect(stream.push(i, i)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 120))
    expect((await recorder.sessions.page()).sessions).toEqual([])
    await session.trigger('impact')
    expect(session.state).toBe('recording')
    for (let i = 5000; i < 5500; i++) stream.push(i, i)
    const summary = await session.stop()
    expect(states).toEqual(['recording', 'stopping', 'stopped'])
    // the last second by the stream's own clock: 3999 to 4999
    expect(summary.streams.s).toMatchObject({
      received: 5500,
      ingested: 1501,
      produced: 1501,
      lost: { overflow: 3999 },
    })
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(rowsOf(chunks, 's').map(([time]) => Number(time) / 1e6)).toEqual(
      Array.from({ length: 1501 }, (_, i) => 3999 + i),
    )
    expect(chunks.flatMap(({ marks }) => marks)).toMatchObject([{ name: 'trigger', properties: { reason: 'impact' } }])
    expect((await recorder.sessions.page({ labels: ['crash'] })).sessions).toHaveLength(1)
  })

  it('keeps what came within that time of the trigger, also of a stream that has gone quiet', async () => {
    const { recorder, session } = await open({
      mode: { preTriggerMs: 200 },
      streams: {
        s: { channels: ['v'] },
        lively: { channels: ['v'] },
        // nothing says how long ago that was
        foreign: { channels: ['v'], clock: 'relative' },
      },
    })
    const push = (stream: string, value: number) => session.stream(stream).push(performance.now(), value)
    push('s', 1)
    push('lively', 1)
    push('foreign', 1)
    await new Promise((resolve) => setTimeout(resolve, 250))
    push('lively', 2)
    await session.trigger()
    push('s', 3)
    const { streams } = await session.stop()
    expect(streams.s).toMatchObject({ received: 2, ingested: 1, lost: { overflow: 1 } })
    expect(streams.lively).toMatchObject({ received: 2, ingested: 1, lost: { overflow: 1 } })
    expect(streams.foreign).toMatchObject({ received: 1, ingested: 1, lost: {} })
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(rowsOf(chunks, 's').map(([, value]) => value)).toEqual([3])
    expect(rowsOf(chunks, 'lively').map(([, value]) => value)).toEqual([2])
  })

  it('keeps its memory, however much goes by', async () => {
    const { session, stream } = await open({ mode: { preTriggerMs: 3_600_000 } })
    const frames = 100_000
    const times = new Float64Array(frames)
    const values = new Float64Array(frames)
    let last = 0
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < frames; i++) times[i] = ++last / 1000
      expect(stream.write(times, values)).toBe(frames)
    }
    await session.trigger()
    const { received, ingested, lost } = (await session.stop()).streams.s!
    expect(received).toBe(2_000_000)
    expect(ingested + lost.overflow!).toBe(received)
    // 8 MiB of frames of 24 bytes
    expect(ingested).toBeGreaterThan(200_000)
    expect(ingested * 24).toBeLessThanOrEqual(8_388_608)
  })

  it('counts everything as stopped when it is never triggered, and leaves no trace', async () => {
    const { recorder, session, stream } = await open()
    for (let i = 0; i < 2000; i++) stream.push(i, i)
    const summary = await session.stop()
    expect(summary).toMatchObject({ chunks: 0, bytes: 0 })
    const { received, ingested, lost } = summary.streams.s!
    expect({ received, ingested }).toEqual({ received: 2000, ingested: 0 })
    expect(Object.values(lost).reduce((a, b) => a + b, 0)).toBe(2000)
    expect(lost.stopped).toBeGreaterThanOrEqual(1000)
    expect((await recorder.sessions.page()).sessions).toEqual([])
    await expect(session.trigger()).rejects.toMatchObject({ code: 'ended' })
  })

  it('carries marks made while it was armed, is triggered once, and ends by duration after that', async () => {
    const { recorder, session, stream } = await open({ duration: 60 })
    session.mark('before')
    stream.push(1, 1)
    await new Promise((resolve) => setTimeout(resolve, 90))
    expect(session.state).toBe('armed')
    await Promise.all([session.trigger('first'), session.trigger('second')])
    await new Promise<void>((resolve) => {
      session.addEventListener('statechange', () => session.state === 'stopped' && resolve())
    })
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(chunks.flatMap(({ marks }) => marks.map(({ name }) => name))).toEqual(['before', 'trigger'])
    expect((await session.stop()).streams.s).toMatchObject({ received: 1, ingested: 1 })
  })

  it('hands chunks over to who asks before the trigger, and none when there is no trigger', async () => {
    const { session, stream } = await open()
    const follow = async () => {
      const seqs: number[] = []
      for await (const { seq } of session.chunks()) seqs.push(seq)
      return seqs
    }
    const followed = follow()
    await new Promise((resolve) => setTimeout(resolve, 20))
    stream.push(1, 1)
    await session.trigger()
    await session.flush()
    await session.stop()
    expect(await followed).toEqual([0, 1])
    expect(await follow()).toEqual([0, 1])

    const other = await open()
    const before = other.session.chunks().next()
    await other.session.stop()
    expect(await before).toEqual({ done: true, value: undefined })
    expect(await other.session.chunks().next()).toEqual({ done: true, value: undefined })
  })

  it('is no flight recorder without a mode, and refuses modes that are none', async () => {
    const { recorder, session } = await open({ mode: undefined as never })
    await expect(session.trigger()).rejects.toMatchObject({ code: 'wrong-state' })
    const streams = { s: { channels: ['v'] } }
    for (const mode of [{ preTriggerMs: 0 }, { preTriggerMs: 1e9 }]) {
      await expect(recorder.createSession({ streams, mode })).rejects.toThrow(/mode\.preTriggerMs.*expected 1–3600000/)
    }
    await expect(recorder.createSession({ streams, mode: {} as never })).rejects.toThrow(TypeError)
  })
})
