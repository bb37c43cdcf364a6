import type { Source } from '../session/index.js'
import { watchSignal } from './capture.js'
import { KeptFrames } from './kept-frames.js'
import { endAll } from './listen.js'
import { lookAt } from './platform.js'
import { redactFrames } from './redaction.js'
import { readSensor, sensorClass } from './sensor.js'
import { createSource, optionsOf, type SourceOptions, thinned } from './source.js'

export interface MagnetometerOptions extends SourceOptions {
  /** Frames per second; default: as the platform delivers. */
  rateHz?: number
}

/**
 * The magnetic field around the device: a stream `magnetometer`, x, y and z in µT. Few browsers have it. Redacted while a
 * sensitive field has the focus, as motion is.
 *
 * Source: W3C Magnetometer.
 *
 * @example
 * const session = await recorder.createSession({ sources: [magnetometer({ optional: true })] })
 */
export function magnetometer(options?: MagnetometerOptions): Source {
  const { name, optional, rateHz } = optionsOf('magnetometer', options, ['rateHz'])
  const channels = ['x', 'y', 'z'].map((axis) => ({ name: axis, unit: 'uT' }))
  return createSource({
    name,
    optional,
    look: () =>
      lookAt({
        isThere: () => sensorClass('Magnetometer') !== undefined,
        features: ['magnetometer'],
        permissions: ['magnetometer'],
      }),
    open: () => ({
      streams: { [name]: thinned({ channels, clock: 'monotonic' }, rateHz) },
      read: (session, report) => {
        const stream = new KeptFrames(session, session.stream(name), 3)
        const signal = watchSignal(report)
        const stop = readSensor('Magnetometer', report, (from) => () => {
          stream.add(from.timestamp!, from.x, from.y, from.z)
          signal.seen()
        })
        return endAll([stop, signal.stop, redactFrames(session, [stream])])
      },
    }),
  })
}
