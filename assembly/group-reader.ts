/** Reads the content of one group, of any origin: past its end everything is zero and the reader has failed. */
@unmanaged
export class GroupReader {
  at: usize
  end: usize
  isFailed: i32
  /** The half of a byte that is still to be read, or -1. */
  half: i32
}

const READER: usize = memory.data(offsetof<GroupReader>(), 16)

/** The one reader, set to a content. */
export function readerOf(contentPtr: usize, endPtr: usize): GroupReader {
  const reader = changetype<GroupReader>(READER)
  reader.at = contentPtr
  reader.end = endPtr
  reader.isFailed = 0
  reader.half = -1
  return reader
}

/** Returns false, for the reading function to return. */
export function fail(reader: GroupReader): bool {
  reader.isFailed = 1
  return false
}

export function readByte(reader: GroupReader): i32 {
  if (reader.at >= reader.end) {
    reader.isFailed = 1
    return 0
  }
  return load<u8>(reader.at++) as i32
}

/** Address of the next `bytes` bytes, which are read. */
export function skipBytes(reader: GroupReader, bytes: i32): usize {
  const at = reader.at
  if ((bytes as usize) > reader.end - at) reader.isFailed = 1
  else reader.at += bytes as usize
  return at
}

/** The next four bits, the low half of a byte first. */
export function readNibble(reader: GroupReader): i32 {
  const half = reader.half
  if (half >= 0) {
    reader.half = -1
    return half
  }
  const byte = readByte(reader)
  reader.half = byte >> 4
  return byte & 15
}

/** Ends a run of nibbles: a half byte left over is zero. */
export function endNibbles(reader: GroupReader): void {
  if (reader.half > 0) reader.isFailed = 1
  reader.half = -1
}

/** An integer of up to 32 bits, three in each nibble, in its shortest form. */
export function readNibbles(reader: GroupReader): u32 {
  let value: u32 = 0
  for (let shift: u32 = 0; shift < 33; shift += 3) {
    const nibble = readNibble(reader) as u32
    if (shift === 30 && nibble > 3) break
    value |= (nibble & 7) << shift
    if (nibble < 8) {
      if (nibble === 0 && shift > 0) break
      return value
    }
  }
  reader.isFailed = 1
  return 0
}

/** A LEB128 integer of up to 32 bits in its shortest form. */
export function readVarint32(reader: GroupReader): u32 {
  let value: u32 = 0
  for (let shift: u32 = 0; shift < 35; shift += 7) {
    const byte = readByte(reader) as u32
    if (shift === 28 && byte > 15) break
    value |= (byte & 127) << shift
    if (byte < 128) {
      if (byte === 0 && shift > 0) break
      return value
    }
  }
  reader.isFailed = 1
  return 0
}
