import type { SourceSession, SourceStream } from '../session/index.js'
import type { KeptFrames } from './kept-frames.js'
import { watchSensitiveFocus } from './sensitive.js'

/**
 * One frame is counted `redacted` for a stretch of which nothing else is told: how many keys were pressed or taps made
 * would tell how long the secret is.
 */
export function redactOnce(stream: SourceStream, time: number): void {
  stream.refuse('redacted')
  stream.push(time)
  stream.refuse(undefined)
}

/**
 * Says of each event whether it is to be left out, for the element it is about. One frame is counted for each stretch of
 * such events.
 */
export function createRedactor(
  stream: SourceStream,
  isHidden: (element: Element) => boolean,
): (event: Event, element: Element | null | undefined) => boolean {
  let isRedacted = false
  return (event, element) => {
    const isNow = element != null && isHidden(element)
    if (isNow && !isRedacted) redactOnce(stream, event.timeStamp)
    isRedacted = isNow
    return isNow
  }
}

const redactions = new WeakMap<SourceSession, number>()

/**
 * Calls back now and whenever the focus comes to a sensitive field or leaves it, and puts a mark `redacted` into the
 * session at both ends of such a stretch, one for all its sources. Returns what ends it.
 */
export function watchRedaction(session: SourceSession, onChange: (isRedacted: boolean) => void): () => void {
  redactions.set(session, (redactions.get(session) ?? 0) + 1)
  const isFirst = redactions.get(session) === 1
  let isRedacted = false
  let isMarked = false
  const markIt = () => {
    if (!isFirst || isMarked === isRedacted || session.state !== 'recording') return
    isMarked = isRedacted
    mark(session, isRedacted)
  }
  // a stretch may have begun before the trigger
  session.addEventListener('statechange', markIt)
  const stop = watchSensitiveFocus((isSensitive) => {
    if (isSensitive === isRedacted) return
    isRedacted = isSensitive
    markIt()
    onChange(isSensitive)
  })
  return () => {
    redactions.set(session, redactions.get(session)! - 1)
    session.removeEventListener('statechange', markIt)
    stop()
    // the session pauses: whether it goes on when it goes on is not known yet
    if (isMarked) mark(session, false)
  }
}

function mark(session: SourceSession, isRedacted: boolean): void {
  try {
    session.mark('redacted', { state: isRedacted ? 'begin' : 'end' })
  } catch {
    // too many are on their way to the store, or the session ends; what is to be left out is left out all the same
  }
}

/** Counts the frames of these streams as `redacted` while a sensitive field has the focus. Returns what ends it. */
export function redactFrames(
  session: SourceSession,
  streams: readonly Pick<KeptFrames, 'refuse' | 'end'>[],
): () => void {
  let isRedactedNow = false
  const apply = () => {
    for (const stream of streams) stream.refuse(isRedactedNow ? 'redacted' : undefined)
  }
  // another state, another refusal: a trigger has the session take frames again
  const onState = () => {
    if (isRedactedNow) apply()
  }
  const stop = watchRedaction(session, (isRedacted) => {
    isRedactedNow = isRedacted
    apply()
  })
  session.addEventListener('statechange', onState)
  return () => {
    session.removeEventListener('statechange', onState)
    stop()
    for (const stream of streams) stream.end()
  }
}
