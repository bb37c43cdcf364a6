// Values per second from a session file to typed arrays, checksums and checks included, and to files of other formats.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exportFrames } from '../dist/export.js'
import { loadKernels } from '../dist/kernels.js'
import { createRecorder } from '../dist/node.js'
import { framesOf, readChunks } from '../dist/read.js'
import { measure, report, seededRandom } from './harness.mjs'
import { motion } from './motion.mjs'

const FORMATS = ['csv', 'ndjson', 'parquet', 'arrow', 'mcap']

export async function bench({ json, quick }) {
  const bytes = await recording(quick ? 100_000 : 500_000)
  const kernels = await loadKernels({ build: 'wasm' })
  const decode = (options) => async () => {
    let values = 0
    for await (const item of readChunks(bytes, options)) {
      if (item.kind === 'damage') throw item.error
      for (const { descriptor } of item.chunk.streams) {
        const { timestampsNs, channels } = framesOf(item.chunk, descriptor.name, options)
        values += timestampsNs.length * (1 + channels.length)
      }
    }
    return values
  }
  const decoded = await measure(
    [
      { name: 'with WebAssembly', run: decode({ kernels }) },
      { name: 'without', run: decode({}) },
    ],
    { rounds: quick ? 5 : 25 },
  )
  const notes = [`${bytes.length} bytes, times counted as values; a figure is taken on a machine with others on it`]
  report('file → typed arrays, 3-axis f64 frames', 'values', decoded, { json, notes })
  const values = await decode({ kernels })()
  const exported = FORMATS.map((format) => ({
    name: format,
    run: async () => {
      for await (const _ of exportFrames(readChunks(bytes, { kernels }), { format, kernels }));
      return values
    },
  }))
  report('file → other formats', 'values', await measure(exported, { rounds: quick ? 2 : 5, warmups: 1 }), { json })
}

/** A session of 3-axis motion, as a recorder writes it. */
async function recording(frames) {
  const directory = await mkdtemp(join(tmpdir(), 'kymograph-bench-'))
  const recorder = await createRecorder({ store: { directory } })
  const session = await recorder.createSession({
    streams: { imu: { channels: ['x', 'y', 'z'], clock: 'monotonic', overflow: 'wait' } },
  })
  const { times, values } = motion(frames, seededRandom(1))
  const imu = session.stream('imu')
  for (let at = 0; at < frames; ) {
    const taken = imu.write(times.subarray(at), values.subarray(3 * at))
    at += taken
    if (at < frames) await imu.ready
  }
  await session.stop()
  await recorder.dispose()
  const name = (await readdir(directory)).find((file) => file.endsWith('.kymo'))
  const bytes = await readFile(join(directory, name))
  await rm(directory, { recursive: true })
  return bytes
}
