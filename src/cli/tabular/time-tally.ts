import type { KymographError } from '../../errors.js'
import { cellError, quote } from './failure.js'
import { numberOf } from './number-cell.js'
import type { Row } from './rows.js'
import type { TimeColumn } from './time-column.js'
import { TimeReader, type TimeUnit } from './time-reader.js'

/** Reads the whole time column: its range, and what is worth a note. */
export class TimeTally {
  firstNs = 0n
  minNs = 0n
  maxNs = 0n
  #count = 0
  readonly #path: string
  readonly #name: string
  readonly #column: TimeColumn
  readonly #reader: TimeReader

  constructor(path: string, name: string, column: TimeColumn) {
    this.#path = path
    this.#name = name
    this.#column = column
    this.#reader = new TimeReader(column.unit)
  }

  add({ line, cells }: Row): void {
    const cell = cells[this.#column.index] ?? ''
    const timeNs = this.#reader.read(cell)
    if (timeNs === undefined) throw timeError(this.#path, line, this.#name, cell, this.#column.unit)
    if (this.#count++ === 0) this.firstNs = this.minNs = this.maxNs = timeNs
    else if (timeNs < this.minNs) this.minNs = timeNs
    else if (timeNs > this.maxNs) this.maxNs = timeNs
  }

  notes(): string[] {
    const { roundedCount, zonelessCount, unit } = this.#reader
    const column = quoteName(this.#name)
    const notes = [`time column ${column} read as ${unit === 'iso' ? 'ISO date-time' : unit} (${this.#column.reason})`]
    if (roundedCount > 0) {
      const were = roundedCount === 1 ? 'timestamp carried a fraction' : 'timestamps carried fractions'
      notes.push(`${roundedCount} ${were} of a nanosecond and ${roundedCount === 1 ? 'was' : 'were'} rounded`)
    }
    if (zonelessCount > 0) notes.push(`no time zone in ${column}: read as UTC`)
    return notes
  }
}

export function timeError(path: string, line: number, column: string, value: string, unit: TimeUnit): KymographError {
  const place = { path, line, column, value }
  if (value === '') {
    return cellError('import-time', place, 'a time', 'give the row a time, or choose another column with --time')
  }
  const kind =
    unit === 'iso'
      ? 'an ISO date-time'
      : `a number of ${unit}${numberOf(value) === undefined ? ' or an ISO date-time' : ''}`
  const remedy = 'write it so, or choose another column with --time or another unit with --time-unit'
  return cellError('import-time', place, `${kind} within 64 bits of nanoseconds`, remedy)
}

function quoteName(name: string): string {
  return `'${quote(name).slice(1, -1)}'`
}
