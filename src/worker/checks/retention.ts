import type { Retention } from '../../store/retention.js'
import { describe, ownFields, refuseUnknownFields } from './text.js'

const FIELDS = ['maxBytes', 'maxAgeMs']

/** @throws TypeError | RangeError naming the field, what was expected and the value. */
export function checkRetention(given: unknown = {}): Retention {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`"retention" expected an object, got ${describe(given)}`)
  }
  refuseUnknownFields('retention', given, FIELDS)
  const retention = ownFields(given) as Retention
  for (const field of ['maxBytes', 'maxAgeMs'] as const) {
    const value: unknown = retention[field]
    if (value !== undefined && (typeof value !== 'number' || !(value >= 0))) {
      throw new RangeError(`"retention.${field}" expected a number ≥ 0, got ${describe(value)}`)
    }
  }
  return { maxBytes: retention.maxBytes, maxAgeMs: retention.maxAgeMs }
}
