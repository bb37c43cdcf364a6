import { createJourneyId } from './session-id.js'

/** Where the pages of an origin find their journey: its id and when a session was last active, Unix milliseconds. */
const KEY = 'kymograph.journey'
/** How often an active session says so. */
const TOUCH_MS = 60_000
/** What `createJourneyId` makes; anything may stand there. */
const MADE_HERE = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/
/** A journey of this page alone, where it may keep nothing. */
let own: string | undefined

/**
 * The journey of this page's origin, for a session that begins: the same for all tabs and reloads until no session was
 * active for `renewMs`. Returns its id and what is to be called when the session ends.
 */
export async function joinJourney(renewMs: number): Promise<[journeyId: string, leave: () => void]> {
  // two tabs that begin at once must not make two
  const hold = async <T>(task: () => T): Promise<T> =>
    // a page without storage may hold no lock either
    navigator.locks?.request(KEY, async () => task()).catch(task) ?? task()
  const journeyId = await hold(() => {
    const [id, lastMs] = (read() ?? '').split(' ')
    const ageMs = Date.now() - Number(lastMs)
    // a clock that was set back is no reason to end it
    const isCurrent = MADE_HERE.test(id!) && ageMs < renewMs
    const current = isCurrent ? id! : createJourneyId()
    write(current)
    return current
  })
  const touch = () => {
    const [id] = (read() ?? '').split(' ')
    if (id === journeyId) write(journeyId)
  }
  const timer = setInterval(touch, Math.min(TOUCH_MS, renewMs / 4))
  addEventListener('pagehide', touch)
  return [
    journeyId,
    () => {
      clearInterval(timer)
      removeEventListener('pagehide', touch)
      touch()
    },
  ]
}

/** Leaves nothing of it on the device; what goes on in other tabs keeps its id until it ends. */
export function forgetJourney(): void {
  own = undefined
  try {
    localStorage.removeItem(KEY)
  } catch {
    // nothing is kept there
  }
}

function read(): string | undefined {
  try {
    return localStorage.getItem(KEY) ?? own
  } catch {
    return own
  }
}

function write(journeyId: string): void {
  const text = `${journeyId} ${Date.now()}`
  try {
    localStorage.setItem(KEY, text)
  } catch {
    own = text
  }
}
