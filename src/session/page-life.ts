import { LAST_WORDS_MS } from '../limits.js'

/**
 * Calls back when the page is hidden, about to be frozen or left, and when it can be seen again; `onChange` says whether
 * anything is being recorded. Returns what ends it.
 *
 * A page that is closed takes its worker along, before it has read what it was sent. A moment's waiting, for pages that
 * nobody will see again, lets it store that (measured: 10 ms save everything, without them up to a chunk is lost).
 */
export function watchPage(onChange: (isHidden: boolean) => boolean): () => void {
  const page = globalThis.document
  if (!page) return () => {}
  let isRecording = false
  const look = () => void onChange(page.visibilityState === 'hidden')
  const leave = () => {
    isRecording = onChange(true)
  }
  // a listener of its own: what `leave` has begun is sent when it has returned
  const wait = ({ persisted }: PageTransitionEvent) => {
    const endMs = performance.now() + LAST_WORDS_MS
    while (isRecording && !persisted && performance.now() < endMs);
  }
  page.addEventListener('visibilitychange', look)
  page.addEventListener('freeze', leave)
  addEventListener('pagehide', leave)
  addEventListener('pagehide', wait)
  addEventListener('pageshow', look)
  return () => {
    page.removeEventListener('visibilitychange', look)
    page.removeEventListener('freeze', leave)
    removeEventListener('pagehide', leave)
    removeEventListener('pagehide', wait)
    removeEventListener('pageshow', look)
  }
}
