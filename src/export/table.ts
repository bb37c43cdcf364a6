import type { ColumnArray } from '../kernels/types.js'
import type { ChannelType } from '../wire/model.js'

/** `instant`: 64-bit nanoseconds; the others are those of channels. */
export type ColumnType = 'instant' | ChannelType

/** A column as formats with a schema declare it. */
export interface TableColumn {
  name: string
  type: ColumnType
  /** Since 1970 in UTC: only of an `instant`. */
  isUtc?: boolean
  /** Whether no value of it is ever absent. */
  isRequired?: boolean
  /** UCUM code. */
  unit?: string
  /** All values of an `enum`, in their order. */
  values?: readonly string[]
}

/** What a table has in all its parts. */
export interface Table {
  columns: TableColumn[]
  /** What is known of the session so far; complete after the last part, so written behind it. */
  facts: Map<string, string>
}

/** Some rows of one column. */
export interface ColumnPart {
  name: string
  type: ColumnType
  /** One per row, 0 where absent; of `enum` and `text` indices into `texts`. */
  values: ColumnArray
  /** One bit per row, least significant first, 1 = present; undefined when nothing is absent. */
  validity?: Uint8Array
  texts?: readonly string[]
}

/** Some rows of a table. */
export interface TablePart {
  rowCount: number
  columns: ColumnPart[]
  /** Rows of several streams in one text say which. */
  streamName?: string
}

/** Makes a file of a table: pieces of it, one after the other. */
export type TableFormat = (table: Table, parts: AsyncIterable<TablePart>) => AsyncIterable<Uint8Array>

/** Whether row `row` of a column has a value. */
export function isPresent({ validity }: Pick<ColumnPart, 'validity'>, row: number): boolean {
  return validity === undefined || ((validity[row >> 3]! >> (row & 7)) & 1) === 1
}
