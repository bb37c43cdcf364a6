import { describe, expect, it, onTestFinished } from 'vitest'
import type { SessionEvent } from '../../src/session/events.js'
import type { SessionOptions } from '../../src/worker/checks/session-options.js'
import { decodeChunks, rowsOf } from '../support/collect.js'
import { createRecorder, ENGINES } from '../support/node-recorder.js'

const STREAMS = { imu: { channels: ['x', 'y'] } }

describe.each(ENGINES)('a session ($engine)', ({ worker, transport }) => {
  async function open(options: Partial<SessionOptions> = {}) {
    const recorder = await createRecorder({ store: 'memory', worker, transport })
    onTestFinished(() => recorder.dispose())
    const session = await recorder.createSession({ streams: STREAMS, ...options })
    return { recorder, session }
  }

  it('runs where it was asked to', async () => {
    const { recorder } = await open()
    expect(recorder.capabilities).toMatchObject({
      thread: worker === 'none' ? 'in-thread' : 'worker',
      kernels: 'wasm',
      transport,
      store: { kind: 'memory', durability: 'memory' },
    })
  })

  it('gives back what was pushed and accounts for every frame', async () => {
    const { recorder, session } = await open({ labels: ['login'], journeyId: 'j-1', metadata: { app: 'shop' } })
    const imu = session.stream('imu')
    expect(imu.push(1.5, 1, -0)).toBe(true)
    expect(imu.push(2.5, undefined, Number.NaN)).toBe(true)
    expect(imu.push(2.5, Number.POSITIVE_INFINITY)).toBe(true)
    const summary = await session.stop()
    expect(session.state).toBe('stopped')
    expect(summary).toMatchObject({ id: session.id, journeyId: 'j-1', labels: ['login'], chunks: 1 })
    expect(summary.streams.imu).toMatchObject({
      received: 3,
      ingested: 3,
      produced: 3,
      pending: 0,
      lost: {},
      repeatedTimestamps: 1,
    })
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(chunks.at(-1)).toMatchObject({ final: true, journeyId: 'j-1', labels: ['login'] })
    expect(chunks[0]!.metadata.get('app')).toBe('shop')
    expect(chunks[0]!.metadata.get('library')).toMatch(/^kymograph\//)
    expect(rowsOf(chunks, 'imu')).toEqual([
      [1_500_000n, 1, -0],
      [2_500_000n, undefined, Number.NaN],
      [2_500_000n, Number.POSITIVE_INFINITY, undefined],
    ])
  })

  it('tells listeners what its events carry, and lets go of them again', async () => {
    const { recorder, session } = await open()
    const states: string[] = []
    const onState = ({ detail }: SessionEvent<'statechange'>) => states.push(detail.state)
    const onWarning = ({ detail: { message } }: SessionEvent<'warning'>) => states.push(message)
    session.addEventListener('statechange', onState)
    recorder.addEventListener('warning', onWarning)
    session.pause()
    session.removeEventListener('statechange', onState)
    recorder.removeEventListener('warning', onWarning)
    session.resume()
    expect(states).toEqual(['paused'])
  })

  it('keeps a channel with a precision within half of it, the others bit for bit', async () => {
    const channels = [{ name: 'x', precision: 0.01 }, 'y', { name: 'z', type: 'f32', precision: 0.5 }] as const
    const { recorder, session } = await open({ streams: { imu: { channels: [...channels] } } })
    const imu = session.stream('imu')
    const given = Array.from({ length: 700 }, (_, index) => Math.sin(index / 9) * 9.80665)
    for (const [index, value] of given.entries()) imu.push(index, index === 5 ? -0 : value, value, value)
    await session.stop()
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(chunks[0]!.streams[0]!.descriptor.channels.map(({ precision }) => precision)).toEqual([0.01, undefined, 0.5])
    for (const [index, [, x, y, z]] of rowsOf(chunks, 'imu').entries()) {
      if (index === 5) expect(x).toBe(-0)
      else expect(Math.abs((x as number) - given[index]!)).toBeLessThanOrEqual(0.005)
      expect(y).toBe(given[index])
      expect(Math.abs((z as number) - given[index]!)).toBeLessThanOrEqual(0.25 + 1e-6)
    }
  })

  it.each([
    [0, 'RangeError', '"streams.imu.x.precision" expected > 0, got 0'],
    [Number.NaN, 'RangeError', '"streams.imu.x.precision" expected > 0, got NaN'],
    ['0.1', 'TypeError', '"streams.imu.x.precision" expected a number, got "0.1"'],
  ])('refuses a precision of %s', async (precision, name, message) => {
    const streams = { imu: { channels: [{ name: 'x', precision: precision as number }] } }
    await expect(open({ streams })).rejects.toMatchObject({ name, message })
  })

  it('refuses a precision of what is exact', async () => {
    const streams = { imu: { channels: [{ name: 'x', type: 'i32' as const, precision: 1 }] } }
    await expect(open({ streams })).rejects.toThrow(
      new TypeError('"streams.imu.x.precision" expected only for types "f64" and "f32", got type "i32"'),
    )
  })

  it('keeps every channel type, and what does not fit as absent and counted (F5)', async () => {
    const { recorder, session } = await open({
      autoMetadata: false,
      streams: {
        all: {
          channels: [
            { name: 'd', type: 'f64' },
            { name: 'f', type: 'f32' },
            { name: 'i', type: 'i32' },
            { name: 'l', type: 'i64' },
            { name: 'e', type: 'enum', values: ['up', 'down'] },
            { name: 't', type: 'text' },
          ],
        },
      },
    })
    const warnings: string[] = []
    session.addEventListener('warning', (event: SessionEvent<'warning'>) => warnings.push(event.detail.code))
    const all = session.stream('all')
    all.push(1, 1e308, 0.1, -5, 2n ** 63n - 1n, 'down', 'grüße')
    all.push(2, 1e39, 1e39, 3e9, 2n ** 63n, 'sideways', 'lone \ud800')
    all.push(3, -0, -0, Number.NaN, 1.5, 2, 'x'.repeat(4097))
    all.push(4, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 31 - 1, 2 ** 53, 0, '')
    expect(all.push(Number.NaN, 1, 1, 1, 1, 'up', 'x')).toBe(false)
    expect(all.push(1e13, 1, 1, 1, 1, 'up', 'x')).toBe(false)
    const summary = await session.stop()
    expect(summary.streams.all).toMatchObject({
      received: 6,
      ingested: 4,
      lost: { 'invalid-value': 2 },
      invalidValues: 10,
    })
    expect(warnings).toContain('invalid-value')
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect([...chunks[0]!.metadata]).toEqual([])
    expect(rowsOf(chunks, 'all')).toEqual([
      [1_000_000n, 1e308, Math.fround(0.1), -5, 2n ** 63n - 1n, 'down', 'grüße'],
      [2_000_000n, 1e39, undefined, undefined, undefined, undefined, undefined],
      [3_000_000n, -0, -0, undefined, undefined, undefined, undefined],
      [4_000_000n, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 31 - 1, undefined, 'up', ''],
    ])
  })

  it('keeps order and times that repeat, go back, jump or pass 2^53 ns (F6)', async () => {
    const { recorder, session } = await open({ streams: { s: { channels: ['v'], clock: 'unix' } } })
    const times = BigInt64Array.of(5n, 5n, 3n, 2n ** 62n, 2n ** 62n + 1n, -(2n ** 62n), 0n)
    expect(session.stream('s').write(times, Float64Array.from(times, Number))).toBe(times.length)
    const summary = await session.stop()
    expect(summary.streams.s).toMatchObject({ ingested: 7, repeatedTimestamps: 1, backwardTimestamps: 2 })
    const rows = rowsOf(await decodeChunks(recorder.sessions.chunks(session.id)), 's')
    expect(rows.map(([time]) => time)).toEqual([...times])
  })

  it('keeps every bit of typed arrays, NaN payloads included', async () => {
    const { recorder, session } = await open({
      streams: {
        wide: { channels: ['a'], clock: 'relative' },
        narrow: { channels: [{ name: 'a', type: 'f32' }], clock: 'relative' },
      },
    })
    const wide = new Float64Array(
      BigInt64Array.of(0x7ff0000000000001n, -1n, 0x7ff8dead00000000n, 1n, -(2n ** 63n)).buffer,
    )
    const narrow = new Float32Array(Int32Array.of(0x7f800001, -1, 0x7fc0dead, 1, -0x80000000).buffer)
    const times = Float64Array.of(1, 2, 3, 4, 5)
    session.stream('wide').write(times, wide)
    session.stream('narrow').write(times, narrow)
    await session.stop()
    const [chunk] = await decodeChunks(recorder.sessions.chunks(session.id))
    const { framesOf } = await import('../../src/read/index.js')
    const bits = (array: ArrayBufferView) => [...new Uint8Array(array.buffer, array.byteOffset, array.byteLength)]
    expect(bits(framesOf(chunk!, 'wide').channels[0]!.values)).toEqual(bits(wide))
    expect(bits(framesOf(chunk!, 'narrow').channels[0]!.values)).toEqual(bits(narrow))
  })

  it('records 64 streams of 64 channels with any of them absent', async () => {
    const channels = Array.from({ length: 64 }, (_, i) => `c${i}`)
    const streams = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`s${i}`, { channels }]))
    const { recorder, session } = await open({ streams })
    for (let i = 0; i < 64; i++) {
      session.stream(`s${i}`).push(1, ...channels.map((_, c) => (c === i ? undefined : c)))
    }
    await session.stop()
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    for (let i = 0; i < 64; i++) {
      expect(rowsOf(chunks, `s${i}`)).toEqual([[1_000_000n, ...channels.map((_, c) => (c === i ? undefined : c))]])
    }
  })

  it('ends by duration', async () => {
    const { session } = await open({ duration: 30 })
    const states: string[] = []
    session.addEventListener('statechange', (event: SessionEvent<'statechange'>) => states.push(event.detail.state))
    await new Promise<void>((resolve) => {
      session.addEventListener('statechange', () => session.state === 'stopped' && resolve())
    })
    expect(states).toEqual(['stopping', 'stopped'])
    expect((await session.stop()).streams.imu!.received).toBe(0)
  })

  it('ends by an aborted signal, and does not start under one', async () => {
    const controller = new AbortController()
    const { recorder, session } = await open({ signal: controller.signal })
    session.stream('imu').push(1, 2, 3)
    controller.abort()
    expect((await session.stop()).streams.imu!.ingested).toBe(1)
    await expect(recorder.createSession({ streams: STREAMS, signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    })
  })

  it('refuses a signal that is none before anything is opened', async () => {
    const { recorder, session } = await open()
    for (const [signal, got] of [
      [5, '5'],
      [null, 'null'],
      ['AbortSignal', '"AbortSignal"'],
      [{ aborted: false }, 'Object'],
      [new AbortController(), 'AbortController'],
    ]) {
      const refused = recorder.createSession({ streams: STREAMS, signal: signal as never })
      await expect(refused).rejects.toThrow(new TypeError(`"signal" expected an AbortSignal, got ${got}`))
    }
    expect(await recorder.stopAll()).toHaveLength(1)
    expect(session.state).toBe('stopped')
  })

  it('counts what is pushed while paused, before the start and after the stop', async () => {
    const { session } = await open({ autoStart: false })
    const imu = session.stream('imu')
    expect(session.state).toBe('ready')
    expect(imu.push(1, 1, 1)).toBe(false)
    await session.start()
    expect(imu.push(2, 1, 1)).toBe(true)
    session.pause()
    expect(imu.write(Float64Array.of(3, 4), new Float64Array(4))).toBe(0)
    session.resume()
    expect(imu.push(5, 1, 1)).toBe(true)
    const summary = await session.stop()
    expect(summary.streams.imu).toMatchObject({ received: 5, ingested: 2, lost: { paused: 3 } })
    expect(imu.push(6, 1, 1)).toBe(false)
    expect(imu.counts).toEqual({ received: 6, lost: { paused: 3, stopped: 1 }, invalidValues: 0 })
  })

  it('says in the next chunk what was lost, not only in the last', async () => {
    const { recorder, session } = await open()
    const imu = session.stream('imu')
    imu.push(1, 1, 1)
    session.pause()
    for (let i = 0; i < 3; i++) imu.push(2, 1, 1)
    session.resume()
    imu.push(3, 1, 'no number' as never)
    await session.flush()
    imu.push(4, 1, 1)
    await session.stop()
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(chunks.length).toBeGreaterThan(1)
    expect(chunks.findLast(({ final }) => !final)!.streams[0]!.counts).toMatchObject({
      received: 5,
      ingested: 2,
      lost: { paused: 3 },
      invalidValues: 1,
    })
  })

  it('answers every call in every order: start twice, stop twice, stop before start, flush after stop (F18)', async () => {
    const { recorder, session } = await open()
    await session.start()
    session.stream('imu').push(1, 1, 1)
    const [, first, second] = await Promise.all([session.flush(), session.stop(), session.stop()])
    expect(second).toBe(first)
    expect(first.streams.imu!.ingested).toBe(1)
    await session.flush()
    expect(() => session.mark('late')).toThrow(/stopped/)
    const unstarted = await recorder.createSession({ streams: STREAMS, autoStart: false })
    expect((await unstarted.stop()).streams.imu!.received).toBe(0)
    await expect(unstarted.start()).rejects.toMatchObject({ code: 'ended' })
  })

  it('waits with overflow "wait" and loses nothing', async () => {
    const { session } = await open({ streams: { s: { channels: ['a', 'b', 'c'], overflow: 'wait' } } })
    const stream = session.stream('s')
    const frames = 300_000
    const times = Float64Array.from({ length: 1000 }, (_, i) => i)
    let taken = 0
    let waits = 0
    while (taken < frames) {
      const now = stream.write(times, new Float64Array(3000))
      taken += now
      if (now === times.length) continue
      waits += 1
      await stream.ready
    }
    const summary = await session.stop()
    expect(waits).toBeGreaterThan(0)
    expect(summary.streams.s).toMatchObject({ received: taken, ingested: taken, lost: {} })
  })

  it('drops the newest frames when the way is full, and counts them', async () => {
    const { session } = await open({ streams: { s: { channels: ['a', 'b', 'c'] } } })
    const losses: number[] = []
    session.addEventListener('loss', (event: SessionEvent<'loss'>) => losses.push(event.detail.frames))
    const frames = 600_000
    const taken = session.stream('s').write(
      Float64Array.from({ length: frames }, (_, i) => i),
      new Float64Array(3 * frames),
    )
    const summary = await session.stop()
    expect(taken).toBeLessThan(frames)
    expect(summary.streams.s).toMatchObject({ received: frames, ingested: taken, lost: { overflow: frames - taken } })
    expect(losses.reduce((a, b) => a + b, 0)).toBe(frames - taken)
  })

  it('hands chunks over as they are stored', async () => {
    const { session } = await open()
    const seen = (async () => {
      const chunks: { id: string; seq: number; final: boolean }[] = []
      for await (const { id, seq, final } of session.chunks()) chunks.push({ id, seq, final })
      return chunks
    })()
    session.stream('imu').push(1, 1, 1)
    await session.flush()
    session.stream('imu').push(2, 1, 1)
    const finals: boolean[] = []
    session.addEventListener('chunk', (event: SessionEvent<'chunk'>) => finals.push(event.detail.final))
    await session.stop()
    expect(finals).toEqual([true])
    expect(await seen).toEqual([
      { id: `${session.id}:0:0`, seq: 0, final: false },
      { id: `${session.id}:0:1`, seq: 1, final: true },
    ])
  })

  it('carries marks and changed labels', async () => {
    const { recorder, session } = await open({ labels: ['a'] })
    session.mark('otp-sent', { channel: 'sms', tries: 2, ok: true })
    session.addLabels(['b'])
    await session.stop()
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(chunks[0]!.marks).toMatchObject([{ name: 'otp-sent', properties: { channel: 'sms', tries: 2, ok: true } }])
    expect((await recorder.sessions.get(session.id))?.labels).toEqual(['a', 'b'])
    await recorder.sessions.setLabels(session.id, ['c'])
    expect(await recorder.sessions.get(session.id)).toMatchObject({ labels: ['c'], state: 'stopped' })
    expect((await recorder.sessions.page({ labels: ['a'] })).sessions).toEqual([])
  })

  it('warns of labels that look unbounded, and takes them', async () => {
    const { recorder, session } = await open({ labels: ['2026-11-22', 'jane@example.org', '4711001234', 'login'] })
    const warned: string[] = []
    session.addEventListener('warning', (event: SessionEvent<'warning'>) => warned.push(event.detail.message))
    await new Promise((resolve) => setTimeout(resolve, 5))
    await session.stop()
    expect(warned).toHaveLength(3)
    expect((await recorder.sessions.page({ labels: ['4711001234'] })).sessions).toHaveLength(1)
  })

  it('refuses a second clock in one stream', async () => {
    const { session } = await open()
    const imu = session.stream('imu')
    imu.push(1, 1, 1)
    expect(() => imu.push(1n, 1, 1)).toThrow(expect.objectContaining({ code: 'clock-mixed' }))
    expect(() => imu.write(BigInt64Array.of(1n), new Float64Array(2))).toThrow(/monotonic.*one clock per stream/)
    expect((await session.stop()).streams.imu!.received).toBe(1)
  })

  it.each([
    ['duration 0', { duration: 0 }, /"duration".*got 0/],
    ['duration NaN', { duration: Number.NaN }, /"duration".*NaN/],
    ['duration −1', { duration: -1 }, /"duration".*-1/],
    ['an unknown option', { durations: 1 }, /no "durations"/],
    ['a stream name with a slash', { streams: { 'a/b': { channels: ['x'] } } }, /stream name.*"a\/b"/],
    ['two channels of one name', { streams: { s: { channels: ['x', 'x'] } } }, /two channels named "x"/],
    ['no channels', { streams: { s: { channels: [] } } }, /1–64 channels, got 0/],
    ['an unknown type', { streams: { s: { channels: [{ name: 'x', type: 'f16' }] } } }, /s\.x\.type.*f16/],
    ['a rate of 0', { streams: { s: { channels: ['x'], rateHz: 0 } } }, /s\.rateHz.*got 0/],
    [
      'an unknown resampling method',
      { streams: { s: { channels: ['x'], resample: { rateHz: 50, method: 'spline' } } } },
      /"streams\.s\.resample\.method" expected one of sinc, linear, cubic, hold, got "spline"/,
    ],
  ])('refuses %s', async (_, options, message) => {
    const recorder = await createRecorder({ store: 'memory', worker, transport })
    onTestFinished(() => recorder.dispose())
    await expect(recorder.createSession({ streams: STREAMS, ...options } as SessionOptions)).rejects.toThrow(message)
    expect((await recorder.sessions.page()).sessions).toEqual([])
  })

  it('refuses frames of the wrong shape', async () => {
    const { session } = await open()
    const imu = session.stream('imu')
    expect(() => imu.push(1, 1, 2, 3)).toThrow(/2 channels, push got 3/)
    expect(() => imu.write(Float64Array.of(1, 2), new Float64Array(3))).toThrow(/2 frames × 2 channels, got 3/)
    expect(() => session.stream('gyro')).toThrow(/no stream "gyro".*imu/)
  })

  it('resamples onto a uniform grid when asked', async () => {
    const { recorder, session } = await open({
      streams: { s: { channels: ['v'], clock: 'relative', resample: { rateHz: 100, method: 'linear' } } },
    })
    const times = Float64Array.from({ length: 200 }, (_, i) => i * 7)
    session.stream('s').write(
      times,
      Float64Array.from(times, (ms) => 2 * ms),
    )
    const summary = await session.stop()
    const rows = rowsOf(await decodeChunks(recorder.sessions.chunks(session.id)), 's')
    expect(rows.map(([time]) => Number(time) / 1e6)).toEqual(Array.from({ length: 140 }, (_, i) => i * 10))
    for (const [time, value] of rows) expect(value).toBeCloseTo((Number(time) / 1e6) * 2, 9)
    expect(summary.streams.s).toMatchObject({ received: 200, ingested: 200, produced: 140 })
  })

  it('records several sessions at once and stops them all', async () => {
    const { recorder, session } = await open({ journeyId: 'j', labels: ['one'] })
    const other = await recorder.createSession({ streams: STREAMS, journeyId: 'j', labels: ['two'] })
    session.stream('imu').push(1, 1, 1)
    other.stream('imu').push(1, 2, 2)
    await recorder.stopAll()
    expect([session.state, other.state]).toEqual(['stopped', 'stopped'])
    expect(await recorder.journeys.get('j')).toMatchObject({
      sessions: 2,
      labels: expect.arrayContaining(['one', 'two']),
    })
    const found: string[] = []
    for await (const { id } of recorder.sessions.find({ clientSessionGroupId: 'j', labels: ['two'] })) found.push(id)
    expect(found).toEqual([other.id])
  })

  it.each(['stop', 'duration', 'failure'])(
    'ends a loop that waits for room when the session ends by %s (F18)',
    async (ending) => {
      const { session } = await open({
        ...(ending === 'duration' ? { duration: 20 } : {}),
        streams: { s: { channels: ['a'], overflow: 'wait' } },
      })
      const stream = session.stream('s')
      const write = async () => {
        for (let writes = 1; ; writes++) {
          if (stream.write(Float64Array.of(1, 2, 3), new Float64Array(3)) < 3) await stream.ready
          // a ring may never be full: a page has other things to do as well
          if (writes % 1000 === 0) await new Promise((resolve) => setTimeout(resolve, 0))
        }
      }
      const loop = write()
      if (ending === 'stop') setTimeout(() => void session.stop(), 20)
      // a page-side failure has the same end: the stream takes nothing any more
      if (ending === 'failure') setTimeout(() => stream.refuse('storage-error'), 20)
      await expect(loop).rejects.toMatchObject({ code: 'ended' })
      const { received, ingested, lost } = (await session.stop()).streams.s!
      expect(received).toBe(ingested + (lost.stopped ?? 0) + (lost['storage-error'] ?? 0))
      expect((lost.stopped ?? 0) + (lost['storage-error'] ?? 0)).toBeLessThanOrEqual(3)
    },
  )

  it('lets a waiting writer go on after a pause, nothing counted twice', async () => {
    const { session } = await open({ streams: { s: { channels: ['a'], overflow: 'wait' } } })
    const stream = session.stream('s')
    session.pause()
    expect(stream.write(Float64Array.of(1, 2), new Float64Array(2))).toBe(0)
    setTimeout(() => session.resume(), 10)
    await stream.ready
    expect(stream.write(Float64Array.of(1, 2), new Float64Array(2))).toBe(2)
    expect((await session.stop()).streams.s).toMatchObject({ received: 2, ingested: 2, lost: {} })
  })

  it('keeps NaN payloads of the other frames when a timestamp cannot be recorded (F5)', async () => {
    const { recorder, session } = await open({ streams: { s: { channels: [{ name: 'a', type: 'f32' }] } } })
    const bits = Uint32Array.of(0x7fa00001, 0x3f800000, 0x7fc12345, 0x7fa00002)
    expect(session.stream('s').write(Float64Array.of(1, Number.NaN, 2, 3), new Float32Array(bits.buffer))).toBe(4)
    expect((await session.stop()).streams.s).toMatchObject({ received: 4, ingested: 3, lost: { 'invalid-value': 1 } })
    const [chunk] = await decodeChunks(recorder.sessions.chunks(session.id))
    const { framesOf } = await import('../../src/read/index.js')
    const { values } = framesOf(chunk!, 's').channels[0]!
    expect([...new Uint32Array(values.buffer, values.byteOffset, 3)]).toEqual([0x7fa00001, 0x7fc12345, 0x7fa00002])
  })

  it('loses only the frames a resampler cannot place', async () => {
    const { session } = await open({
      streams: { s: { channels: ['a'], clock: 'unix', resample: { rateHz: 10, method: 'linear' } } },
    })
    session.stream('s').write(BigInt64Array.of(0n, 2n ** 62n + 1n, 1_000_000_000n), new Float64Array(3))
    expect((await session.stop()).streams.s).toMatchObject({ received: 3, ingested: 2, lost: { 'invalid-value': 1 } })
  })

  it('gives the same chunks however the frames are split into batches, text included', async () => {
    const frames = 5000
    const recordIn = async (cut: (at: number) => number) => {
      const { recorder, session } = await open({
        autoMetadata: false,
        chunk: { maxMs: 60_000, maxBytes: 8192 },
        streams: { s: { channels: ['a', { name: 't', type: 'text' }], clock: 'relative', overflow: 'wait' } },
      })
      const stream = session.stream('s')
      for (let at = 0; at < frames; ) {
        const count = Math.min(cut(at), frames - at)
        const times = Float64Array.from({ length: count }, (_, i) => at + i)
        const values = Array.from({ length: 2 * count }, (_, i) => {
          const frame = at + (i >> 1)
          return i % 2 === 0 ? Math.sin(frame) : `text ${frame % 700} ${'x'.repeat(frame % 50)}`
        })
        at += stream.write(times, values)
      }
      await session.stop()
      const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
      for (const { streams } of chunks) {
        const { received, ingested, lost } = streams[0]!.counts
        expect(received).toBeGreaterThanOrEqual(ingested + Object.values(lost).reduce((a, b) => a + b, 0))
      }
      return chunks.map(({ sessionId: _s, clocks: _c, startedAtNs: _a, endedAtNs: _e, ...rest }) => ({
        ...rest,
        // what has been received by then depends on the batches
        streams: rest.streams.map(({ counts: { received: _r, ...counts }, ...piece }) => ({ ...piece, counts })),
      }))
    }
    const whole = await recordIn(() => frames)
    expect(whole.length).toBeGreaterThan(5)
    expect(await recordIn(() => 333)).toEqual(whole)
    expect(await recordIn((at) => 1 + ((at * 7919) % 97))).toEqual(whole)
  })

  it('is not left behind when aborted while being created', async () => {
    const recorder = await createRecorder({ store: 'memory', worker, transport })
    onTestFinished(() => recorder.dispose())
    const controller = new AbortController()
    const creating = recorder.createSession({ streams: STREAMS, signal: controller.signal })
    controller.abort()
    await expect(creating).rejects.toMatchObject({ code: 'aborted' })
    expect((await recorder.sessions.page()).sessions).toEqual([])
  })

  it('flushes nothing, changed labels and marks alike', async () => {
    const { recorder, session } = await open({ labels: ['a'] })
    await session.flush()
    session.setLabels(['b'])
    await session.flush()
    expect((await recorder.sessions.get(session.id))?.labels).toEqual(['b'])
    session.mark('m')
    await session.flush()
    await session.flush()
    expect((await session.stop()).chunks).toBe(3)
  })

  it('refuses marks that pile up unstored', async () => {
    const { session } = await open()
    const properties = { note: 'x'.repeat(400) }
    expect(() => {
      for (let i = 0; i < 100_000; i++) session.mark('m', properties)
    }).toThrow(expect.objectContaining({ code: 'backlog-full' }))
    await session.flush()
    session.mark('again')
    await session.stop()
  })

  it('takes labels set at the same time one after the other', async () => {
    const { recorder, session } = await open()
    await session.stop()
    await Promise.all([recorder.sessions.setLabels(session.id, ['a']), recorder.sessions.setLabels(session.id, ['b'])])
    expect((await recorder.sessions.get(session.id))?.labels).toEqual(['b'])
    const seqs: number[] = []
    for await (const { seq } of recorder.sessions.chunks(session.id)) seqs.push(seq)
    expect(seqs).toEqual([0, 1, 2])
  })

  it('refuses lookups that are none', async () => {
    const { recorder } = await open()
    await expect(recorder.sessions.page(null as never)).rejects.toThrow(TypeError)
    await expect(recorder.sessions.find(null as never).next()).rejects.toThrow(TypeError)
    await expect(recorder.sessions.page({ streams: 't' as never })).rejects.toThrow(/streams.*array/)
    await expect(recorder.sessions.page({ label: ['x'] } as never)).rejects.toThrow(/no "label"/)
    await expect(recorder.sessions.page({ since: 'yesterday' })).rejects.toThrow(/since.*ISO 8601.*yesterday/)
    await expect(recorder.sessions.get('../../etc/passwd')).rejects.toThrow(/session id/)
  })

  it('ends by itself at the end of a block that uses it', async () => {
    const { recorder, session } = await open()
    await session[Symbol.asyncDispose]()
    expect(session.state).toBe('stopped')
    await recorder[Symbol.asyncDispose]()
    await expect(recorder.createSession({ streams: STREAMS })).rejects.toMatchObject({ code: 'disposed' })
    expect(Object.getOwnPropertyNames(Object.getPrototypeOf(session))).not.toContain('undefined')
  })

  it('disposes once, and every call waits for it', async () => {
    const { recorder } = await open()
    const order: number[] = []
    await Promise.all([recorder.dispose().then(() => order.push(1)), recorder.dispose().then(() => order.push(2))])
    expect(order).toEqual([1, 2])
  })

  it('rejects what comes after dispose instead of hanging', async () => {
    const { recorder, session } = await open()
    await recorder.dispose()
    expect(session.state).toBe('stopped')
    await expect(recorder.sessions.page()).rejects.toMatchObject({ code: 'disposed' })
    await expect(recorder.createSession({ streams: STREAMS })).rejects.toMatchObject({ code: 'disposed' })
  })
})
