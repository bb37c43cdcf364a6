import { crc32c as referenceCrc32c } from '../kernels/reference/crc32c.js'
import type { Kernels } from '../kernels/types.js'
import { type DamageItem, type ScanWindow, type SoundFrame, scanFrames } from './frame-scan.js'

export interface ReadOptions {
  /** Takes checksums with these kernels instead of the TypeScript reference. */
  kernels?: Pick<Kernels, 'crc32c'>
}

/** A frame with sound checksums, its payload not looked at; or a stretch of bytes that is none. */
export type FrameItem = ({ kind: 'frame' } & SoundFrame) | DamageItem

/**
 * Reads the frames of a session file in memory, one after the other, without decoding their chunks, and finds its way
 * past damage: it looks for the next frame whose header checksum holds and reports the bytes it skipped. A file cut
 * short ends with damage of code `truncated`.
 *
 * bytes: borrowed while reading; `bytes` and `payload` of the items are views on them.
 *
 * Returns frames and damage in the order of the file, without a byte left out between them.
 *
 * @throws nothing for damaged bytes; TypeError when `bytes` is no Uint8Array.
 *
 * Source: docs/format.md, frame.
 *
 * @example
 * for (const item of readFrames(bytes)) {
 *   if (item.kind === 'frame') console.log(item.header.seq, item.payload.length)
 * }
 */
export function* readFrames(bytes: Uint8Array, options: ReadOptions = {}): Generator<FrameItem, void, undefined> {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('"bytes" expected a Uint8Array')
  const window = new WholeWindow(bytes)
  const scan = scanFrames<FrameItem>(window, crc32cOf(options), (frame) => ({ kind: 'frame', ...frame }))
  for (let step = scan.next(); !step.done; ) {
    if (typeof step.value === 'number') {
      step = scan.next(window.bytes.length >= step.value)
    } else {
      yield step.value
      step = scan.next(true)
    }
  }
}

/** The checksum to read with. */
export function crc32cOf(options: ReadOptions): (bytes: Uint8Array) => number {
  const kernels = kernelsOf(options)
  return kernels ? (bytes) => kernels.crc32c(bytes) : referenceCrc32c
}

/** Its own `kernels`: not what a page's polluted `Object.prototype` has by that name. */
export function kernelsOf<K>(options: { kernels?: K }): K | undefined {
  return Object.hasOwn(options, 'kernels') ? options.kernels : undefined
}

class WholeWindow implements ScanWindow {
  bytes: Uint8Array
  offset = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  skip(byteLength: number): void {
    this.bytes = this.bytes.subarray(byteLength)
    this.offset += byteLength
  }
}
