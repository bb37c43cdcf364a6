import { RETAINED_MAX_BYTES } from '../limits.js'
import { markBytes } from '../pipeline/session-pipeline.js'
import type { ToWorker } from './protocol.js'

type Numbered = Extract<ToWorker, { serial: number }>

interface Retained {
  serial: number
  byteLength: number
  /** Of batches: their stream, and the numbers of their first frame and of the first behind them. */
  streamIndex: number
  firstFrame: number
  endFrame: number
}

/** Weight of a message without frames. */
const NOTE_BYTES = 256

/**
 * Messages taken up that the page has not been told to forget. It keeps them in order, so the oldest batch a resampler
 * has more to give of keeps all behind it: up to RETAINED_MAX_BYTES of them.
 */
export class RetainedMessages {
  readonly #messages: Retained[] = []
  #releasedSerial = 0

  add(message: Numbered): void {
    const { serial } = message
    if (message.kind !== 'batch') {
      const byteLength = NOTE_BYTES + (message.kind === 'mark' ? markBytes(message.mark) : 0)
      this.#messages.push({ serial, byteLength, streamIndex: -1, firstFrame: 0, endFrame: 0 })
      return
    }
    const { streamIndex, firstFrame, frameCount, buffer } = message
    const endFrame = firstFrame + frameCount
    this.#messages.push({ serial, byteLength: buffer.byteLength, streamIndex, firstFrame, endFrame })
  }

  /** Number of the first frame of a stream that can be retained. */
  retainedFrom(streamIndex: number): number {
    let from = Number.POSITIVE_INFINITY
    let byteLength = 0
    for (let at = this.#messages.length - 1; at >= 0; at--) {
      const message = this.#messages[at]!
      byteLength += message.byteLength
      if (byteLength > RETAINED_MAX_BYTES) break
      if (message.streamIndex === streamIndex) from = message.firstFrame
    }
    return from
  }

  /** The last message, up to `serial`, that the page need not keep now that the frames before these numbers are settled. */
  release(serial: number, settledFrames: readonly number[]): number {
    const kept = this.#messages.findIndex(
      (message) =>
        message.serial > serial || (message.streamIndex >= 0 && message.endFrame > settledFrames[message.streamIndex]!),
    )
    const released = this.#messages.splice(0, kept < 0 ? this.#messages.length : kept)
    this.#releasedSerial = released.at(-1)?.serial ?? this.#releasedSerial
    return this.#releasedSerial
  }
}
