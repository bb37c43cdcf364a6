import { KymographError } from '../../errors.js'
import { STREAMS_MAX_COUNT } from '../../limits.js'
import { looksLikeIso } from './iso-time.js'
import { numberOf } from './number-cell.js'
import { type RowSyntax, readRows } from './rows.js'
import type { ReadProgress } from './text-source.js'

/** A column of text whose value decides how many cells a row has. */
export interface TypeColumn {
  index: number
  /** Widths of the rows by the column's value, in order of first appearance. */
  widths: Map<string, number>
}

/**
 * Finds the column that tells the rows of interleaved streams apart: text in every row, the number of cells a
 * function of its value. Undefined when there is none. Reads the whole file.
 */
export async function findTypeColumn(
  syntax: RowSyntax,
  headerWidth: number | undefined,
  onProgress?: ReadProgress,
): Promise<TypeColumn | undefined> {
  let candidates: (TypeColumn & { rows: number; counts: Map<string, number> })[] | undefined
  let isHeader = headerWidth !== undefined
  let lastCells: string[] = []
  for await (const rows of readRows(syntax, new Map(), 0, onProgress)) {
    for (const { cells } of rows) {
      if (isHeader) {
        isHeader = false
        continue
      }
      if (headerWidth !== undefined && cells.length > headerWidth) return undefined
      candidates ??= cells.map((_, index) => ({ index, widths: new Map(), rows: 0, counts: new Map() }))
      candidates = candidates.filter(({ index, widths, counts }) => {
        const cell = cells[index]
        if (cell === undefined || cell === '' || numberOf(cell) !== undefined || looksLikeIso(cell)) return false
        const width = widths.get(cell)
        if (width === undefined) widths.set(cell, cells.length)
        counts.set(cell, (counts.get(cell) ?? 0) + 1)
        return (width === undefined || width === cells.length) && widths.size <= STREAMS_MAX_COUNT
      })
      for (const candidate of candidates) candidate.rows++
      if (candidates.length === 0) return undefined
      lastCells = cells
    }
  }
  return candidates?.find(({ index, widths, rows, counts }) => {
    // a last row cut off in the middle of its text is no stream of its own
    const isCutOff = counts.get(lastCells[index]!) === 1
    return !isCutOff && rows >= 2 * widths.size && new Set(widths.values()).size > 1
  })
}

export function raggedRow(path: string, line: number, expected: number, as: string, found: number): KymographError {
  return new KymographError(
    'import-ragged',
    `${path}, line ${line}: expected ${expected} cells ${as}, found ${found}; repair the row, or comment it out with #`,
  )
}
