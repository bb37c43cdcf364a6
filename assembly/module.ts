import { ABI_VERSION } from './layout'

export function abiVersion(): i32 {
  return ABI_VERSION
}

/** First byte past the constant tables: everything from here on belongs to the caller. */
export function heapBase(): usize {
  return (__heap_base + 15) & ~15
}
