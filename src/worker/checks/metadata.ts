import { METADATA_KEY_MAX_LENGTH, METADATA_MAX_COUNT, METADATA_VALUE_MAX_LENGTH } from '../../limits.js'
import { describe, normalizeText } from './text.js'

/**
 * A session's metadata: the application's entries, joined by the automatic facts it does not override.
 *
 * @throws TypeError | RangeError naming entry, limit and value.
 */
export function sessionMetadata(given: unknown, facts: [key: string, value: string][]): Map<string, string> {
  const metadata = normalizeMetadata(given)
  for (const [key, value] of facts) {
    if (!metadata.has(key) && metadata.size < METADATA_MAX_COUNT) {
      metadata.set(key, value.slice(0, METADATA_VALUE_MAX_LENGTH))
    }
  }
  return metadata
}

export function normalizeMetadata(given: unknown, field = 'metadata'): Map<string, string> {
  const metadata = new Map<string, string>()
  if (given === undefined) return metadata
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`"${field}" expected an object or Map of strings, got ${describe(given)}`)
  }
  for (const [key, value] of given instanceof Map ? given : Object.entries(given)) {
    const name = normalizeText(`${field} key`, key, METADATA_KEY_MAX_LENGTH)
    metadata.set(name, normalizeText(`${field}.${name}`, value, METADATA_VALUE_MAX_LENGTH, 0))
  }
  if (metadata.size > METADATA_MAX_COUNT) {
    throw new RangeError(`"${field}" expected at most ${METADATA_MAX_COUNT} entries, got ${metadata.size}`)
  }
  return metadata
}
