import { parseDecimalTime } from './decimal-time.js'
import { looksLikeIso } from './iso-time.js'
import { isUnixTime, type TimeUnit, UNIT_SCALE } from './time-reader.js'

/** How a time column is read, and why, for people. */
export interface TimeReading {
  unit: TimeUnit
  reason: string
}

const MAGNITUDES: [digits: number, unit: Exclude<TimeUnit, 'iso'>][] = [
  [19, 'ns'],
  [16, 'us'],
  [13, 'ms'],
  [10, 's'],
]
const HOUR_NS = 3_600_000_000_000

/** The unit a column's name tells: `timestamp_ns`, `Time (s)`, `timeMs`, `seconds_elapsed`. */
export function unitOfName(name: string): Exclude<TimeUnit, 'iso'> | undefined {
  const match =
    /(?:^|[_\s.\-([])(ns|nsec|nanos|nanoseconds?|us|µs|μs|usec|micros|microseconds?|ms|msec|millis|milliseconds?|s|secs?|seconds?)(?:[)\]]|$|[_\s.-]+elapsed$)/i.exec(
      name,
    ) ?? /[a-z](Ns|Us|Ms)$/.exec(name)
  const unit = match?.[1]?.toLowerCase()
  if (unit === undefined) return undefined
  if (unit.startsWith('n')) return 'ns'
  if (/^(u|µ|μ|mic)/.test(unit)) return 'us'
  return unit.startsWith('m') ? 'ms' : 's'
}

/** Decides the unit of a time column from its name and its first cells, which must not be empty. */
export function decideUnit(name: string | undefined, cells: readonly string[]): TimeReading {
  if (cells.length > 0 && looksLikeIso(cells[0]!)) return { unit: 'iso', reason: 'date-time text' }
  const named = name === undefined ? undefined : unitOfName(name)
  if (named !== undefined) return { unit: named, reason: 'by its name' }
  const values = cells.map(Number).filter(Number.isFinite)
  const step = medianStep(values)
  const unix = unixUnit(cells, step)
  if (unix) return unix
  const hasDecimals = cells.some((cell) => /[.e]/i.test(cell))
  return { unit: unitOfStep(step, hasDecimals), reason: `median step ${Number(step.toPrecision(6))}` }
}

/** Median of the steps forward; 0 when there are none. */
export function medianStep(values: readonly number[]): number {
  const steps: number[] = []
  for (let i = 1; i < values.length; i++) if (values[i]! > values[i - 1]!) steps.push(values[i]! - values[i - 1]!)
  steps.sort((a, b) => a - b)
  return steps[steps.length >> 1] ?? 0
}

/** The unit in which every cell is a Unix time of this century, by the digits of the integer part. */
function unixUnit(cells: readonly string[], step: number): TimeReading | undefined {
  const digits = /^\+?(\d+)/.exec(cells[0] ?? '')?.[1]?.length
  const magnitude = MAGNITUDES.find(([count]) => count === digits)
  if (!magnitude) return undefined
  const [, unit] = magnitude
  const isEveryUnix = cells.every((cell) => {
    const time = parseDecimalTime(cell, UNIT_SCALE[unit])
    return time !== undefined && isUnixTime(time.timestampNs, time.timestampNs)
  })
  if (!isEveryUnix) return undefined
  // nanoseconds since the boot of a phone may have 13 digits: they would step by hours, and not by whole seconds
  const hasHoursBetween = step * 10 ** UNIT_SCALE[unit] > HOUR_NS
  if (hasHoursBetween && unit !== 's' && !cells.every((cell) => cell.endsWith('000'))) return undefined
  return { unit, reason: `${digits} digits, Unix time` }
}

function unitOfStep(step: number, hasDecimals: boolean): TimeUnit {
  if (hasDecimals) return step <= 1.5 ? 's' : 'ms'
  if (step <= 2000) return 'ms'
  return step <= 200_000 ? 'us' : 'ns'
}
