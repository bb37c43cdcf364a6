import { listen } from './listen.js'
import { findingOf } from './platform.js'
import type { Reporter } from './source.js'

/** Of the Generic Sensor API what we use; TypeScript's library has no types for it. */
export interface PlatformSensor extends EventTarget {
  readonly timestamp: number | null
  readonly x: number | null
  readonly y: number | null
  readonly z: number | null
  readonly quaternion: readonly number[] | null
  start(): void
  stop(): void
}

export type SensorClass = new (options?: { frequency?: number; referenceFrame?: string }) => PlatformSensor

/** A class of the Generic Sensor API, where the browser has it. */
export function sensorClass(name: string): SensorClass | undefined {
  const found = (globalThis as Record<string, unknown>)[name]
  return typeof found === 'function' ? (found as SensorClass) : undefined
}

interface SharedSensor {
  sensor: PlatformSensor
  reporters: Set<Pick<Reporter, 'finding'>>
}

const shared = new Map<string, SharedSensor>()

/** Browsers give no more than this. */
const MAX_HZ = 60

/**
 * Reads a sensor at its full rate, one sensor however many read it; `readingOf` makes what is called for each reading.
 * Returns what ends it.
 */
export function readSensor(
  name: string,
  report: Reporter,
  readingOf: (sensor: PlatformSensor) => () => void,
): () => void {
  let one = shared.get(name)
  try {
    one ??= openSensor(name)
  } catch (error) {
    report.finding(...findingOf(error as DOMException))
    return () => {}
  }
  const { sensor, reporters } = one
  const reporter = { finding: report.finding }
  reporters.add(reporter)
  const stop = listen(sensor, 'reading', readingOf(sensor))
  return () => {
    stop()
    if (!reporters.delete(reporter) || reporters.size > 0) return
    sensor.stop()
    forget(name, one)
  }
}

function openSensor(name: string): SharedSensor {
  const sensor = new (sensorClass(name)!)({ frequency: MAX_HZ })
  const reporters: SharedSensor['reporters'] = new Set()
  const one = { sensor, reporters }
  sensor.addEventListener('error', (event) => {
    const { error } = event as unknown as { error: DOMException }
    for (const { finding } of reporters) finding(...findingOf(error))
    // the next one may try again
    forget(name, one)
  })
  shared.set(name, one)
  sensor.start()
  return one
}

/** Another of its name may have taken its place. */
function forget(name: string, one: SharedSensor): void {
  if (shared.get(name) === one) shared.delete(name)
}
