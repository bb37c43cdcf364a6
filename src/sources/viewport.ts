import type { Source } from '../session/index.js'
import { noteNow } from './capture.js'
import { endAll, listen } from './listen.js'
import { createRedactor } from './redaction.js'
import { hasSensitiveFocus } from './sensitive.js'
import { eventSource, type SourceOptions } from './source.js'

/**
 * What can be seen of the page: a stream `viewport` with its size, the part that is zoomed to, density and turn of the
 * screen, at the start and whenever it changes. The part that is zoomed to follows what is typed: while a sensitive field
 * has the focus its ways are not recorded.
 *
 * Source: W3C CSSOM View, VisualViewport.
 *
 * @example
 * const session = await recorder.createSession({ sources: [viewport()] })
 */
export function viewport(options?: SourceOptions): Source {
  return eventSource('viewport', options, {
    channels: [
      { name: 'width', unit: '{px}' },
      { name: 'height', unit: '{px}' },
      { name: 'visualWidth', unit: '{px}' },
      { name: 'visualHeight', unit: '{px}' },
      { name: 'offsetLeft', unit: '{px}' },
      { name: 'offsetTop', unit: '{px}' },
      'scale',
      'devicePixelRatio',
      { name: 'screenAngle', unit: 'deg' },
    ],
    read: (stream, session) => {
      const { visualViewport } = window
      const note = (timeMs: number) => {
        stream.push(
          timeMs,
          window.innerWidth,
          window.innerHeight,
          visualViewport?.width,
          visualViewport?.height,
          visualViewport?.offsetLeft,
          visualViewport?.offsetTop,
          visualViewport?.scale,
          window.devicePixelRatio,
          window.screen.orientation?.angle,
        )
      }
      const isLeftOut = createRedactor(stream, hasSensitiveFocus)
      const onChange = (event: Event) => {
        if (event.type !== 'scroll' || !isLeftOut(event, document.documentElement)) note(event.timeStamp)
      }
      const targets: [EventTarget | null | undefined, string][] = [
        [window, 'resize'],
        [visualViewport, 'resize'],
        [visualViewport, 'scroll'],
        [window.screen.orientation, 'change'],
      ]
      return endAll([
        noteNow(session, note),
        ...targets.flatMap(([target, type]) => (target ? [listen(target, type, onChange)] : [])),
      ])
    },
  })
}
