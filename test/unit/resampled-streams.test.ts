import { describe, expect, it, onTestFinished } from 'vitest'
import { loadKernels } from '../../src/kernels/index.js'
import { SessionPipeline } from '../../src/pipeline/session-pipeline.js'
import type { SessionEvent } from '../../src/session/events.js'
import type { Value } from '../../src/session/index.js'
import { decodeChunk, decodeFrame } from '../../src/wire/index.js'
import type { Chunk, Mark } from '../../src/wire/model.js'
import { declareStreams, type StreamOptions } from '../../src/worker/checks/declaration.js'
import type { SessionOptions } from '../../src/worker/checks/session-options.js'
import { FrameMemory, frameMemoryBytes } from '../../src/worker/frame-memory.js'
import { type Cell, decodeChunks, rowsOf } from '../support/collect.js'
import { createInProcessRecorder } from '../support/in-process-recorder.js'
import { createRecorder, ENGINES } from '../support/node-recorder.js'

const METHODS = ['sinc', 'linear', 'cubic', 'hold'] as const

type Frame = [timeMs: number, ...values: Value[]]

/** Records frames of one stream, `s`, cut into batches, and gives everything back. */
async function record(
  stream: StreamOptions,
  frames: Frame[],
  cut = frames.length,
  options: Partial<SessionOptions> = {},
) {
  const recorder = await createInProcessRecorder()
  onTestFinished(() => recorder.dispose())
  const session = await recorder.createSession({
    autoMetadata: false,
    importedStartNs: 0n,
    chunk: { maxMs: 60_000 },
    ...options,
    streams: { s: { clock: 'relative', overflow: 'wait', ...stream } },
  })
  const warnings: string[] = []
  session.addEventListener('warning', (event: SessionEvent<'warning'>) =>
    warnings.push(`${event.detail.code}: ${event.detail.message}`),
  )
  const writer = session.stream('s')
  for (let at = 0; at < frames.length; at += cut) {
    const some = frames.slice(at, at + cut)
    const times = Float64Array.from(some, ([timeMs]) => timeMs)
    const values = some.flatMap(([, ...cells]) => cells)
    expect(writer.write(times, values)).toBe(some.length)
    if (at > 0) await session.flush()
  }
  const summary = await session.stop()
  await new Promise((resolve) => setTimeout(resolve, 5))
  const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
  return { recorder, session, summary, chunks, warnings, rows: rowsOf(chunks, 's') }
}

/** Frames every 7 to 13 ms. */
function jittered(count: number, cellsOf: (i: number, timeMs: number) => Value[]): Frame[] {
  let timeMs = 0
  return Array.from({ length: count }, (_, i) => {
    timeMs += 7 + ((i * 7919) % 7)
    return [timeMs, ...cellsOf(i, timeMs)]
  })
}

/** What was last given at or before a time. */
function heldAt(frames: Frame[], timeNs: bigint): Cell[] {
  const [, ...cells] = frames.findLast(([timeMs]) => BigInt(timeMs) * 1_000_000n <= timeNs)!
  return cells.map((cell) => cell ?? undefined) as Cell[]
}

