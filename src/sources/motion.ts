import type { Source, SourceSession, StreamOptions } from '../session/index.js'
import { watchSignal } from './capture.js'
import { KeptFrames } from './kept-frames.js'
import { endAll, listen } from './listen.js'
import { askAt, type Gate, permissionOf } from './platform.js'
import { redactFrames } from './redaction.js'
import { readSensor, sensorClass } from './sensor.js'
import { checkOption, createSource, optionsOf, type SourceOptions, thinned } from './source.js'

export interface MotionOptions extends SourceOptions {
  /** Frames per second; default: as the platform delivers. Fewer are filtered, not picked, so nothing is folded. */
  rateHz?: number
  /**
   * Where it is read: `sensor`, the Generic Sensor API, has the times of the readings; `event` is `devicemotion`. By
   * default the sensors where there are all three.
   */
  api?: 'auto' | 'sensor' | 'event'
}

const SENSORS = ['Accelerometer', 'LinearAccelerationSensor', 'Gyroscope'] as const

const hasSensors = () => SENSORS.every((sensor) => sensorClass(sensor) !== undefined)

const GATE = {
  features: ['accelerometer', 'gyroscope'],
  permissions: ['accelerometer', 'gyroscope'],
}

/**
 * How the device is moved: streams `motion.accelerometer` (with gravity, m/s²), `motion.linearAcceleration` (without,
 * m/s²) and `motion.rotationRate`, about the device's x, y and z; rotation in deg/s from `devicemotion`, in rad/s from
 * the Generic Sensor API. While a sensitive field has the focus frames are counted `redacted`: motion tells what is typed.
 *
 * Source: W3C DeviceOrientation Event, Accelerometer, Gyroscope.
 *
 * @example
 * const session = await recorder.createSession({ sources: [motion({ rateHz: 50, optional: true })] })
 */
export function motion(options?: MotionOptions): Source {
  const { name, optional, rateHz, api = 'auto' } = optionsOf('motion', options, ['rateHz', 'api'])
  checkOption('api', api, ['auto', 'sensor', 'event'].includes(api), 'one of auto, sensor, event')
  const streamNames = [`${name}.accelerometer`, `${name}.linearAcceleration`, `${name}.rotationRate`] as const
  const declare = (rotationUnit: string): Record<string, StreamOptions> =>
    Object.fromEntries(
      ['m/s2', 'm/s2', rotationUnit].map((unit, index) => [
        streamNames[index]!,
        thinned({ channels: ['x', 'y', 'z'].map((channel) => ({ name: channel, unit })), clock: 'monotonic' }, rateHz),
      ]),
    )
  const isReadBySensors = async () =>
    api === 'sensor' || (api === 'auto' && hasSensors() && (await permissionOf(GATE.permissions)) === 'granted')
  const gate: Gate = {
    ...GATE,
    isThere: () => (api === 'sensor' ? hasSensors() : typeof DeviceMotionEvent === 'function'),
  }
  const keptOf = (session: SourceSession) =>
    streamNames.map((stream) => new KeptFrames(session, session.stream(stream), 3))
  return createSource({
    name,
    optional,
    look: () => askAt(gate, motionEvent()),
    open: async () =>
      (await isReadBySensors())
        ? {
            streams: declare('rad/s'),
            read: (session, report) => {
              const streams = keptOf(session)
              const signal = watchSignal(report)
              const ends = SENSORS.map((sensor, index) => {
                const stream = streams[index]!
                return readSensor(sensor, report, (from) => () => {
                  stream.add(from.timestamp!, from.x, from.y, from.z)
                  signal.seen()
                })
              })
              return endAll([...ends, signal.stop, redactFrames(session, streams)])
            },
          }
        : {
            streams: declare('deg/s'),
            read: (session, report) => {
              const streams = keptOf(session)
              const [withGravity, linear, rotation] = streams as [KeptFrames, KeptFrames, KeptFrames]
              const signal = watchSignal(report)
              const stopListening = listen<DeviceMotionEvent>(window, 'devicemotion', (event) => {
                const { timeStamp, accelerationIncludingGravity: a, acceleration: l, rotationRate: r } = event
                withGravity.add(timeStamp, a?.x ?? null, a?.y ?? null, a?.z ?? null)
                linear.add(timeStamp, l?.x ?? null, l?.y ?? null, l?.z ?? null)
                rotation.add(timeStamp, r?.alpha ?? null, r?.beta ?? null, r?.gamma ?? null)
                // where there is no sensor one event says so, all null
                if (typeof a?.x === 'number' || typeof l?.x === 'number' || typeof r?.alpha === 'number') signal.seen()
              })
              return endAll([stopListening, signal.stop, redactFrames(session, streams)])
            },
          },
  })
}

function motionEvent(): object | undefined {
  return globalThis.DeviceMotionEvent
}
