import {
  MARK_NAME_MAX_LENGTH,
  PROPERTIES_MAX_COUNT,
  PROPERTY_KEY_MAX_LENGTH,
  PROPERTY_VALUE_MAX_LENGTH,
} from '../limits.js'
import { describe, normalizeText } from '../worker/checks/text.js'
import type { ClockSnapshot, Mark, PropertyValue } from '../worker/protocol.js'

/**
 * A named moment, checked.
 *
 * @throws TypeError | RangeError naming field, limit and value.
 */
export function createMark(name: unknown, properties: unknown, clock: ClockSnapshot): Mark {
  const checked: [string, PropertyValue][] = []
  if (properties !== undefined) {
    if (typeof properties !== 'object' || properties === null) {
      throw new TypeError(`"properties" expected an object, got ${describe(properties)}`)
    }
    for (const [key, value] of Object.entries(properties)) {
      const field = normalizeText('properties key', key, PROPERTY_KEY_MAX_LENGTH)
      checked.push([field, normalizeProperty(`properties.${field}`, value)])
    }
    if (checked.length > PROPERTIES_MAX_COUNT) {
      throw new RangeError(`"properties" expected at most ${PROPERTIES_MAX_COUNT} entries, got ${checked.length}`)
    }
  }
  return {
    name: normalizeText('mark name', name, MARK_NAME_MAX_LENGTH),
    ...clock,
    properties: Object.fromEntries(checked),
  }
}

function normalizeProperty(field: string, value: unknown): PropertyValue {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value
  if (typeof value === 'string') return normalizeText(field, value, PROPERTY_VALUE_MAX_LENGTH, 0)
  throw new TypeError(`"${field}" expected a string, number or boolean, got ${describe(value)}`)
}
