import type { Source } from '../session/index.js'
import { KeptFrames } from './kept-frames.js'
import { eventSource, type SourceOptions } from './source.js'

const readers = new Set<KeptFrames>()
let request: number | undefined

/**
 * Every picture the page shows: a stream `frameRate` with the time since the one before, in ms. Asking for each keeps the
 * page drawing.
 *
 * @example
 * const session = await recorder.createSession({ sources: [frameRate()] })
 */
export function frameRate(options?: SourceOptions): Source {
  return eventSource('frameRate', options, {
    channels: [{ name: 'interval', unit: 'ms' }],
    read: (stream, session) => {
      const frames = new KeptFrames(session, stream, 1)
      readers.add(frames)
      let last: number | undefined
      const next = (timeMs: number) => {
        for (const reader of readers) reader.add(timeMs, last === undefined ? undefined : timeMs - last)
        last = timeMs
        request = requestAnimationFrame(next)
      }
      request ??= requestAnimationFrame(next)
      return () => {
        readers.delete(frames)
        frames.end()
        if (readers.size > 0 || request === undefined) return
        cancelAnimationFrame(request)
        request = undefined
      }
    },
  })
}
