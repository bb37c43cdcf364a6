import type { Availability, SourceSession } from '../session/index.js'
import type { OpenedSource, Reporter } from './source.js'

/** A source that has given nothing by then is said to have no signal. */
const NO_SIGNAL_AFTER_MS = 2000

/** Reads a source while the session records, or waits for its trigger; tells what became of it. */
export function captureWhileRecording(
  session: SourceSession,
  availabilityNow: () => Availability,
  read: OpenedSource['read'],
): void {
  let stop: (() => void) | undefined
  let told: string | undefined
  let marked: string | undefined
  const tell = (state: Availability['state'], reason = '') => {
    if (told === state) return
    told = state
    session.announce({ source: availabilityNow().source, state, reason })
    markIt()
  }
  // a flight recorder has none before its trigger
  const markIt = () => {
    if (told === undefined || told === marked || (session.state !== 'recording' && session.state !== 'paused')) return
    marked = told
    session.mark('availability', { source: availabilityNow().source, state: told })
  }
  const report: Reporter = { signal: () => tell('granted'), finding: tell }
  const look = () => {
    const isCapturing = session.state === 'recording' || session.state === 'armed'
    if (isCapturing && stop === undefined) {
      const availability = availabilityNow()
      // when the application can have a listener
      if (told === undefined) setTimeout(() => told ?? tell(availability.state, availability.reason), 0)
      if (availability.state === 'granted' || availability.state === 'prompt') stop = read(session, report)
    } else if (!isCapturing && stop !== undefined) {
      stop()
      stop = undefined
    }
    markIt()
  }
  session.addEventListener('statechange', look)
  look()
}

/**
 * Notes how things stand: now, and when a flight recorder is triggered, since what it has kept may not reach back to now.
 * Returns what ends it.
 */
export function noteNow(session: SourceSession, note: (timeMs: number) => void): () => void {
  const noteAgain = () => {
    if (session.state === 'recording') note(performance.now())
  }
  note(performance.now())
  if (session.state === 'armed') session.addEventListener('statechange', noteAgain)
  return () => session.removeEventListener('statechange', noteAgain)
}

/** Has `report` told when nothing has come for a while. `seen` is to be called with everything that comes. */
export function watchSignal(report: Reporter): { seen: () => void; stop: () => void } {
  let isAlive = false
  const timer = setTimeout(
    () => report.finding('no-signal', `nothing has come for ${NO_SIGNAL_AFTER_MS} ms; there may be no such sensor`),
    NO_SIGNAL_AFTER_MS,
  )
  return {
    seen: () => {
      if (isAlive) return
      isAlive = true
      clearTimeout(timer)
      report.signal()
    },
    stop: () => clearTimeout(timer),
  }
}
