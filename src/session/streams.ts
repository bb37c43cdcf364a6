import { BACKLOG_MAX_BYTES, RING_MIN_CHUNKS } from '../limits.js'
import { FrameMemory, frameBytes, frameMemoryBytes } from '../worker/frame-memory.js'
import type { OverflowPolicy, SessionSettings, StreamPlan, Transport } from '../worker/protocol.js'
import { BatchLane } from './batch-lane.js'
import type { DataLink } from './data-link.js'
import type { Lane } from './lane.js'
import { RingLane } from './ring-lane.js'
import { StreamWriter } from './stream-writer.js'
import { ValueWriter } from './value-writer.js'

/** A stream of a session on the page: its writer, its lane, and the ring if that is the lane's way. */
export interface PageStream {
  writer: StreamWriter
  lane: Lane
  ring: SharedArrayBuffer | undefined
}

/** Opens the page's end of every stream of a session. */
export function openStreams(
  settings: SessionSettings,
  transport: Transport,
  link: DataLink,
  onInvalidValue: (stream: string, channel: string, value: unknown) => void,
): PageStream[] {
  const isArmed = settings.preTriggerMs !== undefined
  return settings.streams.map((plan, index): PageStream => {
    const { name, channels } = plan.descriptor
    const overflow = settings.overflows[index]!
    const writers = channels.map((channel) => new ValueWriter(channel))
    let ring: SharedArrayBuffer | undefined
    let lane: Lane
    if (transport === 'shared' && fitsRing(plan, overflow)) {
      const capacityFrames = ringCapacityFrames(channels.length, settings)
      ring = new SharedArrayBuffer(frameMemoryBytes(channels.length, capacityFrames))
      const notices = { nudge: () => link.nudge(), arm: () => link.armHandOver() }
      lane = new RingLane(new FrameMemory(ring, channels.length, capacityFrames), notices, isArmed)
    } else {
      const texts = writers.flatMap((writer, c) => (writer.isText ? [{ writer, c }] : []))
      lane = new BatchLane(link, index, channels.length, overflow === 'drop-oldest', isArmed, () =>
        texts.map(({ writer, c }) => [c, writer.takeTexts()]),
      )
    }
    const writer = new StreamWriter({
      plan,
      overflow,
      lane,
      writers,
      onInvalidValue: (channel, value) => onInvalidValue(name, channel, value),
      progress: () => link.progress(),
    })
    return { writer, lane, ring }
  })
}

/** Texts travel beside their frames, and the producer of a ring cannot take back what it has written. */
function fitsRing({ descriptor }: StreamPlan, overflow: OverflowPolicy): boolean {
  return overflow !== 'drop-oldest' && descriptor.channels.every(({ type }) => type !== 'text')
}

/** The streams share the backlog's bytes, but each ring holds a few chunks: a power of two. */
function ringCapacityFrames(channels: number, { streams, chunkMaxBytes }: SessionSettings): number {
  const byteLength = Math.max(BACKLOG_MAX_BYTES / streams.length, RING_MIN_CHUNKS * chunkMaxBytes)
  return 2 ** Math.max(6, Math.floor(Math.log2(byteLength / frameBytes(channels))))
}
