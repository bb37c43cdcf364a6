import { LAST_WORDS_MS } from '../limits.js'

export interface PageWatcher {
  /** The page is hidden, or to be seen again. */
  hide(isHidden: boolean): void
  /** What was recorded is to be stored now; says whether anything is being recorded. */
  flush(): boolean
}

/**
 * Tells when the page is hidden, about to be frozen or left, and when it can be seen again. Returns what ends it.
 *
 * A page that is closed takes its worker along, before it has read what it was sent. A moment's waiting, for pages that
 * nobody will see again, lets it store that (measured: 10 ms save everything, without them up to a chunk is lost).
 *
 * A page that is kept is frozen. Chromium freezes a worker in the middle of what it does, and crashes when the database
 * answers it then, with the page that has followed in the same process. So it is flushed once, when it is left, and the
 * worker has the time to come to rest.
 */
export function watchPage({ hide, flush }: PageWatcher): () => void {
  const page = globalThis.document
  if (!page) return () => {}
  let isLeft = false
  let isRecording = false
  const turn = (isHidden: boolean) => {
    hide(isHidden)
    if (isHidden && !isLeft) flush()
  }
  const look = () => turn(page.visibilityState === 'hidden')
  const freeze = () => turn(true)
  // it is hidden next
  const leave = () => {
    isLeft = true
    isRecording = flush()
  }
  // a listener of its own: what `leave` has begun is sent when it has returned
  const wait = ({ persisted }: PageTransitionEvent) => {
    const isGoing = !persisted || 'onfreeze' in page
    const endMs = performance.now() + LAST_WORDS_MS
    while (isRecording && isGoing && performance.now() < endMs);
  }
  const show = () => {
    isLeft = false
    look()
  }
  page.addEventListener('visibilitychange', look)
  page.addEventListener('freeze', freeze)
  addEventListener('pagehide', leave)
  addEventListener('pagehide', wait)
  addEventListener('pageshow', show)
  return () => {
    page.removeEventListener('visibilitychange', look)
    page.removeEventListener('freeze', freeze)
    removeEventListener('pagehide', leave)
    removeEventListener('pagehide', wait)
    removeEventListener('pageshow', show)
  }
}