describe('enum and text channels of a resampled stream', () => {
  const channels: StreamOptions['channels'] = [
    'x',
    { name: 'mode', type: 'enum', values: ['walk', 'run', 'rest'] },
    { name: 'note', type: 'text' },
  ]
  const frames = jittered(700, (i) => [
    i / 4,
    i % 11 === 0 ? null : ['walk', 'run', 'rest'][(i >> 3) % 3]!,
    i % 13 === 0 ? null : `note ${i % 5 === 0 ? 'again' : i}`,
  ])

  it.each(METHODS)('are held with method %s, batch after batch, absent ones too', async (method) => {
    const resample = { rateHz: 150, method }
    const { rows, summary } = await record({ channels, resample }, frames, 37)
    expect(rows.length).toBe(summary.streams.s!.produced)
    expect(rows.length).toBeGreaterThan(1000)
    for (const [timeNs, , ...discrete] of rows) expect(discrete).toEqual(heldAt(frames, timeNs).slice(1))
    expect(rows).toEqual((await record({ channels, resample }, frames)).rows)
  })

  it('come with numbers as far as they go', async () => {
    const { rows } = await record({ channels, resample: { rateHz: 150, method: 'linear' } }, frames)
    const { rows: plain } = await record(
      { channels: ['x'], resample: { rateHz: 150, method: 'linear' } },
      frames.map(([t, x]) => [t, x!]),
    )
    expect(rows.map(([timeNs, x]) => [timeNs, x])).toEqual(plain)
  })

  it('keep texts that are all different, and those of long ago that last', async () => {
    const notes = jittered(5000, (i) => [i, 'walk', i < 2500 ? `text ${i}` : 'the last one'])
    const { rows } = await record({ channels, resample: { rateHz: 20 } }, notes, 1000)
    for (const [timeNs, , ...discrete] of rows) expect(discrete).toEqual(heldAt(notes, timeNs).slice(1))
  })
})

describe('method hold', () => {
  it('keeps every type bit for bit', async () => {
    const channels = [
      'd',
      { name: 'f', type: 'f32' },
      { name: 'i', type: 'i32' },
      { name: 'l', type: 'i64' },
      { name: 'e', type: 'enum', values: ['a', 'b'] },
      { name: 't', type: 'text' },
    ] as StreamOptions['channels']
    const frames = jittered(300, (i) => [
      [-0, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324, null, 1 / 3][i % 6]!,
      [Math.fround(0.1), -0, Number.NaN, null][i % 4]!,
      [-(2 ** 31), 2 ** 31 - 1, null, 0][i % 4]!,
      [2n ** 63n - 1n, -(2n ** 63n), null, 9_007_199_254_740_993n][i % 4]!,
      ['a', 'b', null][i % 3]!,
      ['', 'ß😀', null, `${i}`][i % 4]!,
    ])
    const { rows } = await record({ channels, resample: { rateHz: 333, method: 'hold' } }, frames, 50)
    expect(rows.length).toBeGreaterThan(900)
    for (const [timeNs, ...cells] of rows) expect(cells).toEqual(heldAt(frames, timeNs))
  })

  it('keeps NaN payloads, which other methods make absent', async () => {
    const recorder = await createInProcessRecorder()
    onTestFinished(() => recorder.dispose())
    const bits = BigUint64Array.of(0x7ff0000000000001n, 0x3ff0000000000000n, 0xfff8000000001234n)
    for (const method of ['hold', 'linear'] as const) {
      const streams = { s: { channels: ['x'], clock: 'relative' as const, resample: { rateHz: 1000, method } } }
      const session = await recorder.createSession({ streams })
      session.stream('s').write(Float64Array.of(0, 1, 2), new Float64Array(bits.buffer))
      await session.stop()
      const [chunk] = await decodeChunks(recorder.sessions.chunks(session.id))
      const { framesOf } = await import('../../src/read/index.js')
      const { values, validity } = framesOf(chunk!, 's').channels[0]!
      if (method === 'linear') expect(validity![0]).toBe(0b010)
      else expect([...new BigUint64Array(values.buffer, values.byteOffset, 3)]).toEqual([...bits])
    }
  })

  it('holds 64 channels', async () => {
    const channels = Array.from({ length: 64 }, (_, c) => ({ name: `c${c}`, type: c % 2 ? 'i64' : 'text' }) as const)
    const frames = jittered(40, (i) =>
      channels.map(({ type }, c) =>
        (i + c) % 9 === 0 ? null : type === 'i64' ? BigInt(i * c) - 2n ** 60n : `${i}:${c}`,
      ),
    )
    const { rows } = await record({ channels, resample: { rateHz: 250, method: 'hold' } }, frames, 7)
    expect(rows.length).toBeGreaterThan(80)
    for (const [timeNs, ...cells] of rows) expect(cells).toEqual(heldAt(frames, timeNs))
  })
})

