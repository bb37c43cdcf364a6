/** What the worker posts when it holds its lock. */
export interface LifeLockMessage {
  lifeLock: string
}

/** What the page posts, as does the worker's entry to begin with: take a lock, let go of it. */
export type LifeLockWish = 'release-life-lock' | 'hold-life-lock'

/**
 * The worker's side: holds a Web Lock for as long as it lives, and tells the page its name. A dead worker's message
 * ports tell nothing in any engine, but the lock becomes free at once.
 */
export function lifeLockHolder(post: (message: LifeLockMessage) => void): (wish: unknown) => void {
  const { locks } = navigator as { locks?: LockManager }
  let release: (() => void) | undefined
  const hold = () => {
    const lifeLock = `kymograph-${Math.random().toString(36).slice(2)}-${Date.now()}`
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    locks
      ?.request(lifeLock, () => {
        post({ lifeLock })
        return held
      })
      .catch(() => {})
  }
  return (wish) => {
    if (wish === 'release-life-lock') release?.()
    else if (wish === 'hold-life-lock') hold()
  }
}

/** By the field itself: a page's polluted `Object.prototype` must not pass for one. */
function isLifeLockMessage(message: unknown): message is LifeLockMessage {
  return typeof message === 'object' && message !== null && Object.hasOwn(message, 'lifeLock')
}

/**
 * The page's side: calls back when the worker has ended. Lets go of everything while the page is hidden away, since a
 * page with locks is kept out of the back/forward cache.
 */
export function watchLifeLock(worker: Worker, onEnd: () => void): () => void {
  let waiting: AbortController | undefined
  const stopWaiting = () => waiting?.abort()
  worker.addEventListener('message', (event: MessageEvent) => {
    if (!isLifeLockMessage(event.data)) return
    const { lifeLock } = event.data
    stopWaiting()
    waiting = new AbortController()
    const { signal } = waiting
    navigator.locks
      .request(lifeLock, { signal }, () => {
        if (!signal.aborted) onEnd()
      })
      .catch(() => {})
  })
  const tell = (wish: LifeLockWish) => worker.postMessage(wish)
  const onHide = () => {
    stopWaiting()
    tell('release-life-lock')
  }
  const onShow = (event: PageTransitionEvent) => event.persisted && tell('hold-life-lock')
  globalThis.addEventListener?.('pagehide', onHide)
  globalThis.addEventListener?.('pageshow', onShow)
  return () => {
    stopWaiting()
    globalThis.removeEventListener?.('pagehide', onHide)
    globalThis.removeEventListener?.('pageshow', onShow)
  }
}
