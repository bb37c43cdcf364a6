import type { Source, StreamOptions } from '../session/index.js'
import { watchSignal } from './capture.js'
import { KeptFrames } from './kept-frames.js'
import { endAll, listen } from './listen.js'
import { askAt, type Gate } from './platform.js'
import { redactFrames } from './redaction.js'
import { readSensor, sensorClass } from './sensor.js'
import { createSource, optionsOf, type Reporter, type SourceOptions, thinned } from './source.js'

export interface OrientationOptions extends SourceOptions {
  /** Frames per second; default: as the platform delivers. */
  rateHz?: number
  /** Against the earth (north and down) rather than against where the device was at first; default false. */
  absolute?: boolean
}

const ANGLES_ONLY: Reporter = { signal: () => {}, finding: () => {} }

const GATE: Gate = {
  isThere: () => typeof DeviceOrientationEvent === 'function',
  features: ['accelerometer', 'gyroscope'],
  permissions: ['accelerometer', 'gyroscope'],
}

/**
 * How the device is held: a stream `orientation` with the angles alpha, beta and gamma (deg), and, where the browser has
 * the Generic Sensor API, `orientation.quaternion`. Redacted while a sensitive field has the focus, as motion is.
 *
 * Source: W3C DeviceOrientation Event, Orientation Sensor.
 *
 * @example
 * const session = await recorder.createSession({ sources: [orientation({ optional: true })] })
 */
export function orientation(options?: OrientationOptions): Source {
  const { name, optional, rateHz, absolute = false } = optionsOf('orientation', options, ['rateHz', 'absolute'])
  const quaternionName = `${name}.quaternion`
  const sensor = absolute ? 'AbsoluteOrientationSensor' : 'RelativeOrientationSensor'
  const type = absolute ? 'deviceorientationabsolute' : 'deviceorientation'
  const gate = absolute
    ? {
        isThere: () => GATE.isThere() && `on${type}` in window,
        features: [...GATE.features, 'magnetometer'],
        permissions: [...GATE.permissions, 'magnetometer'],
      }
    : GATE
  const event = () => globalThis.DeviceOrientationEvent
  return createSource({
    name,
    optional,
    look: () => askAt(gate, event()),
    open: () => {
      const hasSensor = sensorClass(sensor) !== undefined
      const angle = (channel: string) => ({ name: channel, unit: 'deg', kind: 'angle' as const })
      const streams: Record<string, StreamOptions> = {
        [name]: thinned(
          {
            channels: [
              ...['alpha', 'beta', 'gamma'].map(angle),
              { name: 'isAbsolute', type: 'enum', values: ['false', 'true'] },
            ],
            clock: 'monotonic',
          },
          rateHz,
        ),
      }
      if (hasSensor) {
        const channels = ['x', 'y', 'z', 'w'].map((part) => ({ name: part, kind: 'quaternion' as const }))
        streams[quaternionName] = thinned({ channels, clock: 'monotonic' }, rateHz)
      }
      return {
        streams,
        read: (session, report) => {
          const angles = new KeptFrames(session, session.stream(name), 4)
          const signal = watchSignal(report)
          const ends = [
            signal.stop,
            listen<DeviceOrientationEvent>(window, type, ({ timeStamp, alpha, beta, gamma, absolute }) => {
              angles.add(timeStamp, alpha, beta, gamma, absolute ? 1 : 0)
              if (alpha !== null || beta !== null || gamma !== null) signal.seen()
            }),
          ]
          const recorded = [angles]
          if (hasSensor) {
            const rotations = new KeptFrames(session, session.stream(quaternionName), 4)
            recorded.push(rotations)
            ends.push(
              // there are the angles without it
              readSensor(sensor, ANGLES_ONLY, (from) => () => {
                const [x, y, z, w] = from.quaternion!
                rotations.add(from.timestamp!, x, y, z, w)
                signal.seen()
              }),
            )
          }
          return endAll([...ends, redactFrames(session, recorded)])
        },
      }
    },
  })
}
