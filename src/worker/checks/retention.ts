import type { Retention } from '../../store/retention.js'
import { checkOneOf, describe, ownFields, refuseUnknownFields } from './text.js'

const FIELDS = ['maxBytes', 'maxAgeMs', 'keepDelivered', 'whenFull']

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
  checkOneOf('retention.whenFull', retention.whenFull, ['stop', 'drop-oldest-delivered', 'drop-oldest'])
  const { maxBytes, maxAgeMs, keepDelivered, whenFull } = retention
  if (keepDelivered !== undefined && typeof keepDelivered !== 'boolean') {
    throw new TypeError(`"retention.keepDelivered" expected true or false, got ${describe(keepDelivered)}`)
  }
  return { maxBytes, maxAgeMs, keepDelivered, whenFull }
}
