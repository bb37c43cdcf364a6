// Words of 32 bits and the bits they need.

/** Bits a word needs, read as unsigned. */
export function bitWidth(word: u32): i32 {
  return 32 - (clz<u32>(word) as i32)
}

/** 0, −1, 1, −2 … become 0, 1, 2, 3 …: small either way. */
export function zigzag(word: i32): u32 {
  return ((word << 1) ^ (word >> 31)) as u32
}

export function unzigzag(code: u32): i32 {
  return ((code >>> 1) as i32) ^ -((code & 1) as i32)
}

/** The bytes that `count` codes of `width` bits take. */
export function packedBytes(count: i32, width: i32): i32 {
  return (count * width + 7) >>> 3
}

/** Writes the lowest bytes that `bits` pending bits take; returns the address past them. */
export function flushBits(targetPtr: usize, pending: u64, bits: i32): usize {
  const end = targetPtr + (((bits + 7) >> 3) as usize)
  let rest = pending
  for (let target = targetPtr; target < end; target++) {
    store<u8>(target, rest as u8)
    rest >>= 8
  }
  return end
}
