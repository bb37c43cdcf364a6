import { PAGE_DEFAULT_SESSIONS, PAGE_MAX_SESSIONS } from '../../limits.js'
import type { Query } from '../../store/query.js'
import { type JourneyFields, resolveJourneyId } from './journey.js'
import { normalizeLabels } from './labels.js'
import { normalizeMetadata } from './metadata.js'
import { checkOneOf, describe, ownFields, refuseUnknownFields } from './text.js'

/** Which sessions to find; everything given has to hold. */
export interface Lookup extends JourneyFields {
  labels?: string[]
  /** Whether one of `labels` is enough (default) or all are needed. */
  labelsMode?: 'any' | 'all'
  /** Sessions without any of these. */
  notLabels?: string[]
  /** Started at or after: a Date, Unix milliseconds or an ISO 8601 text. */
  since?: Date | number | string
  /** Started at or before. */
  until?: Date | number | string
  state?: 'recording' | 'stopped' | 'recovered'
  /** Milliseconds. */
  minDuration?: number
  maxDuration?: number
  /** Sessions that have all of these streams. */
  streams?: string[]
  /** Sessions that have all of these entries. */
  metadata?: Record<string, string> | Map<string, string>
  order?: 'newest' | 'oldest'
  /** Sessions per page. */
  limit?: number
  cursor?: string
}

const FIELDS = [
  'labels',
  'labelsMode',
  'notLabels',
  'journeyId',
  'clientSessionGroupId',
  'since',
  'until',
  'state',
  'minDuration',
  'maxDuration',
  'streams',
  'metadata',
  'order',
  'limit',
  'cursor',
]

/**
 * A lookup as stores take it.
 *
 * @throws TypeError | RangeError naming the field, what was expected and the value.
 */
export function toQuery(given: unknown = {}): Query {
  refuseUnknownFields('a lookup', given, FIELDS)
  const lookup = ownFields(given) as Lookup
  const { labelsMode, state, order, limit = PAGE_DEFAULT_SESSIONS, cursor } = lookup
  checkOneOf('labelsMode', labelsMode, ['any', 'all'])
  checkOneOf('state', state, ['recording', 'stopped', 'recovered'])
  checkOneOf('order', order, ['newest', 'oldest'])
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_MAX_SESSIONS) {
    throw new RangeError(`"limit" expected an integer 1–${PAGE_MAX_SESSIONS}, got ${describe(limit)}`)
  }
  if (cursor !== undefined && typeof cursor !== 'string') {
    throw new TypeError(`"cursor" expected a string, got ${describe(cursor)}`)
  }
  return {
    labels: lookup.labels && normalizeLabels(lookup.labels),
    labelsMode,
    notLabels: lookup.notLabels && normalizeLabels(lookup.notLabels, 'notLabels'),
    journeyId: resolveJourneyId(lookup),
    sinceMs: toUnixMs('since', lookup.since),
    untilMs: toUnixMs('until', lookup.until),
    state,
    minDurationMs: checkDuration('minDuration', lookup.minDuration),
    maxDurationMs: checkDuration('maxDuration', lookup.maxDuration),
    streams: checkNames('streams', lookup.streams),
    metadata: lookup.metadata && [...normalizeMetadata(lookup.metadata)],
    order,
    limit,
    cursor,
  }
}

const ISO_8601 =
  /^(\d{4}-\d{2})(?:-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?)\s*(?:(Z)|([+-]\d{2}):?(\d{2}))?)?)?$/

/** Unix milliseconds; NaN when it is none, or a day that is not in the calendar, which engines take for one of the next month. */
function parseIso8601(text: string): number {
  const match = ISO_8601.exec(text)
  if (!match) return Number.NaN
  const [, month, day = '01', time, utc = '', hours = '', minutes = ''] = match
  const midnight = new Date(`${month}-${day}T00:00:00Z`)
  if (Number.isNaN(midnight.getTime()) || midnight.getUTCDate() !== Number(day)) return Number.NaN
  if (time === undefined) return midnight.getTime()
  // in the one form that all engines read
  return Date.parse(`${month}-${day}T${time.replace(',', '.')}${utc}${hours === '' ? '' : `${hours}:${minutes}`}`)
}

function toUnixMs(field: string, time: unknown): number | undefined {
  if (time === undefined) return undefined
  let ms = Number.NaN
  if (time instanceof Date) ms = time.getTime()
  else if (typeof time === 'number') ms = time
  else if (typeof time === 'string') ms = parseIso8601(time)
  if (Number.isNaN(ms)) {
    throw new RangeError(
      `"${field}" expected a Date, Unix milliseconds or ISO 8601 such as 2026-11-22T10:00:00Z, got ${describe(time)}`,
    )
  }
  return ms
}

function checkNames(field: string, names: unknown): string[] | undefined {
  if (names === undefined) return undefined
  if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
    throw new TypeError(`"${field}" expected an array of strings, got ${describe(names)}`)
  }
  return names
}

function checkDuration(field: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !(value >= 0))
    throw new RangeError(`"${field}" expected milliseconds ≥ 0, got ${describe(value)}`)
  return value
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** @throws RangeError when it is no session id. */
export function checkSessionId(id: unknown): string {
  if (typeof id !== 'string' || !UUID.test(id)) {
    throw new RangeError(`"id" expected a session id such as 0199d3c2-7c1e-7b7e-8f63-1b2c3d4e5f60, got ${describe(id)}`)
  }
  return id
}