describe('values of a resampled stream', () => {
  it('of type f32 are rounded to it', async () => {
    const frames = jittered(300, (_, timeMs) => [
      Math.fround(Math.sin(timeMs / 50)),
      Math.fround(Math.sin(timeMs / 50)),
    ])
    const { rows } = await record({ channels: ['d', { name: 'f', type: 'f32' }], resample: { rateHz: 60 } }, frames)
    expect(rows.length).toBeGreaterThan(100)
    for (const [, d, f] of rows) expect(f).toBe(Math.fround(d as number))
  })

  it('are absent beside absent ones and NaN, and nowhere else', async () => {
    const frames: Frame[] = Array.from({ length: 20 }, (_, i) => [
      i * 10,
      i === 5 ? null : i === 12 ? Number.NaN : i,
      i,
    ])
    const { rows } = await record({ channels: ['x', 'y'], resample: { rateHz: 200, method: 'linear' } }, frames)
    const absent = rows.filter(([, x]) => x === undefined).map(([timeNs]) => Number(timeNs) / 1e6)
    expect(absent).toEqual([45, 50, 55, 115, 120, 125])
    expect(rows.every(([timeNs, , y]) => y === Number(timeNs) / 1e7)).toBe(true)
  })

  it.each([
    ['deg', 360],
    ['rad', 2 * Math.PI],
  ])('that are angles in %s take the short way around', async (unit, turn) => {
    const frames: Frame[] = Array.from({ length: 40 }, (_, i) => [i * 10, ((0.9 + i / 50) % 1) * turn])
    const channels = [{ name: 'yaw', unit, kind: 'angle' as const }]
    const { rows } = await record({ channels, resample: { rateHz: 200, method: 'linear' } }, frames)
    expect(rows).toHaveLength(79)
    for (const [timeNs, yaw] of rows) {
      const turns = (yaw as number) / turn - (0.9 + Number(timeNs) / 5e8)
      expect(Math.abs(turns - Math.round(turns))).toBeLessThan(1e-9)
    }
  })

  it('that are quaternions stay of length 1', async () => {
    const channels = ['w', 'x', 'y', 'z'].map((name) => ({ name, kind: 'quaternion' as const }))
    const frames = jittered(200, (_, timeMs) => {
      const half = timeMs / 300
      // a quaternion and its negative are one rotation
      const sign = timeMs % 2 === 0 ? 1 : -1
      return [sign * Math.cos(half), 0, sign * Math.sin(half), 0]
    })
    const resample = { rateHz: 80, method: 'linear' as const }
    const { rows } = await record(
      { channels: ['before', ...channels], resample },
      frames.map(([t, ...q]) => [t, 1, ...q]),
    )
    for (const [timeNs, , w, x, y, z] of rows as [bigint, ...number[]][]) {
      expect(Math.hypot(w!, x!, y!, z!)).toBeCloseTo(1, 9)
      expect(Math.abs(w! * Math.cos(Number(timeNs) / 3e8) + y! * Math.sin(Number(timeNs) / 3e8))).toBeCloseTo(1, 3)
    }
  })

  it.each(METHODS)('are not made up across a gap with method %s (F9)', async (method) => {
    const frames: Frame[] = [
      ...jittered(200, (i) => [i]),
      ...jittered(200, (i) => [i]).map(([timeMs, x]): Frame => [timeMs + 5000, x!]),
    ]
    const { rows, chunks, summary } = await record({ channels: ['x'], resample: { rateHz: 100, method } }, frames, 64)
    const lastMs = frames[199]![0]
    const firstMs = frames[200]![0]
    expect(
      rows.filter(([timeNs]) => timeNs > BigInt(lastMs) * 1_000_000n && timeNs < BigInt(firstMs) * 1_000_000n),
    ).toEqual([])
    const steps = rows.slice(1).map(([timeNs], i) => timeNs - rows[i]![0])
    expect(steps.filter((step) => step !== 10_000_000n)).toHaveLength(1)
    expect(chunks.flatMap(({ streams }) => streams[0]!.gaps)).toEqual([
      { startNs: BigInt(lastMs) * 1_000_000n, endNs: BigInt(firstMs) * 1_000_000n },
    ])
    expect(summary.streams.s).toMatchObject({ received: 400, ingested: 400, gaps: 1, produced: rows.length })
  })

  it('reach across holes up to maxGapMs', async () => {
    const frames = jittered(200, (i) => [i]).filter((_, i) => i < 100 || i > 110)
    const resample = { rateHz: 100, method: 'linear' as const }
    const stepsOf = (rows: [bigint, ...Cell[]][]) => new Set(rows.slice(1).map(([timeNs], i) => timeNs - rows[i]![0]))
    const bridged = await record({ channels: ['x'], maxGapMs: 50, resample: { ...resample, maxGapMs: 500 } }, frames)
    expect(stepsOf(bridged.rows)).toEqual(new Set([10_000_000n]))
    // it is a gap of the stream all the same
    expect(bridged.summary.streams.s!.gaps).toBe(1)
    expect(stepsOf((await record({ channels: ['x'], maxGapMs: 50, resample }, frames)).rows).size).toBe(2)
    expect(stepsOf((await record({ channels: ['x'], maxGapMs: 500, resample }, frames)).rows).size).toBe(1)
  })
})

