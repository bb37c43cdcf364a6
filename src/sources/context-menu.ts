import type { Source } from '../session/index.js'
import { targetOf } from './element.js'
import { listen } from './listen.js'
import { createRedactor } from './redaction.js'
import { isSensitive } from './sensitive.js'
import { eventSource, type SourceOptions } from './source.js'

/**
 * Where a context menu is asked for: a stream `contextMenu`. By keyboard that is where the caret is: of sensitive fields
 * nothing is recorded.
 *
 * @example
 * const session = await recorder.createSession({ sources: [contextMenu()] })
 */
export function contextMenu(options?: SourceOptions): Source {
  return eventSource('contextMenu', options, {
    channels: [
      { name: 'x', unit: '{px}' },
      { name: 'y', unit: '{px}' },
    ],
    read: (stream) => {
      const isLeftOut = createRedactor(stream, isSensitive)
      return listen<MouseEvent>(window, 'contextmenu', (event) => {
        if (!isLeftOut(event, targetOf(event))) stream.push(event.timeStamp, event.clientX, event.clientY)
      })
    },
  })
}
