import { KymographError } from '../errors.js'
import { crc32c as referenceCrc32c } from '../kernels/reference/crc32c.js'
import { CHUNK_MAX_BYTES } from '../limits.js'
import type { FrameHeader } from './model.js'
import { formatSessionId, parseSessionId } from './session-id.js'

/**
 * The frame a chunk travels in, little-endian, 8-aligned:
 *
 *      0  magic          89 4B 59 4D (0x89 K Y M)
 *      4  version        u8, 1
 *      5  header length  u8, 48
 *      6  flags          u16: bit 0 final, bit 1 amendment, bits 8–15 required features
 *      8  payload length u32
 *     12  epoch          u32
 *     16  session id     16 bytes
 *     32  sequence       u32
 *     36  reserved       u32, 0
 *     40  payload crc32c u32
 *     44  header crc32c  u32, over bytes 0–43
 *     48  payload, then zeros up to a multiple of 8
 */
export const FRAME_HEADER_BYTES = 48
export const FRAME_MAGIC = Uint8Array.of(0x89, 0x4b, 0x59, 0x4d)
export const FRAME_VERSION = 1

const FLAG_FINAL = 1
const FLAG_AMENDMENT = 2
const FLAGS_REQUIRED = 0xff00

export type Crc32c = (bytes: Uint8Array) => number

/** Bytes of a frame with its header and padding. */
export function frameByteLength(header: Pick<FrameHeader, 'payloadByteLength'>): number {
  return (FRAME_HEADER_BYTES + header.payloadByteLength + 7) & ~7
}

/**
 * Puts a chunk's FlatBuffer into its frame.
 *
 * payload: borrowed until return. Returns fresh bytes.
 *
 * @throws KymographError `too-large` above CHUNK_MAX_BYTES; RangeError for an identity the header cannot hold.
 */
export function encodeFrame(
  chunk: Omit<FrameHeader, 'payloadByteLength'>,
  payload: Uint8Array,
  crc32c: Crc32c = referenceCrc32c,
): Uint8Array<ArrayBuffer> {
  if (payload.length > CHUNK_MAX_BYTES) throw tooLarge(payload.length)
  for (const field of ['epoch', 'seq'] as const) {
    const value = chunk[field]
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) {
      throw new RangeError(`"${field}" expected an integer of 32 bits, got ${value}`)
    }
  }
  const frame = new Uint8Array(frameByteLength({ payloadByteLength: payload.length }))
  const view = new DataView(frame.buffer)
  frame.set(FRAME_MAGIC, 0)
  frame[4] = FRAME_VERSION
  frame[5] = FRAME_HEADER_BYTES
  view.setUint16(6, (chunk.final ? FLAG_FINAL : 0) | (chunk.amendment ? FLAG_AMENDMENT : 0), true)
  view.setUint32(8, payload.length, true)
  view.setUint32(12, chunk.epoch, true)
  frame.set(parseSessionId(chunk.sessionId), 16)
  view.setUint32(32, chunk.seq, true)
  frame.set(payload, FRAME_HEADER_BYTES)
  view.setUint32(40, crc32c(payload), true)
  view.setUint32(44, crc32c(frame.subarray(0, 44)), true)
  return frame
}

/** Whether the frame magic stands at `offset`. */
export function hasMagic(bytes: Uint8Array, offset: number): boolean {
  return (
    bytes[offset] === 0x89 && bytes[offset + 1] === 0x4b && bytes[offset + 2] === 0x59 && bytes[offset + 3] === 0x4d
  )
}

/** Whether a header of this version stands at `offset` and its checksum holds: what a search for frames asks, cheaply. */
export function isSoundHeader(bytes: Uint8Array, offset: number, crc32c: Crc32c = referenceCrc32c): boolean {
  if (bytes.length < offset + FRAME_HEADER_BYTES || !hasMagic(bytes, offset)) return false
  if (bytes[offset + 4] !== FRAME_VERSION || bytes[offset + 5] !== FRAME_HEADER_BYTES) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES)
  return view.getUint32(44, true) === crc32c(bytes.subarray(offset, offset + 44))
}

