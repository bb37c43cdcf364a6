import { KymographError } from '../../errors.js'
import { cellCount } from './cells.js'
import { looksLikeIso } from './iso-time.js'
import { isSkipped, readLines } from './lines.js'
import { numberOf } from './number-cell.js'
import { type Row, type RowSyntax, readRows } from './rows.js'

const SAMPLE_CHARACTERS = 1 << 23
const SAMPLE_ROWS = 1000
const SAMPLE_LINES = 50
const DELIMITERS = ['\t', ';', ','] as const

/** The first rows of a file, without its header row. */
export interface Sample {
  syntax: RowSyntax
  /** The header row, where there is one. */
  header: Row | undefined
  rows: Row[]
  /** Columns of NDJSON by name, as far as the sample goes. */
  columns: Map<string, number>
}

/**
 * Reads the beginning of a file and tells how its rows are written.
 *
 * @throws KymographError `import-empty` when there is no row of data.
 */
export async function readBeginning(path: string, header: boolean | undefined, columnsMax: number): Promise<Sample> {
  const syntax = await detectSyntax(path)
  const columns = new Map<string, number>()
  const rows: Row[] = []
  let sampledCharacters = 0
  for await (const block of readRows(syntax, columns, columnsMax)) {
    rows.push(...block.slice(0, SAMPLE_ROWS + 1 - rows.length))
    sampledCharacters += block.reduce((sum, { cells }) => cells.reduce((length, cell) => length + cell.length, sum), 0)
    if (rows.length > SAMPLE_ROWS || sampledCharacters > SAMPLE_CHARACTERS) break
  }
  const hasHeader = syntax.format !== 'ndjson' && (header ?? !rows[0]?.cells.some(isValueLike))
  const first = hasHeader ? rows.shift() : undefined
  if (rows.length === 0) {
    throw new KymographError(
      'import-empty',
      `${path} has no rows of data${first ? ', only a header row' : ''}: there is nothing to record`,
    )
  }
  return { syntax, header: first, rows, columns }
}

async function detectSyntax(path: string): Promise<RowSyntax> {
  const lines: string[] = []
  for await (const block of readLines(path)) {
    lines.push(...block.lines.filter((line) => !isSkipped(line)).slice(0, SAMPLE_LINES - lines.length))
    if (lines.length >= SAMPLE_LINES) break
  }
  const first = lines[0]?.trimStart() ?? ''
  if (first.startsWith('{')) return { path, format: 'ndjson', delimiter: '\n' }
  if (/^\[\s*(\{|$)/.test(first)) {
    throw new KymographError('import-unreadable', `${path} is a JSON array; write one object per line: jq -c '.[]'`)
  }
  const delimiter = detectDelimiter(lines)
  return { path, format: delimiter === '\t' ? 'tsv' : 'csv', delimiter }
}

/** The delimiter every line has; failing that, the most frequent one. */
function detectDelimiter(lines: readonly string[]): string {
  const counts = DELIMITERS.map((delimiter) => lines.map((line) => cellCount(line, delimiter) - 1))
  const everywhere = counts.findIndex((perLine) => perLine.every((count) => count > 0))
  if (everywhere >= 0 && lines.length > 0) return DELIMITERS[everywhere]!
  const totals = counts.map((perLine) => perLine.reduce((sum, count) => sum + count, 0))
  const most = Math.max(...totals)
  return most === 0 ? ',' : DELIMITERS[totals.indexOf(most)]!
}

/** A number or a date-time: what no header row has. */
function isValueLike(cell: string): boolean {
  return numberOf(cell) !== undefined || looksLikeIso(cell)
}
