import { COLUMN_LEVEL_DENSE, COLUMN_LEVEL_FAST, STATUS_OUT_OF_RANGE } from '../../assembly/layout'
import type { ColumnSettings } from './arguments.js'
import {
  columnTypeOf,
  createColumnArray,
  damagedGroup,
  integerOutOfRange,
  planColumn,
  valueBytes,
} from './reference/column-plan.js'
import type { ColumnArray } from './types.js'
import { aligned, type WasmArena } from './wasm-arena.js'

/** Room behind the packed bytes: unpacking loads a little past them. */
const LOAD_MARGIN_BYTES = 16

export function encodeColumnIn(arena: WasmArena, values: ColumnArray, settings: ColumnSettings): Uint8Array {
  const { exports } = arena
  const { length: count, byteLength } = values
  const valuesPtr = arena.basePtr
  const scratchPtr = valuesPtr + aligned(byteLength)
  const outPtr = scratchPtr + aligned(exports.columnEncodeBytes(count))
  arena.reserve(outPtr - arena.basePtr + exports.columnCapacity(count) + byteLength)
  arena.memoryBytes.set(new Uint8Array(values.buffer, values.byteOffset, byteLength), valuesPtr)
  const bytesWritten = exports.columnEncode(
    columnTypeOf(values),
    valuesPtr,
    count,
    settings.isFast ? COLUMN_LEVEL_FAST : COLUMN_LEVEL_DENSE,
    settings.precision,
    settings.quantumHint,
    scratchPtr,
    outPtr,
  )
  return arena.memoryBytes.slice(outPtr, outPtr + bytesWritten)
}

export function decodeColumnIn(arena: WasmArena, bytes: Uint8Array): ColumnArray {
  // The same walk as the reference: what it lets through, the kernel can read without looking back.
  const { type, count, bodyOffset } = planColumn(bytes)
  const { exports } = arena
  const byteLength = count * valueBytes(type)
  const scratchPtr = arena.basePtr
  const outPtr = scratchPtr + aligned(exports.columnDecodeBytes(count))
  const bytesPtr = outPtr + aligned(byteLength)
  const endPtr = bytesPtr + bytes.length
  arena.reserve(endPtr - arena.basePtr + LOAD_MARGIN_BYTES)
  arena.memoryBytes.set(bytes, bytesPtr)
  const status = exports.columnDecode(bytes[0], bytesPtr + bodyOffset, endPtr, count, scratchPtr, outPtr)
  if (status === STATUS_OUT_OF_RANGE) throw integerOutOfRange(bodyOffset)
  if (status < 0) throw damagedGroup(exports.columnDamagedGroup() - bytesPtr)
  const values = createColumnArray(type, count)
  new Uint8Array(values.buffer).set(arena.bytes(outPtr, byteLength))
  return values
}
