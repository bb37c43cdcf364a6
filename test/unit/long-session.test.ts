import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/kernels/index.js'
import { SessionPipeline } from '../../src/pipeline/session-pipeline.js'
import { RingLane } from '../../src/session/ring-lane.js'
import { decodeChunk } from '../../src/wire/index.js'
import type { Chunk } from '../../src/wire/model.js'
import { FrameInput } from '../../src/worker/frame-input.js'
import { FrameMemory, frameMemoryBytes } from '../../src/worker/frame-memory.js'

const CLOCK = { monotonicNs: 0n, wallNs: 1_700_000_000_000_000_000n }
const STREAMS = [
  { descriptor: { name: 's', channels: [{ name: 'v', type: 'f64' as const }], clock: 'relative' as const } },
]

describe('a ring whose frame numbers pass 2^32', () => {
  it('loses none and mixes none up (F19)', async () => {
    const kernels = await loadKernels({ build: 'reference' })
    const chunks: Chunk[] = []
    const plan = { id: '0199d3c2-7c1e-7b7e-8f63-1b2c3d4e5f60', labels: [], metadata: new Map(), clock: CLOCK }
    const pipeline = new SessionPipeline(
      kernels,
      { ...plan, streams: STREAMS, chunkMaxBytes: 4096 },
      {
        onSealed: ({ chunk, frame }) => chunks.push({ ...chunk, ...decodeChunk(frame.subarray(48)) }),
        onGap: () => {},
        onWarning: () => {},
        retainedFrom: () => Number.POSITIVE_INFINITY,
      },
    )
    const first = 2 ** 32 - 1000
    const capacityFrames = 256
    const ring = new SharedArrayBuffer(frameMemoryBytes(1, capacityFrames))
    const memory = new FrameMemory(ring, 1, capacityFrames)
    memory.clock = 'relative'
    pipeline.resume({
      epoch: 0,
      seq: 0,
      baseFrames: [first],
      oldestFrames: [first],
      storedMarks: [],
      lastTimes: [],
      lastChunk: undefined,
    })
    const lane = new RingLane(memory, undefined, false, first)
    const input = new FrameInput(pipeline, STREAMS, [ring])
    let written = 0
    while (written < 3000) {
      if (!lane.advance()) {
        input.drain()
        pipeline.seal()
        input.release(pipeline.nextFrames)
        continue
      }
      const { slot } = lane.cursor
      memory.timesNs[slot] = BigInt(written) * 1_000_000n
      memory.values[slot] = written
      memory.maskWords[slot] = 0
      lane.cursor.commit(1)
      written += 1
    }
    input.drain()
    pipeline.finish()
    expect(lane.nextFrame).toBe(first + 3000)
    expect(pipeline.nextFrames).toEqual([first + 3000])
    expect(chunks.at(-1)!.streams[0]!.counts).toMatchObject({ received: 3000, ingested: 3000, lost: {} })
    const values = chunks.flatMap(({ streams }) =>
      streams[0]!.frameCount > 0 ? [...(kernels.decodeColumn(streams[0]!.columns[0]!.column) as Float64Array)] : [],
    )
    expect(values).toEqual(Array.from({ length: 3000 }, (_, i) => i))
  })
})