/**
 * Reads the header at `offset`, in this order: magic and version, header checksum, features, size. No length is
 * trusted before the checksum holds. Offsets in errors are those in `bytes`.
 *
 * @throws KymographError `not-kymo`, `version`, `crc-mismatch`, `required-feature`, `too-large`, `malformed`, `truncated`.
 */
export function readFrameHeader(bytes: Uint8Array, offset = 0, crc32c: Crc32c = referenceCrc32c): FrameHeader {
  if (bytes.length < offset + 4 && bytes.length < offset + FRAME_HEADER_BYTES) throw truncated(bytes.length)
  if (!hasMagic(bytes, offset)) {
    throw new KymographError('not-kymo', 'no frame magic here: not a kymo file, or damaged', {
      offset,
    })
  }
  if (bytes.length < offset + FRAME_HEADER_BYTES) throw truncated(bytes.length)
  if (bytes[offset + 4] !== FRAME_VERSION || bytes[offset + 5] !== FRAME_HEADER_BYTES) {
    throw new KymographError(
      'version',
      `the frame has version ${bytes[offset + 4]}, this reader knows ${FRAME_VERSION}: use a newer one, or the byte is damaged`,
      { offset },
    )
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES)
  if (view.getUint32(44, true) !== crc32c(bytes.subarray(offset, offset + 44))) {
    throw new KymographError('crc-mismatch', 'frame header: checksum does not hold', { offset })
  }
  const flags = view.getUint16(6, true)
  if ((flags & FLAGS_REQUIRED) !== 0) {
    const features = (flags >> 8).toString(2)
    throw new KymographError(
      'required-feature',
      `the frame needs features this reader does not know (bits ${features}); use a newer one`,
      { offset },
    )
  }
  const payloadByteLength = view.getUint32(8, true)
  if (payloadByteLength > CHUNK_MAX_BYTES) {
    throw tooLarge(payloadByteLength, offset)
  }
  if (view.getUint32(36, true) !== 0)
    throw new KymographError('malformed', 'reserved bytes of the frame header are set', { offset: offset + 36 })
  return {
    sessionId: formatSessionId(bytes, offset + 16),
    epoch: view.getUint32(12, true),
    seq: view.getUint32(32, true),
    final: (flags & FLAG_FINAL) !== 0,
    amendment: (flags & FLAG_AMENDMENT) !== 0,
    payloadByteLength,
  }
}

/**
 * Reads the frame at `offset`: header, payload checksum, padding. The payload is a view on `bytes`.
 *
 * @throws KymographError as {@link readFrameHeader}, `truncated` and `crc-mismatch` for the payload.
 */
export function decodeFrame(
  bytes: Uint8Array,
  offset = 0,
  crc32c: Crc32c = referenceCrc32c,
): { header: FrameHeader; payload: Uint8Array } {
  const header = readFrameHeader(bytes, offset, crc32c)
  const end = offset + frameByteLength(header)
  if (bytes.length < end) throw truncated(bytes.length)
  const start = offset + FRAME_HEADER_BYTES
  const payload = bytes.subarray(start, start + header.payloadByteLength)
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, FRAME_HEADER_BYTES)
  if (view.getUint32(40, true) !== crc32c(payload)) {
    throw new KymographError('crc-mismatch', 'chunk: payload checksum does not hold', {
      offset: start,
    })
  }
  for (let at = start + header.payloadByteLength; at < end; at++) {
    if (bytes[at] !== 0) throw new KymographError('malformed', 'the padding of the frame is not zero', { offset: at })
  }
  return { header, payload }
}

function truncated(offset: number): KymographError {
  return new KymographError('truncated', 'the frame is cut short: the bytes end inside it', { offset })
}

function tooLarge(byteLength: number, offset?: number): KymographError {
  return new KymographError('too-large', `a chunk of ${byteLength} bytes, the limit is ${CHUNK_MAX_BYTES}`, { offset })
}
