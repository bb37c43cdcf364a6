// CRC-32C (Castagnoli), RFC 3720 appendix B.4; eight bytes a step (Kounavis and Berry 2005, "slicing by 8").

const POLYNOMIAL_REFLECTED: u32 = 0x82f63b78
const TABLE_BYTES: usize = 1024
/** Eight tables of 256 words; filled once by crc32cInit, constant afterwards. */
const TABLES: usize = memory.data(8192, 16)

export function crc32cInit(): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let remainder = byte
    for (let bit = 0; bit < 8; bit++) {
      remainder = (remainder >>> 1) ^ (POLYNOMIAL_REFLECTED & (0 - (remainder & 1)))
    }
    store<u32>(TABLES + (byte << 2), remainder)
  }
  for (let table: usize = 1; table < 8; table++) {
    for (let byte: usize = 0; byte < 256; byte++) {
      const shorter = load<u32>(TABLES + (table - 1) * TABLE_BYTES + (byte << 2))
      store<u32>(TABLES + table * TABLE_BYTES + (byte << 2), (shorter >>> 8) ^ tableAt(0, shorter & 0xff))
    }
  }
}

function tableAt(table: usize, byte: u32): u32 {
  return load<u32>(TABLES + table * TABLE_BYTES + (byte << 2))
}

/** Continues a checksum over more bytes; a fresh one starts from 0. */
export function crc32c(bytesPtr: usize, byteLength: usize, previous: u32): u32 {
  let crc = ~previous
  let ptr = bytesPtr
  const end = bytesPtr + byteLength
  for (; ptr + 8 <= end; ptr += 8) {
    const low = load<u32>(ptr) ^ crc
    const high = load<u32>(ptr, 4)
    crc =
      tableAt(7, low & 0xff) ^
      tableAt(6, (low >>> 8) & 0xff) ^
      tableAt(5, (low >>> 16) & 0xff) ^
      tableAt(4, low >>> 24) ^
      tableAt(3, high & 0xff) ^
      tableAt(2, (high >>> 8) & 0xff) ^
      tableAt(1, (high >>> 16) & 0xff) ^
      tableAt(0, high >>> 24)
  }
  for (; ptr < end; ptr++) {
    crc = (crc >>> 8) ^ tableAt(0, (crc ^ (load<u8>(ptr) as u32)) & 0xff)
  }
  return ~crc
}
