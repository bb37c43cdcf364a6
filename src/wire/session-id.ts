const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The 16 bytes at `offset` in the canonical text form of a UUID. */
export function formatSessionId(bytes: Uint8Array, offset: number): string {
  let text = ''
  for (let i = 0; i < 16; i++) {
    text += HEX[bytes[offset + i]!]
    if (i === 3 || i === 5 || i === 7 || i === 9) text += '-'
  }
  return text
}

/** @throws RangeError when the text is no UUID in canonical form. */
export function parseSessionId(text: string): Uint8Array {
  if (!UUID.test(text)) throw new RangeError(`"sessionId" expected a UUID in lower case, got ${JSON.stringify(text)}`)
  const hex = text.replaceAll('-', '')
  return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}
