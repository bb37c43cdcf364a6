// What encoding and decoding a column share. The format: docs/format.md, columns.

import { COLUMN_TYPE_F64, COLUMN_TYPE_I64 } from './layout'

//  scratch ──► ┌───────────────────────────────┐ 0
//              │ block: 128 integers           │
//              ├───────────────────────────────┤ 1024
//              │ carry: last value, last slope │
//              ├───────────────────────────────┤ 1040
//              │ integers of one candidate     │ encode only: 8 × count bytes
//              ├───────────────────────────────┤
//              │ integers of another           │ encode only: 8 × count bytes
//              └───────────────────────────────┘
export const CARRY_OFFSET: usize = 1024
export const INTEGERS_OFFSET: usize = 1040

/** Scratch bytes for a column of `count` values; decoding needs those for 0. */
export function columnScratchBytes(count: i32): usize {
  return INTEGERS_OFFSET + ((count as usize) << 4)
}

export function valueBytes(type: i32): usize {
  return type === COLUMN_TYPE_F64 || type === COLUMN_TYPE_I64 ? 8 : 4
}
