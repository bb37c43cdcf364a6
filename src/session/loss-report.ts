import type { LossReason } from '../worker/protocol.js'
import type { SessionEventDetails } from './events.js'
import type { StreamWriter } from './stream-writer.js'

type Loss = SessionEventDetails['loss']

/** Says what a stream has lost on the page since it was last asked. */
export class LossReport {
  readonly #reportedFrames = new Map<string, number>()

  since(stream: StreamWriter): Loss[] {
    const lost = Object.entries(stream.counts.lost) as [LossReason, number][]
    return lost.flatMap(([reason, lostFrames]) => {
      const key = `${stream.name}\n${reason}`
      const frames = lostFrames - (this.#reportedFrames.get(key) ?? 0)
      this.#reportedFrames.set(key, lostFrames)
      return frames > 0 ? [{ stream: stream.name, reason, frames }] : []
    })
  }
}
