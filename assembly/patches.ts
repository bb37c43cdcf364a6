// Positions whose values a column holds as they are, in rising order: how many, then each, as words.

import { readVarint, varintLength, writeVarint } from './varints'

/** Bytes of a list for a column of `count` values: at most one in four and one in eight are patched. */
export function patchedBytes(count: i32): usize {
  return (((count >> 1) + 8) as usize) << 2
}

export function patchedCount(patchedPtr: usize): i32 {
  return load<i32>(patchedPtr)
}

export function clearPatched(patchedPtr: usize): void {
  store<i32>(patchedPtr, 0)
}

/** Adds a position above all in the list. */
export function addPatch(patchedPtr: usize, position: i32): void {
  const count = load<i32>(patchedPtr) + 1
  store<i32>(patchedPtr, count)
  store<i32>(patchedPtr + ((count as usize) << 2), position)
}

/** Appends the values at the positions; returns the address past them. */
export function writePatches(patchedPtr: usize, valuesPtr: usize, width: usize, targetPtr: usize): usize {
  const count = load<i32>(patchedPtr)
  let at = writeVarint(targetPtr, count as u64)
  let previous = -1
  for (let patch = 1; patch <= count; patch++) {
    const position = load<i32>(patchedPtr + ((patch as usize) << 2))
    at = writeVarint(at, (position - previous - 1) as u64)
    memory.copy(at, valuesPtr + (position as usize) * width, width)
    at += width
    previous = position
  }
  return at
}

/** Length in bytes of patches whose layout was checked. */
export function patchesLength(sourcePtr: usize, width: usize): usize {
  const count = readVarint(sourcePtr) as i32
  let at = sourcePtr + varintLength(sourcePtr)
  for (let patch = 0; patch < count; patch++) at += varintLength(at) + width
  return at - sourcePtr
}

/** Puts the patches' values in their places. */
export function applyPatches(sourcePtr: usize, width: usize, valuesPtr: usize): void {
  const count = readVarint(sourcePtr) as i32
  let at = sourcePtr + varintLength(sourcePtr)
  let position: usize = -1
  for (let patch = 0; patch < count; patch++) {
    position += 1 + (readVarint(at) as usize)
    at += varintLength(at)
    memory.copy(valuesPtr + position * width, at, width)
    at += width
  }
}
