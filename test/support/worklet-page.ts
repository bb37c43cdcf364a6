// The page of the AudioWorklet test: renders known samples through a producer and reads the ring as the worker does.
import { loadKernels } from '../../src/kernels/index.js'
import { SessionPipeline } from '../../src/pipeline/session-pipeline.js'
import { framesOf } from '../../src/read/index.js'
import { FrameInput } from '../../src/worker/frame-input.js'
import { frameMemoryBytes } from '../../src/worker/frame-memory.js'
import type { StreamPlan } from '../../src/worker/protocol.js'
import type { ProducerOptions } from './worklet-producer.js'

const RATE_HZ = 48_000
const FRAMES = 48_000

export interface WorkletOutcome {
  frames: number
  differences: number
  drains: number
  counts: { received: number; ingested: number; produced: number; lost: object }
}

/** `capacityFrames`: of the ring, a power of two. */
export async function recordSound(capacityFrames: number): Promise<WorkletOutcome> {
  const plan: StreamPlan = {
    descriptor: { name: 'sound', clock: 'monotonic', channels: [{ name: 'sample', type: 'f32' }] },
  }
  let frames = 0
  let differences = 0
  const samples = Float32Array.from({ length: FRAMES }, (_, i) => Math.fround(((i * 7919) % 65_537) / 65_537 - 0.5))
  const pipeline = new SessionPipeline(
    await loadKernels(),
    {
      id: '0199d3c2-7c1e-7b7e-8f63-1b2c3d4e5f60',
      labels: [],
      metadata: new Map(),
      clock: { monotonicNs: 0n, wallNs: 0n },
      streams: [plan],
      chunkMaxBytes: 65_536,
    },
    {
      onGap: () => {},
      onWarning: () => {},
      retainedFrom: () => Number.POSITIVE_INFINITY,
      onSealed: ({ chunk }) => {
        const { timestampsNs, channels } = framesOf(chunk, 'sound')
        for (let i = 0; i < timestampsNs.length; i++, frames++) {
          const timeNs = BigInt(Math.round(((frames * 1000) / RATE_HZ) * 1e6))
          if (timestampsNs[i] !== timeNs || !Object.is(channels[0]!.values[i], samples[frames])) differences += 1
        }
        input.release(pipeline.nextFrames)
      },
    },
  )
  const ring = new SharedArrayBuffer(frameMemoryBytes(1, capacityFrames))
  const input = new FrameInput(pipeline, [plan], [ring])
  const context = new OfflineAudioContext(1, FRAMES, RATE_HZ)
  await context.audioWorklet.addModule('/worklet-producer.js')
  const buffer = new AudioBuffer({ length: FRAMES, sampleRate: RATE_HZ })
  buffer.copyToChannel(samples, 0)
  const source = new AudioBufferSourceNode(context, { buffer })
  const processorOptions: ProducerOptions = { plan, ring, capacityFrames }
  source
    .connect(new AudioWorkletNode(context, 'ring-producer', { numberOfOutputs: 1, processorOptions }))
    .connect(context.destination)
  source.start()
  let drains = 0
  const timer = setInterval(() => {
    drains += 1
    input.drain()
  }, 1)
  await context.startRendering()
  clearInterval(timer)
  input.drain()
  pipeline.finish()
  const { received, ingested, produced, lost } = pipeline.counts()[0]!
  return { frames, differences, drains, counts: { received, ingested, produced, lost } }
}
