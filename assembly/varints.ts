/** Appends LEB128; returns the address past it. */
export function writeVarint(targetPtr: usize, code: u64): usize {
  let target = targetPtr
  let rest = code
  for (; rest >= 128; target++) {
    store<u8>(target, (rest as u8) | 128)
    rest >>= 7
  }
  store<u8>(target, rest as u8)
  return target + 1
}

/** Appends the zigzag code of a signed integer. */
export function writeSignedVarint(targetPtr: usize, value: i64): usize {
  return writeVarint(targetPtr, ((value << 1) ^ (value >> 63)) as u64)
}

/** Bytes of a varint of one word. */
export function varintBytes(word: u32): i32 {
  return max(1, (38 - (clz<u32>(word) as i32)) / 7)
}

/** Length in bytes of the varint at an address; its form was checked. */
export function varintLength(sourcePtr: usize): usize {
  let at = sourcePtr
  while (load<u8>(at) >= 128) at++
  return at + 1 - sourcePtr
}

/** Reads a varint whose form was checked. */
export function readVarint(sourcePtr: usize): u64 {
  let code: u64 = 0
  let shift: u64 = 0
  let at = sourcePtr
  for (; load<u8>(at) >= 128; at++, shift += 7) code |= ((load<u8>(at) & 127) as u64) << shift
  return code | ((load<u8>(at) as u64) << shift)
}

/** The same of a zigzag code. */
export function readSignedVarint(sourcePtr: usize): i64 {
  const code = readVarint(sourcePtr)
  return ((code >> 1) as i64) ^ -((code & 1) as i64)
}
