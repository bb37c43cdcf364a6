import type { Source } from '../session/index.js'
import { targetOf } from './element.js'
import { listen } from './listen.js'
import { createRedactor } from './redaction.js'
import { hasSensitiveFocus, isSensitive } from './sensitive.js'
import { eventSource, type SourceOptions } from './source.js'

/**
 * Where the page, or a part of it, is scrolled to: a stream `scroll`. Fields, and what they are in, scroll while they
 * are typed into: while a sensitive one has the focus nothing is recorded.
 *
 * @example
 * const session = await recorder.createSession({ sources: [scroll()] })
 */
export function scroll(options?: SourceOptions): Source {
  return eventSource('scroll', options, {
    channels: [
      { name: 'x', unit: '{px}' },
      { name: 'y', unit: '{px}' },
      { name: 'target', type: 'enum', values: ['page', 'element'] },
    ],
    read: (stream) => {
      const isLeftOut = createRedactor(stream, (element) => isSensitive(element) || hasSensitiveFocus())
      return listen(window, 'scroll', (event) => {
        const { timeStamp } = event
        const element = targetOf(event)
        if (isLeftOut(event, element ?? document.documentElement)) return
        if (element) stream.push(timeStamp, element.scrollLeft, element.scrollTop, 1)
        else stream.push(timeStamp, window.scrollX, window.scrollY, 0)
      })
    },
  })
}
