// Bits of one block, least significant first: value i occupies bits i × width … of a little-endian bit string.

/** Bits needed for the widest of values that were OR-ed together. */
export function bitWidth(combined: u64): i32 {
  return 64 - (clz<u64>(combined) as i32)
}

export function packedBytes(count: i32, width: i32): i32 {
  return (count * width + 7) >>> 3
}

/** Packs `count` 64-bit values of `width` bits; returns the byte past the last one written. */
export function packBits(sourcePtr: usize, count: i32, width: i32, targetPtr: usize): usize {
  const end = targetPtr + (packedBytes(count, width) as usize)
  if (width === 0) return end
  let pending: u64 = 0
  let pendingBits = 0
  let target = targetPtr
  const sourceEnd = sourcePtr + ((count as usize) << 3)
  for (let source = sourcePtr; source < sourceEnd; source += 8) {
    const value = load<u64>(source)
    pending |= value << (pendingBits as u64)
    pendingBits += width
    if (pendingBits >= 64) {
      store<u64>(target, pending)
      target += 8
      pendingBits -= 64
      pending = pendingBits === 0 ? 0 : value >> ((width - pendingBits) as u64)
    }
  }
  for (; target < end; target++) {
    store<u8>(target, pending as u8)
    pending >>= 8
  }
  return end
}

/** Unpacks into 64-bit values; may load, and then ignores, up to 16 bytes past the packed ones. */
export function unpackBits(sourcePtr: usize, count: i32, width: i32, targetPtr: usize): void {
  if (width === 0) {
    memory.fill(targetPtr, 0, (count as usize) << 3)
    return
  }
  const mask: u64 = (-1 as u64) >> ((64 - width) as u64)
  let bit: u32 = 0
  const targetEnd = targetPtr + ((count as usize) << 3)
  if (width <= 57) {
    for (let target = targetPtr; target < targetEnd; target += 8, bit += width) {
      store<u64>(target, (load<u64>(sourcePtr + (bit >>> 3)) >> ((bit & 7) as u64)) & mask)
    }
    return
  }
  for (let target = targetPtr; target < targetEnd; target += 8, bit += width) {
    const source = sourcePtr + (bit >>> 3)
    const shift = (bit & 7) as u64
    let value = load<u64>(source) >> shift
    if (shift !== 0) value |= load<u64>(source, 8) << (64 - shift)
    store<u64>(target, value & mask)
  }
}
