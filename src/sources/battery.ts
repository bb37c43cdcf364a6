import type { Source } from '../session/index.js'
import { noteNow } from './capture.js'
import { endAll, listen } from './listen.js'
import { createSource, onPages, optionsOf, type SourceOptions } from './source.js'

/** Of the Battery Status API what we use; TypeScript's library has no types for it. */
interface Battery extends EventTarget {
  level: number
  charging: boolean
  chargingTime: number
  dischargingTime: number
}

const EVENTS = ['levelchange', 'chargingchange', 'chargingtimechange', 'dischargingtimechange']

/**
 * How full the battery is: a stream `battery`, at the start and whenever it changes. Chromium only.
 *
 * Source: W3C Battery Status.
 *
 * @example
 * const session = await recorder.createSession({ sources: [battery()] })
 */
export function battery(options?: SourceOptions): Source {
  const { name, optional } = optionsOf('battery', options)
  const { getBattery } = (globalThis.navigator ?? {}) as { getBattery?: () => Promise<Battery> }
  return createSource({
    name,
    optional,
    look: onPages(() => typeof getBattery === 'function'),
    open: () => ({
      streams: {
        [name]: {
          channels: [
            { name: 'level', unit: '1' },
            { name: 'isCharging', type: 'enum', values: ['false', 'true'] },
            { name: 'chargingTime', unit: 's' },
            { name: 'dischargingTime', unit: 's' },
          ],
          clock: 'monotonic',
        },
      },
      read: (session, report) => {
        const stream = session.stream(name)
        let stop: (() => void) | undefined
        let isOver = false
        getBattery!.call(navigator).then(
          (status) => {
            if (isOver) return
            const note = (timeMs: number) => {
              const { level, charging, chargingTime, dischargingTime } = status
              stream.push(timeMs, level, charging ? 1 : 0, chargingTime, dischargingTime)
            }
            stop = endAll([
              noteNow(session, note),
              ...EVENTS.map((type) => listen(status, type, ({ timeStamp }) => note(timeStamp))),
            ])
          },
          (error: DOMException) => report.finding('blocked-by-policy', error.message),
        )
        return () => {
          isOver = true
          stop?.()
        }
      },
    }),
  })
}
