// Encoding tries modes in a fixed order and takes the smallest.

import { INTEGERS_OFFSET, valueBytes } from './column'
import { fillDecimals, fillFloat32Bits } from './float-integers'
import { planIntegers, writeIntegers, writeVarint } from './integer-blocks'
import {
  COLUMN_LEVEL_FAST,
  COLUMN_MODE_BITS,
  COLUMN_MODE_DECIMAL,
  COLUMN_MODE_FLOAT_AS_F32,
  COLUMN_MODE_INT,
  COLUMN_MODE_RAW,
  COLUMN_MODE_SHIFT,
  COLUMN_TYPE_F32,
  COLUMN_TYPE_F64,
  DECIMAL_EXPONENT_MAX_F32,
  DECIMAL_EXPONENT_MAX_F64,
} from './layout'

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
  const isFloat = type === COLUMN_TYPE_F64 || type === COLUMN_TYPE_F32
  let freePtr = scratchPtr + INTEGERS_OFFSET
  let otherPtr = freePtr + ((count as usize) << 3)
  let bestBytes = (count as usize) * width
  let bestMode = COLUMN_MODE_RAW
  let bestPtr: usize = 0
  let bestOrder = 0
  let bestExponent = 0
  if (type === COLUMN_TYPE_F64 && fillFloat32Bits(valuesPtr, count, freePtr)) {
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
    const isF32 = type === COLUMN_TYPE_F32
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
  if (!isFloat || level !== COLUMN_LEVEL_FAST || bestMode === COLUMN_MODE_RAW) {
    const wide = width === 8
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
    bestMode === COLUMN_MODE_RAW
      ? writeRaw(valuesPtr, count, width, payload)
      : writeIntegers(bestPtr, count, bestOrder, bestExponent, scratchPtr, payload)
  return (end - outPtr) as i32
}