describe('a resampled session', () => {
  it.each(METHODS)('has the same chunks however its frames are split, with method %s', async (method) => {
    const channels = ['x', { name: 'y', type: 'f32' }, { name: 't', type: 'text' }] as StreamOptions['channels']
    const frames = jittered(3000, (i) => [Math.sin(i / 9), Math.fround(i / 7), `text ${i % 40}`])
    // now and then out of order, twice at a time, or late
    for (let i = 50; i < 3000; i += 50) frames[i]![0] -= [5, 25, 400][(i / 50) % 3]!
    const recordIn = async (batch: number) => {
      const recorder = await createInProcessRecorder()
      onTestFinished(() => recorder.dispose())
      const session = await recorder.createSession({
        autoMetadata: false,
        importedStartNs: 0n,
        chunk: { maxMs: 60_000, maxBytes: 8192 },
        streams: { s: { channels, clock: 'relative', overflow: 'wait', resample: { rateHz: 120, method } } },
      })
      const writer = session.stream('s')
      for (let at = 0; at < frames.length; ) {
        const some = frames.slice(at, at + batch)
        at += writer.write(
          Float64Array.from(some, ([timeMs]) => timeMs),
          some.flatMap(([, ...cells]) => cells),
        )
        // as many hand-overs as batches
        if (batch < 1000) writer.refuse(undefined)
      }
      const summary = await session.stop()
      const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
      const { counts } = chunks.at(-1)!.streams[0]!
      return {
        summary: { ...summary, id: '', bytes: 0 },
        counts,
        chunks: chunks.map(({ seq, final, endedAtNs, streams: [piece] }) => {
          // how much a resampler has taken when a chunk is full depends on the batches
          const { counts: _c, gaps: _g, effectiveRateHz: _e, ...values } = piece!
          return { seq, final, endedAtNs, values }
        }),
      }
    }
    const whole = await recordIn(3000)
    expect(whole.chunks.length).toBeGreaterThan(5)
    expect(whole.counts.lost.late).toBeGreaterThan(10)
    for (const batch of [1, 97, 1111]) expect(await recordIn(batch)).toEqual(whole)
  })

  it('is the same whether it was flushed in between or not', async () => {
    const frames = jittered(600, (i) => [Math.sin(i / 9)])
    const { rows } = await record({ channels: ['x'], resample: { rateHz: 70 } }, frames)
    expect((await record({ channels: ['x'], resample: { rateHz: 70 } }, frames, 20)).rows).toEqual(rows)
  })

  it('ends with its last frame when it was imported', async () => {
    const startMs = 1_700_000_000_000
    for (const clock of ['unix', 'relative'] as const) {
      const recorder = await createInProcessRecorder()
      onTestFinished(() => recorder.dispose())
      const session = await recorder.createSession({
        importedStartNs: BigInt(startMs) * 1_000_000n,
        streams: { s: { channels: ['x'], clock, resample: { rateHz: 100 } } },
      })
      const zeroNs = clock === 'unix' ? BigInt(startMs) * 1_000_000n : 0n
      // 2.005 s: the last instant of the grid is at 2 s
      const times = BigInt64Array.from({ length: 402 }, (_, i) => zeroNs + BigInt(i) * 5_000_000n)
      session.stream('s').write(times, Float64Array.from(times, Number))
      const summary = await session.stop()
      expect([summary.startedAt.getTime(), summary.endedAt.getTime()]).toEqual([startMs, startMs + 2000])
      const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
      expect(rowsOf(chunks, 's').at(-1)![0]).toBe(zeroNs + 2_000_000_000n)
    }
  })

  it('says what grid its frames are on, in summary, chunk and catalogue', async () => {
    const frames = jittered(300, (i) => [i])
    const { recorder, session, summary, chunks } = await record(
      { channels: ['x'], resample: { rateHz: 60, quality: 'fast' } },
      frames,
    )
    const grid = { resampledHz: 60, resampleMethod: 'sinc', resampleQuality: 'fast' }
    expect(summary.streams.s).toMatchObject({ ...grid, produced: 180 - 1 })
    expect(summary.streams.s!.effectiveRateHz).toBeCloseTo(100, 0)
    expect(chunks[0]!.streams[0]!.descriptor).toMatchObject(grid)
    expect((await recorder.sessions.get(session.id))!.streams).toMatchObject([{ name: 's', resampledHz: 60 }])
    const plain = await record({ channels: ['x'] }, frames)
    expect(plain.summary.streams.s!.resampledHz).toBeUndefined()
    expect(plain.chunks[0]!.streams[0]!.descriptor.resampleMethod).toBeUndefined()
  })

  it.each<[string, Partial<StreamOptions>, number, RegExp | undefined]>([
    ['declared', { rateHz: 100 }, 5, /stream "s" is resampled to 201 Hz .* at 100 Hz.*at most 200/],
    ['measured', {}, 200, /stream "s" is resampled to 201 Hz .* at 100 Hz.*at most 200/],
    ['measured of a few frames', {}, 5, /stream "s" is resampled to 201 Hz .* at 100 Hz.*at most 200/],
    ['twice as high', { resample: { rateHz: 200 } }, 200, undefined],
  ])('warns of a grid beyond its input, %s', async (_, options, count, message) => {
    const frames: Frame[] = Array.from({ length: count }, (_, i) => [i * 10, i])
    const { warnings } = await record({ channels: ['x'], resample: { rateHz: 201 }, ...options }, frames)
    if (message === undefined) expect(warnings).toEqual([])
    else expect(warnings).toEqual([expect.stringMatching(message)])
  })
})

