import { type ExactTime, parseDecimalTime } from './decimal-time.js'
import { parseIsoTime } from './iso-time.js'

export type TimeUnit = 's' | 'ms' | 'us' | 'ns' | 'iso'

export const TIME_UNITS: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns', 'iso']
/** Power of ten of a unit in nanoseconds. */
export const UNIT_SCALE: Record<Exclude<TimeUnit, 'iso'>, number> = { s: 9, ms: 6, us: 3, ns: 0 }
/** 2000-01-01 and 2100-01-01, Unix nanoseconds: what lies between is taken for a date. */
export const UNIX_MIN_NS = 946_684_800_000_000_000n
export const UNIX_MAX_NS = 4_102_444_800_000_000_000n

/** Reads the cells of a time column and counts what is worth a note. */
export class TimeReader {
  roundedCount = 0
  zonelessCount = 0
  readonly unit: TimeUnit

  constructor(unit: TimeUnit) {
    this.unit = unit
  }

  /** Nanoseconds; undefined when the cell is no time of this unit or outside int64. */
  read(cell: string): bigint | undefined {
    const time = this.#parse(cell)
    if (time?.isRounded) this.roundedCount++
    return time?.timestampNs
  }

  #parse(cell: string): ExactTime | undefined {
    if (this.unit !== 'iso') return parseDecimalTime(cell, UNIT_SCALE[this.unit])
    const time = parseIsoTime(cell)
    if (time && !time.hasZone) this.zonelessCount++
    return time
  }
}

/** Whether all instants between these lie where Unix times of recordings do. */
export function isUnixTime(minNs: bigint, maxNs: bigint): boolean {
  return minNs >= UNIX_MIN_NS && maxNs < UNIX_MAX_NS
}
