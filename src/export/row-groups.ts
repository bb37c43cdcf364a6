import type { ColumnArray } from '../kernels/types.js'
import { zeros } from './layout.js'
import { type ColumnPart, isPresent, type Table, type TableColumn, type TablePart } from './table.js'

/** Rows of a full group; formats with columns want more than a chunk has. */
export const GROUP_ROWS = 65_536
/** Text a group may come to, spelled out: a few bytes of a chunk can stand for a long one in every row. */
const GROUP_TEXT_LENGTH = 16 * 1024 * 1024

/** Rows gathered into groups of {@link GROUP_ROWS}, fewer where their texts are long. A group is valid until the next. */
export async function* rowGroups(table: Table, parts: AsyncIterable<TablePart>): AsyncGenerator<TablePart> {
  const columns = table.columns.map((column) => new GroupColumn(column))
  let rowCount = 0
  const group = () => ({ rowCount, columns: columns.map((column) => column.take(rowCount)) })
  for await (const part of parts) {
    for (let from = 0; from < part.rowCount; ) {
      const room = Math.min(GROUP_ROWS - rowCount, part.rowCount - from)
      const count = columns.reduce((fitting, column, c) => column.fitting(part.columns[c]!, from, fitting), room)
      if (count > 0) {
        for (const [c, column] of columns.entries()) column.append(part.columns[c]!, from, count, rowCount)
        rowCount += count
        from += count
      }
      if (rowCount === GROUP_ROWS || count < room) {
        yield group()
        rowCount = 0
      }
    }
  }
  if (rowCount > 0) yield group()
}

/** One column of the group being gathered. */
class GroupColumn {
  readonly #column: TableColumn
  readonly #values: ColumnArray
  readonly #validity = new Uint8Array(GROUP_ROWS / 8)
  #hasAbsent = false
  /** Of a `text`: its dictionary so far, the length of all rows spelled out. */
  #texts = new Map<string, number>()
  #textLength = 0

  constructor(column: TableColumn) {
    this.#column = column
    this.#values = zeros(column.type, GROUP_ROWS)
  }

  /** How many of `count` rows from `from` on still fit; one does into an empty group, whatever its length. */
  fitting({ values, texts }: ColumnPart, from: number, count: number): number {
    if (this.#column.type !== 'text' || !texts) return count
    let length = this.#textLength
    for (let i = 0; i < count; i++) {
      length += texts[Number(values[from + i])]?.length ?? 0
      if (length > GROUP_TEXT_LENGTH) return this.#textLength === 0 ? Math.max(i, 1) : i
    }
    return count
  }

  append(part: ColumnPart, from: number, count: number, at: number): void {
    if (this.#column.type === 'text') this.#appendTexts(part, from, count, at)
    else this.#values.set(part.values.subarray(from, from + count) as never, at)
    for (let i = 0; i < count; i++) {
      if (isPresent(part, from + i)) this.#validity[(at + i) >> 3]! |= 1 << ((at + i) & 7)
      else this.#hasAbsent = true
    }
  }

  take(rowCount: number): ColumnPart {
    const { name, type, values: enumValues } = this.#column
    const part: ColumnPart = { name, type, values: this.#values.subarray(0, rowCount) }
    if (this.#hasAbsent) part.validity = this.#validity.slice(0, (rowCount + 7) >> 3)
    if (type === 'enum') part.texts = enumValues ?? []
    if (type === 'text') part.texts = [...this.#texts.keys()]
    this.#validity.fill(0)
    this.#hasAbsent = false
    this.#texts = new Map()
    this.#textLength = 0
    return part
  }

  /** Indices into the group's own dictionary. */
  #appendTexts(part: ColumnPart, from: number, count: number, at: number): void {
    const { values, texts = [] } = part
    const moved = new Map<number, number>()
    for (let i = 0; i < count; i++) {
      if (!isPresent(part, from + i)) {
        this.#values[at + i] = 0
        continue
      }
      const index = Number(values[from + i])
      let own = moved.get(index)
      if (own === undefined) {
        const text = texts[index]!
        own = this.#texts.get(text) ?? this.#texts.size
        this.#texts.set(text, own)
        moved.set(index, own)
      }
      this.#values[at + i] = own
      this.#textLength += texts[index]!.length
    }
  }
}