describe('aligned streams', () => {
  const stream = (): StreamOptions => ({ channels: ['x'], resample: { rateHz: 50, align: 'body', method: 'linear' } })

  it('land on the same instants', async () => {
    const recorder = await createInProcessRecorder()
    onTestFinished(() => recorder.dispose())
    const session = await recorder.createSession({ streams: { a: stream(), b: stream() } })
    for (let i = 0; i < 300; i++) session.stream('a').push(1000 + i * 9.7, i)
    for (let i = 0; i < 200; i++) session.stream('b').push(1003.1 + i * 15.3, i)
    await session.stop()
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    const [a, b] = ['a', 'b'].map((name) => rowsOf(chunks, name).map(([timeNs]) => timeNs))
    expect(a!.length).toBeGreaterThan(140)
    for (const timeNs of a!) expect(timeNs % 20_000_000n).toBe(0n)
    // both have all instants of the time they share
    const shared = (times: bigint[]) => times.filter((timeNs) => timeNs >= b![0]! && timeNs <= a!.at(-1)!)
    expect(shared(a!)).toEqual(shared(b!))
  })

  it('cannot be written on two clocks', async () => {
    const recorder = await createInProcessRecorder()
    onTestFinished(() => recorder.dispose())
    const session = await recorder.createSession({ streams: { a: stream(), b: stream() } })
    session.stream('a').push(1, 1)
    session.stream('b').push(1_700_000_000_000_000_000n, 1)
    await expect(session.stop()).rejects.toMatchObject({
      code: 'clock-mixed',
      message: expect.stringMatching(/streams "a" and "b" are aligned as "body".*monotonic and unix/),
    })
  })
})

