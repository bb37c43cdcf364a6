import { verifyBuffer } from '../wire/index.js'

export { KymographError } from '../errors.js'
export { decodeChunk } from '../wire/index.js'
export type {
  ChannelDescriptor,
  ChannelKind,
  ChannelType,
  Chunk,
  ClockName,
  ClockSnapshot,
  ColumnPiece,
  FrameHeader,
  Gap,
  LossCounts,
  LossReason,
  Mark,
  PropertyValue,
  StreamCounts,
  StreamDescriptor,
  StreamPiece,
} from '../wire/model.js'
export { chunkId } from '../wire/model.js'
export type { ByteSource } from './byte-window.js'
export { type ReadItem, readChunks } from './chunks.js'
export type { DamageItem, SoundFrame } from './frame-scan.js'
export { type FrameItem, type ReadOptions, readFrames } from './frames.js'
export { type ChannelFrames, framesOf, type StreamFrames } from './stream-frames.js'

/**
 * Checks the structure of a chunk's FlatBuffer: everything in it lies within its bounds. What it says is looked at by
 * decodeChunk only.
 *
 * bytes: the payload of a frame, borrowed until return.
 *
 * @throws KymographError `too-large`, `truncated`, `not-kymo`, `malformed`, `ill-formed-text`, with the offset.
 *
 * Source: docs/format.md, structure.
 *
 * @example
 * verifyChunk(payload)
 */
export function verifyChunk(bytes: Uint8Array): void {
  verifyBuffer(bytes)
}
