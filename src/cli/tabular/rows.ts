import { KymographError } from '../../errors.js'
import { splitCells } from './cells.js'
import { quote } from './failure.js'
import { CELL_ABSENT, flattenJson } from './json-cells.js'
import { isSkipped, readLines } from './lines.js'
import type { ReadProgress } from './text-source.js'

/** How rows are written. */
export interface RowSyntax {
  path: string
  format: 'csv' | 'tsv' | 'ndjson'
  delimiter: string
}

/** One row; `line` is where it begins, from 1. `kinds` (of NDJSON) goes with `cells`, else an empty cell is absent. */
export interface Row {
  line: number
  cells: string[]
  kinds?: Uint8Array
}

/** A quoted cell may span lines, up to that many characters. */
const ROW_MAX_LENGTH = 1 << 20
/** … and so many lines with quotes: each is a place where it may end, and is tried from the row's beginning. */
const ROW_MAX_ATTEMPTS = 200

/**
 * The rows of a file, the header row among them. Keys of NDJSON get the columns they have in `columns`, new ones are
 * added to it, as far as `columnsMax`. `onComment` is told the comment lines behind the first row.
 */
export async function* readRows(
  syntax: RowSyntax,
  columns: Map<string, number>,
  columnsMax: number,
  onProgress?: ReadProgress,
  onComment?: (line: number) => void,
): AsyncGenerator<Row[], void, undefined> {
  const isJson = syntax.format === 'ndjson'
  let open: OpenRow | undefined
  let hasRows = false
  for await (const { lines, firstLine } of readLines(syntax.path, onProgress)) {
    const rows: Row[] = []
    for (let i = 0; i < lines.length; i++) {
      const text: string = lines[i]!
      if (open) {
        const row = open.continueWith(text, syntax)
        if (!row) continue
        rows.push(row)
        open = undefined
        continue
      }
      const line = firstLine + i
      if (isSkipped(text)) {
        if (hasRows && onComment && text.trim() !== '') onComment(line)
        continue
      }
      hasRows = true
      if (isJson) {
        rows.push(jsonRow(syntax.path, line, text, columns, columnsMax))
        continue
      }
      const cells = cellsOf(text, line, syntax)
      if (cells) rows.push({ line, cells })
      else open = new OpenRow(text, line)
    }
    if (rows.length > 0) yield rows
  }
  if (open) throw unclosed(syntax.path, open.line)
}

/** A row whose last quoted cell goes on over further lines. */
class OpenRow {
  readonly line: number
  readonly #lines: string[]
  #attempts = 0
  #length: number

  constructor(text: string, line: number) {
    this.line = line
    this.#lines = [text]
    this.#length = text.length
  }

  /** The whole row, once this line closes it. */
  continueWith(text: string, syntax: RowSyntax): Row | undefined {
    this.#lines.push(text)
    this.#length += text.length + 1
    if (this.#length > ROW_MAX_LENGTH || this.#attempts > ROW_MAX_ATTEMPTS) throw unclosed(syntax.path, this.line)
    // a line without a quote closes nothing
    if (text.includes('"')) this.#attempts += 1
    const cells = text.includes('"') ? cellsOf(this.#lines.join('\n'), this.line, syntax) : undefined
    return cells && { line: this.line, cells }
  }
}

function cellsOf(text: string, line: number, { path, delimiter }: RowSyntax): string[] | undefined {
  try {
    return splitCells(text, delimiter)
  } catch (cause) {
    throw new KymographError(
      'import-value',
      `${path}, line ${line}: expected a delimiter or the end of the line behind a closing quote, got ${quote(text)}; double the quotes inside of cells`,
      { cause },
    )
  }
}

function jsonRow(path: string, line: number, text: string, columns: Map<string, number>, columnsMax: number): Row {
  const cells: string[] = new Array(columns.size).fill('')
  const kinds: number[] = new Array(columns.size).fill(CELL_ABSENT)
  try {
    flattenJson(text, (name, value, kind) => {
      let index = columns.get(name)
      if (index === undefined) {
        index = columns.size
        if (index >= columnsMax) throw tooManyColumns(path, line, columnsMax, name)
        columns.set(name, index)
      }
      // a row has each name once, but {"a":{"b":1},"a.b":2} says one twice
      if (kinds[index] !== undefined && kinds[index] !== CELL_ABSENT) throw repeatedKey(path, line, name)
      cells[index] = value
      kinds[index] = kind
    })
  } catch (cause) {
    if (cause instanceof KymographError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KymographError(
      'import-value',
      `${path}, line ${line}: expected one JSON object, got ${quote(text)} (${reason})`,
      { cause },
    )
  }
  return { line, cells, kinds: Uint8Array.from(kinds) }
}

function tooManyColumns(path: string, line: number, columnsMax: number, name: string): KymographError {
  return new KymographError(
    'import-value',
    `${path}, line ${line}: expected at most ${columnsMax - 1} channels besides the time, ${quote(name)} is one more; leave columns out`,
  )
}

function repeatedKey(path: string, line: number, name: string): KymographError {
  return new KymographError(
    'import-value',
    `${path}, line ${line}: expected each key once, ${quote(name)} is there both nested and dotted; rename one`,
  )
}

function unclosed(path: string, line: number): KymographError {
  return new KymographError(
    'import-value',
    `${path}, line ${line}: a quoted cell has no closing quote; close it, or double the quotes inside of it`,
  )
}
