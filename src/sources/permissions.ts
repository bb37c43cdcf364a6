import type { Source } from '../session/index.js'
import { noteNow } from './capture.js'
import { endAll, listen } from './listen.js'
import { createSource, onPages, optionsOf, type SourceOptions } from './source.js'

const NAMES = [
  'accelerometer',
  'ambient-light-sensor',
  'camera',
  'clipboard-read',
  'clipboard-write',
  'geolocation',
  'gyroscope',
  'magnetometer',
  'microphone',
  'midi',
  'notifications',
  'persistent-storage',
  'screen-wake-lock',
  'storage-access',
]
const STATES = ['granted', 'prompt', 'denied']

/**
 * What the page is permitted: a stream `permissions` with the state of each permission the browser knows, at the start
 * and whenever one changes. Nothing is asked for.
 *
 * Source: W3C Permissions.
 *
 * @example
 * const session = await recorder.createSession({ sources: [permissions()] })
 */
export function permissions(options?: SourceOptions): Source {
  const { name, optional } = optionsOf('permissions', options)
  return createSource({
    name,
    optional,
    look: onPages(() => 'permissions' in navigator),
    open: () => ({
      streams: {
        [name]: {
          channels: [
            { name: 'permission', type: 'enum', values: NAMES },
            { name: 'state', type: 'enum', values: STATES },
          ],
          clock: 'monotonic',
        },
      },
      read: (session) => {
        const stream = session.stream(name)
        const ends: (() => void)[] = []
        let isOver = false
        NAMES.forEach((permission, index) => {
          navigator.permissions.query({ name: permission as PermissionName }).then(
            (status) => {
              if (isOver) return
              const note = (timeMs: number) => void stream.push(timeMs, index, STATES.indexOf(status.state))
              ends.push(
                noteNow(session, note),
                listen(status, 'change', ({ timeStamp }) => note(timeStamp)),
              )
            },
            () => {
              // a permission this browser does not know
            },
          )
        })
        return () => {
          isOver = true
          endAll(ends)()
        }
      },
    }),
  })
}
