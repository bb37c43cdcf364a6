export { decodeChunk } from './decode.js'
export { encodeChunk, FORMAT_VERSION } from './encode.js'
export {
  type Crc32c,
  decodeFrame,
  encodeFrame,
  FRAME_HEADER_BYTES,
  FRAME_MAGIC,
  FRAME_VERSION,
  frameByteLength,
  hasMagic,
  isSoundHeader,
  readFrameHeader,
} from './frame.js'
export { checkIndices, textsOfChannel } from './indices.js'
export { verifyBuffer } from './verify.js'
