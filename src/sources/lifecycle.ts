import type { Source } from '../session/index.js'
import { noteNow } from './capture.js'
import { endAll, listen } from './listen.js'
import { eventSource, type SourceOptions } from './source.js'

const CHANGES = ['visible', 'hidden', 'frozen', 'resumed', 'left', 'returned', 'online', 'offline']

/**
 * What becomes of the page: a stream `lifecycle` with its visibility at the start, and when it is hidden, frozen,
 * resumed, left (to the back/forward cache: `isKept`) and returned to, or the network comes and goes.
 *
 * Source: W3C Page Visibility, WICG Page Lifecycle.
 *
 * @example
 * const session = await recorder.createSession({ sources: [lifecycle()] })
 */
export function lifecycle(options?: SourceOptions): Source {
  return eventSource('lifecycle', options, {
    channels: [
      { name: 'change', type: 'enum', values: CHANGES },
      { name: 'isKept', type: 'enum', values: ['false', 'true'] },
    ],
    read: (stream, session) => {
      const visibility = () => CHANGES.indexOf(document.visibilityState)
      const push = (change: string) => (event: Event) =>
        void stream.push(event.timeStamp, CHANGES.indexOf(change), keptBy(event))
      const returned = push('returned')
      return endAll([
        noteNow(session, (timeMs) => void stream.push(timeMs, visibility())),
        listen(document, 'visibilitychange', (event) => void stream.push(event.timeStamp, visibility())),
        listen(document, 'freeze', push('frozen')),
        listen(document, 'resume', push('resumed')),
        listen(window, 'pagehide', push('left')),
        // a page that was not kept is shown when it has loaded
        listen(window, 'pageshow', (event) => void (keptBy(event) && returned(event))),
        listen(window, 'online', push('online')),
        listen(window, 'offline', push('offline')),
      ])
    },
  })
}

function keptBy(event: Event): number | undefined {
  const { persisted } = event as Partial<PageTransitionEvent>
  return persisted === undefined ? undefined : Number(persisted)
}
