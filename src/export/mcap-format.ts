import type { McapWriter } from '@mcap/core'
import { KymographError } from '../errors.js'
import type { Chunk, Mark, StreamDescriptor } from '../wire/model.js'
import { FrameMessage } from './frame-message.js'
import { FRAME_SCHEMA } from './generated/frame-schema.js'
import { loadPeer } from './peers.js'
import type { SelectedFrames, StreamSelection } from './stream-selection.js'
import { utcOf } from './utc.js'

const MARK_SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    monotonic_ns: { type: 'string', description: "the page's clock" },
    properties: { type: 'object' },
  },
}

/**
 * MCAP: a channel per stream, a message per frame (frame.fbs), marks as JSON, facts of the session as a metadata record.
 * Messages are logged at the frame's time in UTC; its time on the stream's clock stands in the message.
 */
export async function* mcapFormat(
  selection: StreamSelection,
  chunks: AsyncIterable<Chunk>,
  facts: Map<string, string>,
): AsyncGenerator<Uint8Array> {
  const { McapWriter } = await loadPeer('@mcap/core', 'MCAP')
  const output = new WriterOutput()
  const writer = new McapWriter({ writable: output })
  await writer.start({ profile: '', library: 'kymograph' })
  const log = await SessionLog.open(writer, selection.descriptors)
  for await (const chunk of chunks) {
    for (const selected of selection.framesIn(chunk)) await log.addFrames(selected, chunk)
    for (const mark of chunk.marks) await log.addMark(mark)
    yield* output.taken()
  }
  await writer.addMetadata({ name: 'kymograph', metadata: facts })
  await writer.end()
  yield* output.taken()
}

class SessionLog {
  readonly #writer: McapWriter
  readonly #channels: Map<string, { channelId: number; message: FrameMessage }>
  #markChannelId: number | undefined
  #markNumber = 0

  private constructor(writer: McapWriter, channels: Map<string, { channelId: number; message: FrameMessage }>) {
    this.#writer = writer
    this.#channels = channels
  }

  static async open(writer: McapWriter, descriptors: readonly StreamDescriptor[]): Promise<SessionLog> {
    const bytes = Uint8Array.from(atob(FRAME_SCHEMA), (character) => character.charCodeAt(0))
    const schemaId = await writer.registerSchema({ name: 'kymograph.Frame', encoding: 'flatbuffer', data: bytes })
    const channels = new Map<string, { channelId: number; message: FrameMessage }>()
    for (const descriptor of descriptors) {
      const { name } = descriptor
      const metadata = channelMetadata(descriptor)
      const channelId = await writer.registerChannel({
        topic: `/${name}`,
        schemaId,
        messageEncoding: 'flatbuffer',
        metadata,
      })
      channels.set(name, { channelId, message: new FrameMessage(descriptor.channels.map(({ type }) => type)) })
    }
    return new SessionLog(writer, channels)
  }

  async addFrames({ descriptor, frames, firstFrame }: SelectedFrames, chunk: Chunk): Promise<void> {
    const { channelId, message } = this.#channels.get(descriptor.name)!
    const logTimesNs = utcOf(frames.timestampsNs, descriptor.clock, chunk)
    let frame = 0
    for (const data of message.encode(frames)) {
      await this.#add(channelId, firstFrame + frame, logTimesNs[frame]!, data)
      frame += 1
    }
  }

  async addMark({ name, monotonicNs, wallNs, properties }: Mark): Promise<void> {
    this.#markChannelId ??= await this.#registerMarks()
    const text = JSON.stringify({ name, monotonic_ns: String(monotonicNs), properties })
    await this.#add(this.#markChannelId, this.#markNumber++, wallNs, new TextEncoder().encode(text))
  }

  async #registerMarks(): Promise<number> {
    const data = new TextEncoder().encode(JSON.stringify(MARK_SCHEMA))
    const schemaId = await this.#writer.registerSchema({ name: 'kymograph.Mark', encoding: 'jsonschema', data })
    // a stream may be called "marks", none has a slash in its name
    const topic = '/kymograph/marks'
    return this.#writer.registerChannel({ topic, schemaId, messageEncoding: 'json', metadata: new Map() })
  }

  async #add(channelId: number, number: number, logTime: bigint, data: Uint8Array): Promise<void> {
    if (logTime < 0n) {
      throw new KymographError(
        'export-unfit',
        `MCAP has no times before 1970, got ${logTime} ns; choose another format`,
      )
    }
    await this.#writer.addMessage({ channelId, sequence: number >>> 0, logTime, publishTime: logTime, data })
  }
}

function channelMetadata({ clock, channels, rateHz, resampledHz }: StreamDescriptor): Map<string, string> {
  const metadata = new Map([
    ['clock', clock],
    ['channels', JSON.stringify(channels)],
  ])
  if (rateHz !== undefined) metadata.set('rate_hz', String(rateHz))
  if (resampledHz !== undefined) metadata.set('resampled_hz', String(resampledHz))
  return metadata
}

/** Where a writer writes: pieces, until they are taken. */
class WriterOutput {
  #pieces: Uint8Array[] = []
  #position = 0n

  position(): bigint {
    return this.#position
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#position += BigInt(bytes.length)
    // the writer uses its buffers again
    this.#pieces.push(bytes.slice())
  }

  taken(): Uint8Array[] {
    const pieces = this.#pieces
    this.#pieces = []
    return pieces
  }
}
