import type * as Kymograph from '../../src/index.js'
import type * as Read from '../../src/read/index.js'

type Entries = Pick<typeof Kymograph, 'createRecorder'> & Pick<typeof Read, 'framesOf' | 'readChunks'>

/** What a consumer has recorded and read back. */
export interface Outcome {
  thread: string
  kernels: string
  inThreadReason?: string
  frames: number
  differences: number
  isFound: boolean
}

export const FRAMES = 1000

/** Records a session and reads it back; goes into consumers as text, so it uses nothing from outside. */
async function recordAndRead({ createRecorder, framesOf, readChunks }: Entries, options: object): Promise<Outcome> {
  const recorder = await createRecorder(options)
  const session = await recorder.createSession({
    labels: ['login'],
    journeyId: 'checkout-7f3a',
    streams: { imu: { channels: ['x', 'y'], clock: 'relative', overflow: 'wait' } },
  })
  const imu = session.stream('imu')
  for (let frame = 0; frame < 1000; frame++) {
    while (!imu.push(frame * 5, Math.sin(frame / 50), frame % 7)) await imu.ready
  }
  await session.stop()
  const found: string[] = []
  for await (const { id } of recorder.sessions.find({ labels: ['login'], journeyId: 'checkout-7f3a' })) found.push(id)
  let frames = 0
  let differences = 0
  for await (const { bytes } of recorder.sessions.chunks(session.id)) {
    for await (const item of readChunks(bytes)) {
      if (item.kind !== 'chunk') throw item.error
      if (item.chunk.streams.length === 0) continue
      const { timestampsNs, channels } = framesOf(item.chunk, 'imu')
      for (let i = 0; i < timestampsNs.length; i++, frames++) {
        if (timestampsNs[i] !== BigInt(frames * 5) * 1_000_000n) differences += 1
        if (!Object.is(channels[0]!.values[i], Math.sin(frames / 50))) differences += 1
        if (!Object.is(channels[1]!.values[i], frames % 7)) differences += 1
      }
    }
  }
  const { thread, kernels, inThreadReason } = recorder.capabilities
  await recorder.dispose()
  return {
    thread,
    kernels,
    inThreadReason,
    frames,
    differences,
    isFound: found.length === 1 && found[0] === session.id,
  }
}

/** A consumer's module: it leaves its outcome, or why there is none, in `globalThis.outcome`. */
export function consumerApp({
  entry = 'kymograph',
  read = 'kymograph/read',
  options = '{}',
  before = '',
} = {}): string {
  return `import { createRecorder } from '${entry}'
import { framesOf, readChunks } from '${read}'
${before}
globalThis.outcome = (${recordAndRead.toString()})({ createRecorder, framesOf, readChunks }, ${options}).catch(
  (error) => ({ failure: String(error?.stack ?? error) }),
)
`
}

/** What an outcome is when everything went through a worker. */
export const RECORDED_IN_WORKER = {
  thread: 'worker',
  kernels: 'wasm',
  frames: FRAMES,
  differences: 0,
  isFound: true,
}
