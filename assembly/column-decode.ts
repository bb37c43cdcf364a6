// Decoding trusts the structure (the caller has walked it: lengths, widths and counts fit) and checks what only the
// values show.

import { packedBytes, unpackBits } from './bits'
import { CARRY_OFFSET, valueBytes } from './column'
import { powerOfTen, widenFloat32Bits } from './float-integers'
import { integrateBlock } from './integer-blocks'
import {
  COLUMN_BLOCK_VALUES,
  COLUMN_EXPONENT_SHIFT,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_FLOAT_AS_F32,
  COLUMN_MODE_RAW,
  COLUMN_TYPE_F64,
  STATUS_OUT_OF_RANGE,
} from './layout'

function readRaw(payloadPtr: usize, count: i32, width: usize, outPtr: usize): void {
  let source = payloadPtr
  const end = outPtr + (count as usize) * width
  for (let plane: usize = 0; plane < width; plane++) {
    for (let target = outPtr + plane; target < end; target += width, source++) {
      store<u8>(target, load<u8>(source))
    }
  }
}

/** Writes integers as values of the column; returns 0, or STATUS_OUT_OF_RANGE when one does not fit the mode. */
function emitIntegers(type: i32, mode: i32, power: f64, integersPtr: usize, count: i32, outPtr: usize): i32 {
  const n = count as usize
  if (mode === COLUMN_MODE_DECIMAL) {
    let inRange = true
    for (let index: usize = 0; index < n; index++) {
      const integer = load<i64>(integersPtr + (index << 3)) as f64
      inRange = inRange && abs(integer) < 9007199254740992.0
      const value = integer / power
      if (type === COLUMN_TYPE_F64) store<f64>(outPtr + (index << 3), value)
      else store<f32>(outPtr + (index << 2), value as f32)
    }
    return inRange ? 0 : STATUS_OUT_OF_RANGE
  }
  if (valueBytes(type) === 8 && mode !== COLUMN_MODE_FLOAT_AS_F32) {
    memory.copy(outPtr, integersPtr, n << 3)
    return 0
  }
  let excess: i64 = 0
  for (let index: usize = 0; index < n; index++) {
    const integer = load<i64>(integersPtr + (index << 3))
    excess |= integer ^ (integer as i32 as i64)
    if (mode === COLUMN_MODE_FLOAT_AS_F32) store<u64>(outPtr + (index << 3), widenFloat32Bits(integer as u32))
    else store<i32>(outPtr + (index << 2), integer as i32)
  }
  return excess === 0 ? 0 : STATUS_OUT_OF_RANGE
}

/** Decodes a payload whose structure was checked; returns the values written or STATUS_OUT_OF_RANGE. */
export function columnDecode(
  type: i32,
  mode: i32,
  payloadPtr: usize,
  count: i32,
  scratchPtr: usize,
  outPtr: usize,
): i32 {
  const width = valueBytes(type)
  if (mode === COLUMN_MODE_RAW) {
    readRaw(payloadPtr, count, width, outPtr)
    return count
  }
  const plan = load<u8>(payloadPtr) as i32
  const order = plan & 3
  const power = powerOfTen(plan >> COLUMN_EXPONENT_SHIFT)
  const carryPtr = scratchPtr + CARRY_OFFSET
  let source = payloadPtr + 1
  store<i64>(carryPtr, 0)
  store<i64>(carryPtr, 0, 8)
  // The first `order` values are zigzag varints: the value itself, then the first difference.
  for (let head = 0; head < order; head++) {
    let code: u64 = 0
    let shift: u64 = 0
    let byte: u64
    do {
      byte = load<u8>(source++) as u64
      code |= (byte & 127) << shift
      shift += 7
    } while (byte >= 128)
    store<u64>(scratchPtr, code)
    integrateBlock(scratchPtr, 1, head + 1, carryPtr)
    const status = emitIntegers(type, mode, power, scratchPtr, 1, outPtr + (head as usize) * width)
    if (status < 0) return status
  }
  for (let first = order; first < count; first += COLUMN_BLOCK_VALUES) {
    const blockCount = min(count - first, COLUMN_BLOCK_VALUES)
    const bits = load<u8>(source) as i32
    unpackBits(source + 1, blockCount, bits, scratchPtr)
    source += 1 + (packedBytes(blockCount, bits) as usize)
    integrateBlock(scratchPtr, blockCount, order, carryPtr)
    const status = emitIntegers(type, mode, power, scratchPtr, blockCount, outPtr + (first as usize) * width)
    if (status < 0) return status
  }
  return count
}
