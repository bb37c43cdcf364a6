const POLYNOMIAL_REFLECTED = 0x82f63b78

const TABLE = new Int32Array(256)
for (let byte = 0; byte < 256; byte++) {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL_REFLECTED : 0)
  TABLE[byte] = remainder
}

/**
 * The CRC-32C (Castagnoli) of bytes, continuing `previous` when they follow others.
 *
 * `bytes`: borrowed until return. Returns an unsigned 32-bit number.
 *
 * Source: RFC 3720, appendix B.4.
 *
 * @example crc32c(new TextEncoder().encode('123456789')) // 0xe3069283
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous
  for (let index = 0; index < bytes.length; index++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[index]) & 0xff]
  return ~crc >>> 0
}
