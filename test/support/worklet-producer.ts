// Runs in an AudioWorklet: no timers, no performance, no port to a worker, only the memory it is given.
import { RingLane } from '../../src/session/ring-lane.js'
import { StreamWriter } from '../../src/session/stream-writer.js'
import { ValueWriter } from '../../src/session/value-writer.js'
import { FrameMemory } from '../../src/worker/frame-memory.js'
import type { StreamPlan } from '../../src/worker/protocol.js'

/** What the scope of an AudioWorklet has. */
declare const currentFrame: number
declare const sampleRate: number
declare const AudioWorkletProcessor: new () => object
declare const registerProcessor: (name: string, processor: object) => void

export interface ProducerOptions {
  plan: StreamPlan
  ring: SharedArrayBuffer
  capacityFrames: number
}

class RingProducer extends AudioWorkletProcessor {
  readonly #writer: StreamWriter

  constructor({ processorOptions }: { processorOptions: ProducerOptions }) {
    super()
    const { plan, ring, capacityFrames } = processorOptions
    const { channels } = plan.descriptor
    this.#writer = new StreamWriter({
      plan,
      overflow: 'drop-newest',
      lane: new RingLane(new FrameMemory(ring, channels.length, capacityFrames), undefined, false),
      writers: channels.map((channel) => new ValueWriter(channel)),
      onInvalidValue: () => {},
      progress: () => new Promise(() => {}),
    })
  }

  process([input]: Float32Array[][]): boolean {
    const samples = input?.[0]
    if (samples) {
      const times = Float64Array.from(samples, (_, i) => ((currentFrame + i) * 1000) / sampleRate)
      this.#writer.write(times, samples)
    }
    return true
  }
}

registerProcessor('ring-producer', RingProducer)
