/**
 * A new UUIDv7: 48 bits of Unix milliseconds, then 74 random bits, so that ids sort by time.
 *
 * Source: RFC 9562 §5.7.
 */
export function createSessionId(nowMs: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  for (let i = 0; i < 6; i++) bytes[i] = Math.floor(nowMs / 2 ** (8 * (5 - i))) & 0xff
  bytes[6] = (bytes[6]! & 0x0f) | 0x70
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/**
 * An id for sessions that belong together; see `journeyId` of a session. A UUIDv7, as sessions have.
 *
 * @example createJourneyId()
 */
export function createJourneyId(): string {
  return createSessionId()
}
