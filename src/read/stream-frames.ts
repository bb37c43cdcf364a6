import { decodeColumn } from '../kernels/reference/column.js'
import type { ColumnArray, Kernels } from '../kernels/types.js'
import { checkIndices, textsOfChannel } from '../wire/index.js'
import type { ChannelDescriptor, Chunk, ColumnPiece } from '../wire/model.js'
import { kernelsOf } from './frames.js'

export interface ChannelFrames {
  descriptor: ChannelDescriptor
  /**
   * One entry per frame, in the channel's type: f64 Float64Array, f32 Float32Array, i64 BigInt64Array, the others
   * Int32Array; `enum` indices into `descriptor.values`, `text` indices into `dictionary`. 0 where absent.
   */
  values: ColumnArray
  /** One bit per frame, least significant first, 1 = present; undefined when nothing is absent. */
  validity?: Uint8Array
  dictionary?: string[]
}

export interface StreamFrames {
  /** One per frame, on the stream's clock. */
  timestampsNs: BigInt64Array
  channels: ChannelFrames[]
}

/**
 * The frames of one stream of a chunk, decoded; fresh arrays, owned by the caller.
 *
 * options.kernels: decodes with these instead of the TypeScript reference, same values.
 *
 * @throws RangeError when the chunk has no such stream; KymographError `malformed`, `truncated` for damaged columns.
 *
 * Source: docs/format.md, columns.
 *
 * @example
 * const { timestampsNs, channels } = framesOf(chunk, 'imu')
 * const x = channels[0].values
 */
export function framesOf(
  chunk: Chunk,
  streamName: string,
  options: { kernels?: Pick<Kernels, 'decodeColumn'> } = {},
): StreamFrames {
  const piece = chunk.streams.find(({ descriptor }) => descriptor.name === streamName)
  if (!piece) {
    const names = chunk.streams.map(({ descriptor }) => descriptor.name).join(', ') || 'none'
    throw new RangeError(`no stream ${JSON.stringify(streamName)} in the chunk; it has ${names}`)
  }
  const kernels = kernelsOf(options)
  const decode = kernels ? (bytes: Uint8Array) => kernels.decodeColumn(bytes) : decodeColumn
  const { frameCount } = piece
  return {
    timestampsNs: frameCount === 0 ? new BigInt64Array(0) : (decode(piece.time) as BigInt64Array),
    channels: piece.descriptor.channels.map((descriptor, index) =>
      channelFrames(descriptor, piece.columns[index]!, frameCount, decode),
    ),
  }
}

function channelFrames(
  descriptor: ChannelDescriptor,
  piece: ColumnPiece,
  frameCount: number,
  decode: (bytes: Uint8Array) => ColumnArray,
): ChannelFrames {
  const present = piece.column.length === 0 ? emptyColumn(descriptor) : decode(piece.column)
  const texts = textsOfChannel(descriptor, piece)
  // checked when the chunk was decoded, from bytes that may have changed since
  if (texts) checkIndices(descriptor.name, present, texts)
  return {
    descriptor,
    values: piece.validity ? spread(present, piece.validity, frameCount) : present,
    validity: piece.validity && new Uint8Array(piece.validity),
    dictionary: piece.dictionary?.slice(),
  }
}

function emptyColumn({ type }: ChannelDescriptor): ColumnArray {
  if (type === 'f64') return new Float64Array(0)
  if (type === 'f32') return new Float32Array(0)
  return type === 'i64' ? new BigInt64Array(0) : new Int32Array(0)
}

/** Present values at their frames, zeros between; moved as bit patterns. */
function spread(present: ColumnArray, validity: Uint8Array, frameCount: number): ColumnArray {
  const wide = present.BYTES_PER_ELEMENT === 8
  const halvesPerValue = wide ? 2 : 1
  const source = new Int32Array(present.buffer, present.byteOffset, present.length * halvesPerValue)
  const target = new Int32Array(frameCount * halvesPerValue)
  for (let frame = 0, at = 0; frame < frameCount; frame++) {
    if (!((validity[frame >> 3]! >> (frame & 7)) & 1)) continue
    target[frame * halvesPerValue] = source[at++]!
    if (wide) target[2 * frame + 1] = source[at++]!
  }
  if (present instanceof Float64Array) return new Float64Array(target.buffer)
  if (present instanceof Float32Array) return new Float32Array(target.buffer)
  return present instanceof BigInt64Array ? new BigInt64Array(target.buffer) : target
}
