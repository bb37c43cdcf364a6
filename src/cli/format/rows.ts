import { csvCell, formatF32, formatF64 } from './value-format.js'

/** One value of a frame with the type it is recorded in; undefined is absent. */
export type CellValue = number | bigint | string | undefined
export type CellType = 'f64' | 'f32' | 'i32' | 'i64' | 'enum' | 'text'

/** A frame as a line of CSV: time in nanoseconds, then the cells; absent cells stay empty. Ends with a newline. */
export function csvRow(timestampNs: bigint, cells: readonly CellValue[], types: readonly CellType[]): string {
  let row = String(timestampNs)
  for (let c = 0; c < cells.length; c++) row += `,${csvValue(cells[c], types[c]!)}`
  return `${row}\n`
}

/**
 * A frame as a line of NDJSON: 64-bit integers as plain JSON integers, NaN and infinities as strings, `-0` as `-0`,
 * absent values left out. `names` go with `cells`. Ends with a newline.
 */
export function ndjsonRow(
  timestampNs: bigint,
  names: readonly string[],
  cells: readonly CellValue[],
  types: readonly CellType[],
): string {
  let row = `{"timestamp_ns":${timestampNs}`
  for (let c = 0; c < cells.length; c++) {
    const cell = cells[c]
    if (cell !== undefined) row += `,${JSON.stringify(names[c])}:${jsonValue(cell, types[c]!)}`
  }
  return `${row}}\n`
}

/** A value as a CSV cell; the empty string when absent. */
export function csvValue(value: CellValue, type: CellType): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? csvCell(value) : numberText(value, type)
}

/** A value as JSON text. */
export function jsonValue(value: number | bigint | string, type: CellType): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return `"${value}"`
  return numberText(value, type)
}

function numberText(value: number | bigint, type: CellType): string {
  if (typeof value === 'bigint') return String(value)
  return type === 'f32' ? formatF32(value) : formatF64(value)
}
