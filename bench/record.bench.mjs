// Frames per second from `write` on the page to the stored chunk, by store and thread.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRecorder } from '../dist/node.js'
import { measure, report, seededRandom } from './harness.mjs'
import { motion } from './motion.mjs'

const BLOCK_FRAMES = 4096

export async function bench({ json, quick }) {
  const frames = quick ? 50_000 : 500_000
  const { times, values } = motion(frames, seededRandom(1))
  const directory = await mkdtemp(join(tmpdir(), 'kymograph-bench-'))
  const variants = [
    ['worker, memory store', { store: 'memory' }],
    ['worker, files, fsynced', { store: { directory } }],
    ['worker, reference kernels, memory', { store: 'memory', kernels: 'reference' }],
    ['in-thread, memory store', { store: 'memory', worker: 'none' }],
  ]
  const recorders = await Promise.all(variants.map(([, options]) => createRecorder(options)))
  let bytesPerFrame = 0
  const record = async (recorder) => {
    const session = await recorder.createSession({
      streams: { imu: { channels: ['x', 'y', 'z'], clock: 'monotonic', overflow: 'wait' } },
    })
    const imu = session.stream('imu')
    for (let at = 0; at < frames; ) {
      const end = Math.min(at + BLOCK_FRAMES, frames)
      const taken = imu.write(times.subarray(at, end), values.subarray(3 * at, 3 * end))
      at += taken
      if (at < end) await imu.ready
    }
    const summary = await session.stop()
    const { ingested, received } = summary.streams.imu
    if (ingested !== frames || received !== frames) throw new Error(`recorded ${ingested} of ${frames} frames`)
    bytesPerFrame = summary.bytes / frames
    await recorder.sessions.delete(session.id)
    return frames
  }
  const rows = await measure(
    recorders.map((recorder, index) => ({ name: variants[index][0], run: () => record(recorder) })),
    { rounds: quick ? 3 : 9, warmups: quick ? 1 : 2 },
  )
  await Promise.all(recorders.map((recorder) => recorder.dispose()))
  await rm(directory, { recursive: true })
  report('write → stored chunk, 3-axis f64 frames', 'frames', rows, {
    json,
    notes: [`${bytesPerFrame.toFixed(2)} bytes per frame stored, 32 raw`],
  })
}
