import { verifyBuffer } from '../wire/index.js'

export { KymographError } from '../errors.js'
export { decodeChunk } from '../wire/index.js'
export type {
  ChannelDescriptor,
  ChannelType,
  Chunk,
  ClockName,
  ClockSnapshot,
  FrameHeader,
  Gap,
  LossCounts,
  Mark,
  StreamCounts,
  StreamDescriptor,
  StreamPiece,
} from '../wire/model.js'
export { chunkId } from '../wire/model.js'
export type { ByteSource } from './byte-window.js'
export { type ReadItem, type ReadOptions, readChunks } from './chunks.js'
export { type ChannelFrames, framesOf, type StreamFrames } from './stream-frames.js'

/**
 * Checks a chunk's FlatBuffer without decoding it.
 *
 * @throws KymographError with code and offset when anything in it points out of bounds.
 *
 * @example
 * verifyChunk(payload)
 */
export function verifyChunk(bytes: Uint8Array): void {
  verifyBuffer(bytes)
}