describe.each(ENGINES)('a stream that is kept raw ($engine)', ({ worker, transport }) => {
  it('is recorded as it came, and resampled beside', async () => {
    const recorder = await createRecorder({ store: 'memory', worker, transport })
    onTestFinished(() => recorder.dispose())
    const channels = ['x', { name: 'mode', type: 'enum', values: ['a', 'b'] }] as StreamOptions['channels']
    const imu = { channels, clock: 'relative', overflow: 'wait' } as const
    const session = await recorder.createSession({
      chunk: { maxMs: 60_000, maxBytes: 4096 },
      streams: {
        imu: { ...imu, resample: { rateHz: 60, keepRaw: true } },
        alone: { ...imu, resample: { rateHz: 60 } },
      },
    })
    const frames = jittered(1500, (i) => [Math.sin(i / 20), i % 3 === 0 ? 'b' : 'a'])
    frames[700]![0] = 0
    for (const [timeMs, ...values] of frames) {
      for (const name of ['imu', 'alone'])
        while (!session.stream(name).push(timeMs, ...values)) await session.stream(name).ready
    }
    const { streams } = await session.stop()
    const chunks = await decodeChunks(recorder.sessions.chunks(session.id))
    expect(chunks.length).toBeGreaterThan(5)
    expect(rowsOf(chunks, 'imu')).toEqual(frames.map(([timeMs, ...cells]) => [BigInt(timeMs) * 1_000_000n, ...cells]))
    expect(rowsOf(chunks, 'imu.resampled')).toEqual(rowsOf(chunks, 'alone'))
    expect(streams.imu).toMatchObject({ received: 1500, ingested: 1500, produced: 1500, lost: {} })
    expect(streams['imu.resampled']).toMatchObject({
      received: 1500,
      ingested: 1499,
      lost: { late: 1 },
      resampledHz: 60,
    })
    expect(streams['imu.resampled']).toEqual({ ...streams.alone, bytes: streams['imu.resampled']!.bytes })
    expect(streams['imu.resampled']!.produced).toBe(rowsOf(chunks, 'imu.resampled').length)
    for (const { streams: pieces, final } of chunks) {
      expect(pieces.map(({ descriptor }) => descriptor.name)).toEqual(['imu', 'alone', 'imu.resampled'])
      for (const { counts, descriptor } of pieces) {
        const lost = Object.values(counts.lost).reduce((sum, count) => sum + count, 0)
        // of the last few the resampler has more to give
        const pending = counts.received - counts.ingested - lost
        expect(pending).toBeGreaterThanOrEqual(0)
        if (descriptor.resampledHz === undefined || final) expect(pending).toBe(0)
      }
    }
    const found = await recorder.sessions.page({ streams: ['imu.resampled'] })
    expect(found.sessions.map(({ id }) => id)).toEqual([session.id])
  })
})

