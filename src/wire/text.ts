import { KymographError } from '../errors.js'

const encoder = new TextEncoder()
// without ignoreBOM a leading U+FEFF is dropped
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * UTF-8 of a text; fresh.
 *
 * @throws KymographError `ill-formed-text` for a lone surrogate, which would become U+FFFD.
 */
export function encodeText(text: string): Uint8Array {
  if (LONE_SURROGATE.test(text)) {
    const shown = JSON.stringify(text.slice(0, 80))
    throw new KymographError('ill-formed-text', `text with a lone surrogate cannot be written: ${shown}`)
  }
  return encoder.encode(text)
}

/**
 * The text of UTF-8 bytes, which stand at `offset` of the chunk.
 *
 * @throws KymographError `ill-formed-text` when they are none.
 */
export function decodeText(bytes: Uint8Array, offset: number): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new KymographError('ill-formed-text', `a text at byte ${offset} is not UTF-8`, { offset, cause })
  }
}

/** Texts one after the other, each as its byte length (LEB128) and its UTF-8: 9 bytes less per text than [string]. */
export function packTexts(texts: readonly string[]): Uint8Array {
  const packed: number[] = []
  for (const text of texts) {
    const bytes = encodeText(text)
    let rest = bytes.length
    for (; rest >= 128; rest >>>= 7) packed.push((rest & 127) | 128)
    packed.push(rest)
    for (const byte of bytes) packed.push(byte)
  }
  return Uint8Array.from(packed)
}

/**
 * The texts of {@link packTexts}, which stand at `offset` of the chunk.
 *
 * @throws KymographError `malformed`, `ill-formed-text`.
 */
export function unpackTexts(packed: Uint8Array, offset: number): string[] {
  const texts: string[] = []
  for (let at = 0; at < packed.length; ) {
    const length = at
    let byteLength = 0
    // three bytes reach 2^21, beyond any chunk
    for (let shift = 0; ; shift += 7) {
      const byte = packed[at++]
      if (byte === undefined || shift > 14) throw malformedLength(offset + length)
      byteLength |= (byte & 127) << shift
      if (byte >= 128) continue
      if (byte === 0 && shift > 0) throw malformedLength(offset + length)
      break
    }
    if (byteLength > packed.length - at) throw malformedLength(offset + length)
    texts.push(decodeText(packed.subarray(at, at + byteLength), offset + at))
    at += byteLength
  }
  return texts
}

function malformedLength(offset: number): KymographError {
  return new KymographError('malformed', `the chunk is damaged: length of a packed text at byte ${offset}`, { offset })
}
