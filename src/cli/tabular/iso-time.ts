import { type ExactTime, roundsUp } from './decimal-time.js'

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:(?:[T ]|\s+)(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?\s?(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$/i
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

export interface IsoTime extends ExactTime {
  /** Whether the text names its time zone; without one it is read as UTC. */
  hasZone: boolean
}

/** Whether a cell has the look of a date-time, valid or not. */
export function looksLikeIso(text: string): boolean {
  return ISO.test(text)
}

/**
 * An ISO 8601 date-time (blank or T, with or without fraction, seconds, zone; or the date only) as Unix nanoseconds,
 * exactly. Undefined when it is none, a field is out of range, or it lies outside int64.
 */
export function parseIsoTime(text: string): IsoTime | undefined {
  const match = ISO.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((field) => Number(field ?? 0)) as number[]
  if (month! < 1 || month! > 12 || day! < 1 || day! > daysOfMonth(year!, month!)) return undefined
  if (hour! > 23 || minute! > 59 || second! > 59) return undefined
  const zone = match[8]
  const offset = zoneMinutes(zone)
  if (offset === undefined) return undefined
  const seconds = daysFromCivil(year!, month!, day!) * 86_400 + hour! * 3600 + (minute! - offset) * 60 + second!
  const fraction = (match[7] ?? '').padEnd(9, '0')
  let timestampNs = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9))
  const cut = fraction.slice(9)
  const isRounded = /[1-9]/.test(cut)
  if (isRounded && roundsUp(cut, timestampNs)) timestampNs += 1n
  if (timestampNs < INT64_MIN || timestampNs > INT64_MAX) return undefined
  return { timestampNs, isRounded, hasZone: zone !== undefined }
}

function zoneMinutes(zone: string | undefined): number | undefined {
  if (zone === undefined || /^[A-Z]/i.test(zone)) return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || 0)
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

function daysOfMonth(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && isLeap ? 29 : DAYS_OF_MONTH[month - 1]!
}

/** Days since 1970-01-01, proleptic Gregorian. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}