it.each([
  ['linear', 90, 1],
  ['linear', 1230, 9],
  ['cubic', 90, 7],
  ['hold', 333, 3],
  ['sinc', 90, 3],
  ['sinc', 20, 1],
  ['sinc', 150, 3],
] as const)('goes on by %s to %i Hz, and raw, where any chunk has ended', async (method, rateHz, chunksApart) => {
  const kernels = await loadKernels({ build: 'reference' })
  const plans = declareStreams({
    s: { channels: ['x'], clock: 'relative', rateHz: 100, resample: { rateHz, method, keepRaw: true } },
  }).map(({ plan }) => plan)
  const clock = { monotonicNs: 0n, wallNs: 0n }
  const id = '0199d3c2-7c1e-7b7e-8f63-1b2c3d4e5f60'
  const plan = { id, labels: [], metadata: new Map(), clock, streams: plans, chunkMaxBytes: 4096 }
  const open = (chunks: Chunk[], settledFrames: number[]): SessionPipeline => {
    const pipeline: SessionPipeline = new SessionPipeline(kernels, plan, {
      onSealed: ({ frame }) => {
        chunks.push(decodeChunk(decodeFrame(frame).payload))
        settledFrames.push(pipeline.settledFrames[0]!)
      },
      onGap: () => {},
      onWarning: () => {},
      retainedFrom: () => 0,
    })
    return pipeline
  }
  const total = 1600
  const timeNsOf = (i: number) => BigInt(i * 10_000_000 + ((i * 7919) % 3_000_000)) - (i % 40 === 39 ? 15_000_000n : 0n)
  const feed = (pipeline: SessionPipeline, from: number) => {
    for (let at = from; at < total; at += 500) {
      const frameCount = Math.min(500, total - at)
      const memory = new FrameMemory(new ArrayBuffer(frameMemoryBytes(1, frameCount)), 1, frameCount)
      for (let i = 0; i < frameCount; i++) {
        memory.timesNs[i] = timeNsOf(at + i)
        memory.values[i] = Math.sin((at + i) / 7)
      }
      const { timeHalves, masks, valueHalves, stride } = memory
      pipeline.receive(0, at, 'relative', { timeHalves, masks, valueHalves, stride, from: 0, frameCount })
    }
    pipeline.finish()
  }
  const whole: Chunk[] = []
  const settled: number[] = []
  feed(open(whole, settled), 0)
  const wholeRows = rowsOf(whole, 's.resampled')
  expect(whole.length).toBeGreaterThan(5)
  for (let index = 0; index < whole.length - 1; index += chunksApart) {
    const chunks = whole.slice(0, index + 1)
    const pipeline = open(chunks, [])
    // all that was settled is gone
    const oldestFrames = [settled[index]!]
    const storedMarks: Mark[] = []
    const lastTimes = [0, 1].map(
      (place) =>
        chunks.findLast(({ streams }) => streams[place]!.frameCount > 0)?.streams[place]?.time ?? new Uint8Array(0),
    )
    pipeline.resume({
      epoch: 1,
      seq: 0,
      baseFrames: [0],
      oldestFrames,
      lastChunk: whole[index],
      lastTimes,
      storedMarks,
    })
    feed(pipeline, settled[index]!)
    expect(rowsOf(chunks, 's').map(([, x]) => x)).toEqual(Array.from({ length: total }, (_, i) => Math.sin(i / 7)))
    const [raw, resampled] = chunks.at(-1)!.streams
    expect(raw!.counts).toMatchObject({ received: total, ingested: total, lost: {} })
    expect(resampled!.counts).toMatchObject({ ...whole.at(-1)!.streams[1]!.counts, bytes: expect.any(Number) })
    // every instant is there once; what a filter makes of as few frames before as that is nearly the same
    const rows = rowsOf(chunks, 's.resampled')
    expect(rows.map(([timeNs]) => timeNs)).toEqual(wholeRows.map(([timeNs]) => timeNs))
    const worst = Math.max(...rows.map(([, x], i) => Math.abs((x as number) - (wholeRows[i]![1] as number))))
    expect(worst).toBeLessThan(method === 'sinc' ? 1e-4 : 1e-12)
  }
})
