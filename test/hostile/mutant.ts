import { crc32c } from '../../src/kernels/reference/crc32c.js'
import { FRAME_HEADER_BYTES } from '../../src/wire/index.js'

/** Deterministic whole numbers: a linear congruential generator, the same for a seed in every engine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }
}

const BYTES = [0, 1, 0x7f, 0x80, 0xff]

/**
 * Changes a frame in one to four places, in ways that know of its structure, cuts every tenth short, and makes its
 * checksums right again.
 *
 * room: where the mutant is written, with its payload's length changed if it was cut. Returns its length.
 */
export function mutate(frame: Uint8Array, room: Uint8Array, random: Random): number {
  room.set(frame)
  const view = new DataView(room.buffer, room.byteOffset, room.byteLength)
  const payloadEnd = FRAME_HEADER_BYTES + view.getUint32(8, true)
  for (let changes = 1 + random.below(4); changes > 0; changes--) change(room, view, payloadEnd, random)
  let byteLength = frame.length
  if (random.below(10) === 0) {
    const cut = random.below(payloadEnd - FRAME_HEADER_BYTES + 1)
    view.setUint32(8, cut, true)
    byteLength = (FRAME_HEADER_BYTES + cut + 7) & ~7
    room.fill(0, FRAME_HEADER_BYTES + cut, byteLength)
  }
  repair(room.subarray(0, byteLength), view)
  return byteLength
}

function change(bytes: Uint8Array, view: DataView, payloadEnd: number, random: Random): void {
  const start = FRAME_HEADER_BYTES
  const place = () => start + random.below(payloadEnd - start)
  // the whole words of the payload
  const words = (payloadEnd - start) >> 2
  const word = () => start + 4 * random.below(words)
  if (payloadEnd === start) return
  const kind = words === 0 ? random.below(2) : random.below(9)
  if (kind === 0) bytes[place()] = BYTES[random.below(5)]!
  else if (kind === 1) bytes[place()]! ^= 1 << random.below(8)
  else if (kind === 2) view.setUint32(word(), random.below(2 ** 32), true)
  // an offset or count of another place, one that leads to another place, a field of another place
  else if (kind === 3) view.setUint32(word(), view.getUint32(word(), true), true)
  else if (kind === 4) {
    const at = word()
    view.setUint32(at, word() - at, true)
  } else if (kind === 5) view.setUint16(word() + 2 * random.below(2), 2 * random.below(40), true)
  // a small count, a stretch of another place, a header
  else if (kind === 6) view.setUint32(word(), random.below(70), true)
  else if (kind === 7) {
    const [from, to] = [place(), place()]
    bytes.copyWithin(to, from, Math.min(from + 1 + random.below(16), payloadEnd - Math.max(0, to - from)))
  } else bytes[random.below(4) === 0 ? 6 + random.below(2) : place()]! += 1 + random.below(3)
}

function repair(frame: Uint8Array, view: DataView): void {
  const payload = frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + view.getUint32(8, true))
  view.setUint32(40, crc32c(payload), true)
  view.setUint32(44, crc32c(frame.subarray(0, 44)), true)
}
