import { KymographError } from '../errors.js'
import { decodeColumn } from '../kernels/reference/column.js'
import type { ColumnArray, Kernels } from '../kernels/types.js'
import type { ChannelDescriptor, Chunk, ColumnPiece } from '../wire/model.js'

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
  const { kernels } = options
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
  checkIndices(descriptor, piece, present)
  return {
    descriptor,
    values: piece.validity ? spread(present, piece.validity, frameCount) : present,
    ...(piece.validity ? { validity: piece.validity.slice() } : {}),
    ...(piece.dictionary ? { dictionary: piece.dictionary } : {}),
  }
}

function emptyColumn({ type }: ChannelDescriptor): ColumnArray {
  if (type === 'f64') return new Float64Array(0)
  if (type === 'f32') return new Float32Array(0)
  return type === 'i64' ? new BigInt64Array(0) : new Int32Array(0)
}

/** Indices of enum and text channels must point to something. */
function checkIndices(descriptor: ChannelDescriptor, piece: ColumnPiece, present: ColumnArray): void {
  const texts =
    descriptor.type === 'enum' ? descriptor.values : descriptor.type === 'text' ? piece.dictionary : undefined
  if (!texts) return
  for (const index of present as Int32Array) {
    if (index < 0 || index >= texts.length) {
      throw new KymographError('malformed', `channel "${descriptor.name}": index ${index} of ${texts.length} texts`)
    }
  }
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
