import { COLUMN_LEVEL_DENSE, COLUMN_LEVEL_FAST, COLUMN_OVERHEAD_BYTES } from '../../assembly/layout'
import { columnTypeOf, createColumnArray, integerOutOfRange, planColumn, valueBytes } from './reference/column-plan.js'
import type { ColumnArray } from './types.js'
import { aligned, type WasmArena } from './wasm-arena.js'

/** Room behind the packed bytes: unpacking loads a little past them. */
const LOAD_MARGIN_BYTES = 16

export function encodeColumnIn(arena: WasmArena, values: ColumnArray, isFast: boolean): Uint8Array {
  const valuesPtr = arena.basePtr
  const scratchPtr = valuesPtr + aligned(values.byteLength)
  const outPtr = scratchPtr + aligned(arena.exports.columnScratchBytes(values.length))
  arena.reserve(outPtr - arena.basePtr + values.byteLength + COLUMN_OVERHEAD_BYTES + LOAD_MARGIN_BYTES)
  arena.bytes(valuesPtr, values.byteLength).set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
  const level = isFast ? COLUMN_LEVEL_FAST : COLUMN_LEVEL_DENSE
  const bytesWritten = arena.exports.columnEncode(
    columnTypeOf(values),
    valuesPtr,
    values.length,
    level,
    scratchPtr,
    outPtr,
  )
  return arena.bytes(outPtr, bytesWritten).slice()
}

export function decodeColumnIn(arena: WasmArena, bytes: Uint8Array): ColumnArray {
  // The same walk as the reference: what it lets through, the kernel can read without looking back.
  const plan = planColumn(bytes)
  const byteLength = plan.count * valueBytes(plan.type)
  const scratchPtr = arena.basePtr
  const outPtr = scratchPtr + aligned(arena.exports.columnScratchBytes(0))
  const bytesPtr = outPtr + aligned(byteLength)
  arena.reserve(bytesPtr - arena.basePtr + bytes.length + LOAD_MARGIN_BYTES)
  arena.bytes(bytesPtr, bytes.length).set(bytes)
  const payloadPtr = bytesPtr + plan.payloadOffset
  const count = arena.exports.columnDecode(plan.type, plan.mode, payloadPtr, plan.count, scratchPtr, outPtr)
  if (count < 0) throw integerOutOfRange(plan)
  const values = createColumnArray(plan.type, plan.count)
  new Uint8Array(values.buffer).set(arena.bytes(outPtr, byteLength))
  return values
}
