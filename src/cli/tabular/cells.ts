import { CsvError, parse } from 'csv-parse/sync'

/**
 * The cells of a row, blanks around them trimmed; quoted cells by RFC 4180 keep theirs. A quote inside an unquoted
 * cell is a character like any other. Undefined when a quoted cell does not end in this text: the row goes on.
 *
 * @throws CsvError when something stands behind a closing quote.
 */
export function splitCells(row: string, delimiter: string): string[] | undefined {
  if (!row.includes('"')) {
    const cells = row.split(delimiter)
    for (let i = 0; i < cells.length; i++) cells[i] = trimCell(cells[i]!)
    return cells
  }
  try {
    const [cells] = parse(row, { delimiter, record_delimiter: '\n', trim: true, relax_quotes: true })
    return cells as unknown as string[]
  } catch (error) {
    if (error instanceof CsvError && error.code === 'CSV_QUOTE_NOT_CLOSED') return undefined
    throw error
  }
}

/** Number of cells a row has with this delimiter; 1 where it is no row with it. */
export function cellCount(row: string, delimiter: string): number {
  try {
    return splitCells(row, delimiter)?.length ?? 1
  } catch (error) {
    if (error instanceof CsvError) return 1
    throw error
  }
}

function trimCell(cell: string): string {
  const last = cell.charCodeAt(cell.length - 1)
  const first = cell.charCodeAt(0)
  return first > 32 && first < 128 && last > 32 && last < 128 ? cell : cell.trim()
}
