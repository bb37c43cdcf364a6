// Columns: docs/format.md. Encoding tries modes and takes the smallest; decoding trusts the structure (the caller has
// walked it: lengths, widths and counts fit) and checks what only the values show.

import { unpackBits, packedBytes } from './bits'
import { fillDecimals, fillFloat32Bits, powerOfTen, widenFloat32Bits } from './float-integers'
import { integrateBlock, planIntegers, writeIntegers, writeVarint } from './integer-blocks'
import {
  COLUMN_BLOCK_VALUES,
  COLUMN_EXPONENT_SHIFT,
  COLUMN_LEVEL_FAST,
  COLUMN_MODE_BITS,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_FLOAT_AS_F32,
  COLUMN_MODE_INT,
  COLUMN_MODE_RAW,
  COLUMN_MODE_SHIFT,
  COLUMN_TYPE_F32,
  COLUMN_TYPE_F64,
  COLUMN_TYPE_I64,
  DECIMAL_EXPONENT_MAX_F32,
  DECIMAL_EXPONENT_MAX_F64,
  STATUS_OUT_OF_RANGE,
} from './layout'

//  scratch ──► ┌───────────────────────────────┐ 0
//              │ block: 128 integers           │
//              ├───────────────────────────────┤ 1024
//              │ carry: last value, last slope │
//              ├───────────────────────────────┤ 1040
//              │ integers of one candidate     │ encode only: 8 × count bytes
//              ├───────────────────────────────┤
//              │ integers of another           │ encode only: 8 × count bytes
//              └───────────────────────────────┘
const CARRY_OFFSET: usize = 1024
const INTEGERS_OFFSET: usize = 1040

/** Scratch bytes for a column of `count` values; decoding needs those for 0. */
export function columnScratchBytes(count: i32): usize {
  return INTEGERS_OFFSET + ((count as usize) << 4)
}

function valueBytes(type: i32): usize {
  return type == COLUMN_TYPE_F64 || type == COLUMN_TYPE_I64 ? 8 : 4
}

function widen32(valuesPtr: usize, count: i32, targetPtr: usize): void {
  for (let index: usize = 0; index < (count as usize); index++) {
    store<i64>(targetPtr + (index << 3), load<i32>(valuesPtr + (index << 2)) as i64)
  }
}

/** Byte planes: the lowest bytes of all values first. */
function writeRaw(valuesPtr: usize, count: i32, width: usize, targetPtr: usize): usize {
  let target = targetPtr
  const end = valuesPtr + (count as usize) * width
  for (let plane: usize = 0; plane < width; plane++) {
    for (let source = valuesPtr + plane; source < end; source += width, target++) {
      store<u8>(target, load<u8>(source))
    }
  }
  return target
}

function readRaw(payloadPtr: usize, count: i32, width: usize, outPtr: usize): void {
  let source = payloadPtr
  const end = outPtr + (count as usize) * width
  for (let plane: usize = 0; plane < width; plane++) {
    for (let target = outPtr + plane; target < end; target += width, source++) {
      store<u8>(target, load<u8>(source))
    }
  }
}

/** Codes `count` values of `type` into `outPtr` (room: raw bytes + 16) and returns the bytes written. */
export function columnEncode(
  type: i32,
  valuesPtr: usize,
  count: i32,
  level: i32,
  scratchPtr: usize,
  outPtr: usize,
): i32 {
  const width = valueBytes(type)
  const isFloat = type == COLUMN_TYPE_F64 || type == COLUMN_TYPE_F32
  let freePtr = scratchPtr + INTEGERS_OFFSET
  let otherPtr = freePtr + ((count as usize) << 3)
  let bestBytes = (count as usize) * width
  let bestMode = COLUMN_MODE_RAW
  let bestPtr: usize = 0
  let bestOrder = 0
  let bestExponent = 0
  if (type == COLUMN_TYPE_F64 && fillFloat32Bits(valuesPtr, count, freePtr)) {
    const plan = planIntegers(freePtr, count, scratchPtr, bestBytes as i32)
    if (plan >= 0) {
      bestBytes = (plan >> 2) as usize
      bestMode = COLUMN_MODE_FLOAT_AS_F32
      bestOrder = plan & 3
      bestPtr = freePtr
      freePtr = otherPtr
      otherPtr = bestPtr
    }
  }
  if (isFloat) {
    const isF32 = type == COLUMN_TYPE_F32
    const exponentMax = isF32 ? DECIMAL_EXPONENT_MAX_F32 : DECIMAL_EXPONENT_MAX_F64
    const exponent = fillDecimals(valuesPtr, count, isF32, exponentMax, freePtr)
    if (exponent >= 0) {
      const plan = planIntegers(freePtr, count, scratchPtr, bestBytes as i32)
      if (plan >= 0) {
        bestBytes = (plan >> 2) as usize
        bestMode = COLUMN_MODE_DECIMAL
        bestOrder = plan & 3
        bestExponent = exponent
        bestPtr = freePtr
        freePtr = otherPtr
      }
    }
  }
  if (!isFloat || level != COLUMN_LEVEL_FAST || bestMode == COLUMN_MODE_RAW) {
    const wide = width == 8
    if (!wide) widen32(valuesPtr, count, freePtr)
    const integersPtr = wide ? valuesPtr : freePtr
    const plan = planIntegers(integersPtr, count, scratchPtr, bestBytes as i32)
    if (plan >= 0) {
      bestMode = isFloat ? COLUMN_MODE_BITS : COLUMN_MODE_INT
      bestOrder = plan & 3
      bestExponent = 0
      bestPtr = integersPtr
    }
  }
  store<u8>(outPtr, type | (bestMode << COLUMN_MODE_SHIFT))
  const payload = writeVarint(outPtr + 1, count as u64)
  const end =
    bestMode == COLUMN_MODE_RAW
      ? writeRaw(valuesPtr, count, width, payload)
      : writeIntegers(bestPtr, count, bestOrder, bestExponent, scratchPtr, payload)
  return (end - outPtr) as i32
}

/** Writes integers as values of the column; returns 0, or STATUS_OUT_OF_RANGE when one does not fit the mode. */
function emitIntegers(type: i32, mode: i32, power: f64, integersPtr: usize, count: i32, outPtr: usize): i32 {
  const n = count as usize
  if (mode == COLUMN_MODE_DECIMAL) {
    let inRange = true
    for (let index: usize = 0; index < n; index++) {
      const integer = load<i64>(integersPtr + (index << 3)) as f64
      inRange = inRange && abs(integer) < 9007199254740992.0
      const value = integer / power
      if (type == COLUMN_TYPE_F64) store<f64>(outPtr + (index << 3), value)
      else store<f32>(outPtr + (index << 2), value as f32)
    }
    return inRange ? 0 : STATUS_OUT_OF_RANGE
  }
  if (valueBytes(type) == 8 && mode != COLUMN_MODE_FLOAT_AS_F32) {
    memory.copy(outPtr, integersPtr, n << 3)
    return 0
  }
  let excess: i64 = 0
  for (let index: usize = 0; index < n; index++) {
    const integer = load<i64>(integersPtr + (index << 3))
    excess |= integer ^ (integer as i32 as i64)
    if (mode == COLUMN_MODE_FLOAT_AS_F32) store<u64>(outPtr + (index << 3), widenFloat32Bits(integer as u32))
    else store<i32>(outPtr + (index << 2), integer as i32)
  }
  return excess == 0 ? 0 : STATUS_OUT_OF_RANGE
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
  if (mode == COLUMN_MODE_RAW) {
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
