// What recording costs the thread that records, and how much goes through: `push` over both transports beside ringbuf.js
// and a Comlink call per sample, then frames per second from `write` to the stored chunk.
import { MessageChannel, Worker } from 'node:worker_threads'
import * as Comlink from 'comlink'
import { RingBuffer } from 'ringbuf.js'
import { createRecorder } from '../dist/node.js'
import { measure, report, seededRandom } from './harness.mjs'
import { motion } from './motion.mjs'

const CHANNELS = ['x', 'y', 'z']
const PUSHES = 20_000
const CALLS = 500
const BLOCK_FRAMES = 4096

/** A candidate of `measure` times all of `run`; here only what `timed` brackets counts. */
class PartTimed {
  constructor(name, run) {
    this.name = name
    this.samplesNs = []
    this.run = run
  }
}

async function measurePushes({ times, values }, rounds) {
  const recorders = await Promise.all(
    ['batch', 'shared'].map((transport) => createRecorder({ store: 'memory', transport })),
  )
  const candidates = []
  for (const [index, transport] of ['batch', 'shared'].entries()) {
    const session = await recorders[index].createSession({
      autoMetadata: false,
      streams: { imu: { channels: CHANNELS, clock: 'monotonic' } },
    })
    const { push } = session.stream('imu')
    candidates.push(
      new PartTimed(`push, ${transport === 'batch' ? 'batches' : 'shared ring'}`, async () => {
        const startedNs = process.hrtime.bigint()
        let taken = 0
        for (let i = 0; i < PUSHES; i++)
          if (push(times[i], values[3 * i], values[3 * i + 1], values[3 * i + 2])) taken += 1
        const ns = Number(process.hrtime.bigint() - startedNs)
        if (taken !== PUSHES) throw new Error(`${transport}: ${PUSHES - taken} frames refused`)
        await session.flush()
        return ns / PUSHES
      }),
    )
  }
  // as much memory as our ring has
  const ring = new RingBuffer(RingBuffer.getStorageForCapacity(1_048_576, Float64Array), Float64Array)
  const frame = new Float64Array(4)
  const drained = new Float64Array(4 * PUSHES)
  candidates.push(
    new PartTimed('ringbuf.js, 4 values a push', async () => {
      const startedNs = process.hrtime.bigint()
      let taken = 0
      for (let i = 0; i < PUSHES; i++) {
        frame[0] = times[i]
        frame[1] = values[3 * i]
        frame[2] = values[3 * i + 1]
        frame[3] = values[3 * i + 2]
        taken += ring.push(frame)
      }
      const ns = Number(process.hrtime.bigint() - startedNs)
      if (taken !== 4 * PUSHES) throw new Error(`ringbuf.js refused ${4 * PUSHES - taken} values`)
      ring.pop(drained)
      return ns / PUSHES
    }),
  )
  const code = `
    import { workerData } from 'node:worker_threads'
    import * as Comlink from ${JSON.stringify(import.meta.resolve('comlink'))}
    let sum = 0
    Comlink.expose({ sample: (time, x, y, z) => { sum += time + x + y + z } }, workerData)`
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: port2,
    transferList: [port2],
  })
  const remote = Comlink.wrap(port1)
  candidates.push(
    new PartTimed('Comlink, a call per sample', async () => {
      const calls = []
      const startedNs = process.hrtime.bigint()
      for (let i = 0; i < CALLS; i++)
        calls.push(remote.sample(times[i], values[3 * i], values[3 * i + 1], values[3 * i + 2]))
      const ns = Number(process.hrtime.bigint() - startedNs)
      await Promise.all(calls)
      return ns / CALLS
    }),
  )
  for (let round = -3; round < rounds; round++) {
    for (const candidate of candidates) {
      const ns = await candidate.run()
      if (round >= 0) candidate.samplesNs.push(ns)
    }
  }
  port1.close()
  await worker.terminate()
  await Promise.all(recorders.map((recorder) => recorder.dispose()))
  const quantile = (sorted, q) => sorted[Math.round((sorted.length - 1) * q)]
  const rows = candidates.map(({ name, samplesNs }) => {
    const sorted = samplesNs.sort((a, b) => a - b)
    return { name, nsPerUnit: quantile(sorted, 0.5), q1: quantile(sorted, 0.25), q3: quantile(sorted, 0.75) }
  })
  return rows.map((row) => ({ ...row, ratio: row.nsPerUnit / rows[0].nsPerUnit }))
}

async function measureThroughput({ times, values }, rounds) {
  const frames = times.length
  const variants = [
    ['write, batches', { transport: 'batch' }],
    ['write, shared ring', { transport: 'shared' }],
    ['write, in-thread', { worker: 'none' }],
  ]
  const recorders = await Promise.all(variants.map(([, options]) => createRecorder({ store: 'memory', ...options })))
  const record = async (recorder) => {
    const session = await recorder.createSession({
      streams: { imu: { channels: CHANNELS, clock: 'monotonic', overflow: 'wait' } },
    })
    const imu = session.stream('imu')
    for (let at = 0; at < frames; ) {
      const end = Math.min(at + BLOCK_FRAMES, frames)
      at += imu.write(times.subarray(at, end), values.subarray(3 * at, 3 * end))
      if (at < frames && at < end) await imu.ready
    }
    const { ingested, received } = (await session.stop()).streams.imu
    if (ingested !== frames || received !== frames) throw new Error(`recorded ${ingested} of ${frames} frames`)
    await recorder.sessions.delete(session.id)
    return frames
  }
  const rows = await measure(
    recorders.map((recorder, index) => ({ name: variants[index][0], run: () => record(recorder) })),
    { rounds, warmups: 3 },
  )
  await Promise.all(recorders.map((recorder) => recorder.dispose()))
  return rows
}

export async function bench({ json, quick }) {
  const data = motion(quick ? 200_000 : 2_000_000, seededRandom(1), { hasNegativeZeros: false })
  const pushes = await measurePushes(data, quick ? 7 : 41)
  report('one 3-axis frame on the recording thread', 'frames', pushes, { json })
  const throughput = await measureThroughput(data, quick ? 5 : 11)
  report('write → stored chunk, 3-axis f64 frames', 'frames', throughput, { json })
}
