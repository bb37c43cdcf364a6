import { type ColumnPart, isPresent, type TablePart } from './table.js'
import { csvCell, formatF32, formatF64 } from './value-text.js'

/** Text of this length is handed over at a time: a chunk can hold more than one string can. */
const PIECE_LENGTH = 65_536

/** A line of CSV with the names of the columns. */
export function csvHeader(names: readonly string[]): string {
  return `${names.map(csvCell).join(',')}\n`
}

/**
 * Rows as CSV: absent is an empty cell, `-0` keeps its sign, numbers are the shortest decimals that read back to the same
 * bits of their type.
 */
export function csvRows(part: TablePart): Generator<string> {
  const cells = part.columns.map((column) => cellText(column, csvCell, String))
  return rowTexts(part, (row) => {
    let text = cells[0]!(row) ?? ''
    for (let c = 1; c < cells.length; c++) text += `,${cells[c]!(row) ?? ''}`
    return text
  })
}

/**
 * Rows as NDJSON: 64-bit integers as plain JSON integers, NaN and infinities as strings, `-0` as `-0`, absent values left
 * out.
 */
export function ndjsonRows(part: TablePart): Generator<string> {
  const keys = part.columns.map(({ name }) => `${JSON.stringify(name)}:`)
  const cells = part.columns.map((column) => cellText(column, JSON.stringify, (special) => `"${special}"`))
  const stream = part.streamName === undefined ? '' : `"stream":${JSON.stringify(part.streamName)},`
  return rowTexts(part, (row) => {
    let text = `{${stream}`
    let separator = ''
    for (let c = 0; c < cells.length; c++) {
      const cell = cells[c]!(row)
      if (cell === undefined) continue
      text += separator + keys[c] + cell
      separator = ','
    }
    return `${text}}`
  })
}

function* rowTexts({ rowCount }: TablePart, rowText: (row: number) => string): Generator<string> {
  let text = ''
  for (let row = 0; row < rowCount; row++) {
    text += `${rowText(row)}\n`
    if (text.length < PIECE_LENGTH) continue
    yield text
    text = ''
  }
  if (text !== '') yield text
}

/** What writes a column's values; undefined where absent. */
function cellText(
  column: ColumnPart,
  quote: (text: string) => string,
  special: (value: number) => string,
): (row: number) => string | undefined {
  const { texts, type, values, validity } = column
  const write = texts
    ? textOf(texts, quote)
    : type === 'f32' || type === 'f64'
      ? floatText(type === 'f32' ? formatF32 : formatF64, special)
      : String
  if (validity === undefined) return (row) => write(values[row] as never)
  return (row) => (isPresent(column, row) ? write(values[row] as never) : undefined)
}

function textOf(texts: readonly string[], quote: (text: string) => string): (index: number) => string {
  const quoted: (string | undefined)[] = new Array(texts.length)
  return (index) => (quoted[index] ??= quote(texts[index]!))
}

function floatText(format: (value: number) => string, special: (value: number) => string): (value: number) => string {
  return (value) => (Number.isFinite(value) ? format(value) : special(value))
}
