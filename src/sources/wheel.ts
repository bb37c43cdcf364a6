import type { Source } from '../session/index.js'
import { targetOf } from './element.js'
import { listen } from './listen.js'
import { createRedactor } from './redaction.js'
import { isBlocked } from './sensitive.js'
import { eventSource, type SourceOptions } from './source.js'

/**
 * Turns of a wheel, or of two fingers: a stream `wheel` with position and way in x, y and z, in `unit`s of the device.
 *
 * Source: W3C UI Events, WheelEvent.
 *
 * @example
 * const session = await recorder.createSession({ sources: [wheel()] })
 */
export function wheel(options?: SourceOptions): Source {
  return eventSource('wheel', options, {
    channels: [
      { name: 'x', unit: '{px}' },
      { name: 'y', unit: '{px}' },
      'deltaX',
      'deltaY',
      'deltaZ',
      { name: 'unit', type: 'enum', values: ['pixel', 'line', 'page'] },
    ],
    read: (stream) => {
      const isLeftOut = createRedactor(stream, isBlocked)
      return listen<WheelEvent>(window, 'wheel', (event) => {
        if (isLeftOut(event, targetOf(event))) return
        const { timeStamp, clientX, clientY, deltaX, deltaY, deltaZ, deltaMode } = event
        stream.push(timeStamp, clientX, clientY, deltaX, deltaY, deltaZ, deltaMode)
      })
    },
  })
}
