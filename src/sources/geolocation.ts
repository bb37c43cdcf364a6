import type { Source } from '../session/index.js'
import { type Gate, lookAt } from './platform.js'
import { createSource, type Finding, optionsOf, type SourceOptions, thinned } from './source.js'

export interface GeolocationOptions extends SourceOptions {
  /** Asks for the best the device has, which takes time and power; default false. */
  highAccuracy?: boolean
  /** Frames per second, low-pass filtered; default: as the platform delivers. */
  rateHz?: number
}

const GATE: Gate = {
  isThere: () => globalThis.isSecureContext && 'geolocation' in navigator,
  features: ['geolocation'],
  permissions: ['geolocation'],
}
const PERMISSION_DENIED = 1
/** How long to wait for a place once the permission is given. */
const ASKING_MS = 1000
/** A device that stands still may tell nothing for as long. */
const STANDING_MS = 60_000

/**
 * Where the device is: a stream `geolocation` on the `unix` clock, latitude and longitude (deg), altitude and accuracies
 * (m), heading (deg), speed (m/s). What the device does not know is absent.
 *
 * Source: W3C Geolocation.
 *
 * @example
 * const session = await recorder.createSession({ sources: [geolocation({ optional: true })] })
 */
export function geolocation(options?: GeolocationOptions): Source {
  const { name, optional, rateHz, highAccuracy = false } = optionsOf('geolocation', options, ['rateHz', 'highAccuracy'])
  return createSource({
    name,
    optional,
    look: () => lookAt(GATE),
    ask: async () => {
      const finding = await lookAt(GATE)
      if (finding[0] !== 'prompt') return finding
      return new Promise<Finding>((resolve) => {
        navigator.geolocation.getCurrentPosition(
          () => resolve(['granted']),
          ({ code, message }) => resolve(code === PERMISSION_DENIED ? ['denied', message] : ['granted']),
          // any place will do: it is the permission that is wanted, and a first fix may take minutes
          { maximumAge: Infinity, timeout: ASKING_MS },
        )
      })
    },
    open: () => ({
      streams: {
        [name]: thinned(
          {
            channels: [
              { name: 'latitude', unit: 'deg' },
              { name: 'longitude', unit: 'deg' },
              { name: 'accuracy', unit: 'm' },
              { name: 'altitude', unit: 'm' },
              { name: 'altitudeAccuracy', unit: 'm' },
              { name: 'heading', unit: 'deg', kind: 'angle' },
              { name: 'speed', unit: 'm/s' },
            ],
            clock: 'unix',
            maxGapMs: STANDING_MS,
          },
          rateHz,
        ),
      },
      read: (session, report) => {
        const stream = session.stream(name)
        const watch = navigator.geolocation.watchPosition(
          ({ timestamp, coords }) => {
            const { latitude, longitude, accuracy, altitude, altitudeAccuracy, heading, speed } = coords
            const timeNs = BigInt(Math.round(timestamp)) * 1_000_000n
            stream.push(timeNs, latitude, longitude, accuracy, altitude, altitudeAccuracy, heading, speed)
            report.signal()
          },
          ({ code, message }) => report.finding(code === PERMISSION_DENIED ? 'denied' : 'no-signal', message),
          { enableHighAccuracy: highAccuracy },
        )
        return () => navigator.geolocation.clearWatch(watch)
      },
    }),
  })
}
