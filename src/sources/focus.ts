import type { Source } from '../session/index.js'
import { FIELD_KINDS, fieldKindOf, targetOf } from './element.js'
import { endAll, listen } from './listen.js'
import { createRedactor } from './redaction.js'
import { isSensitive } from './sensitive.js'
import { eventSource, type SourceOptions } from './source.js'

const CHANGES = ['in', 'out', 'window-in', 'window-out']

/**
 * Which kind of field the focus comes to and leaves, and whether the window has it at all: a stream `focus`. Of
 * sensitive fields nothing is recorded; one frame is counted `redacted`, however many follow one another.
 *
 * @example
 * const session = await recorder.createSession({ sources: [focus()] })
 */
export function focus(options?: SourceOptions): Source {
  return eventSource('focus', options, {
    channels: [
      { name: 'change', type: 'enum', values: CHANGES },
      { name: 'field', type: 'enum', values: FIELD_KINDS },
    ],
    read: (stream) => {
      const isLeftOut = createRedactor(stream, isSensitive)
      const field = (change: number) => (event: Event) => {
        const element = targetOf(event)
        if (!isLeftOut(event, element)) stream.push(event.timeStamp, change, fieldKindOf(element))
      }
      const whole = (change: number) => (event: Event) => {
        if (event.target === window) stream.push(event.timeStamp, change)
      }
      return endAll([
        listen(window, 'focusin', field(0)),
        listen(window, 'focusout', field(1)),
        listen(window, 'focus', whole(2)),
        listen(window, 'blur', whole(3)),
      ])
    },
  })
}
