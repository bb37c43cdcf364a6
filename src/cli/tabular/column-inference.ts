import type { KymographError } from '../../errors.js'
import { ENUM_VALUES_MAX_COUNT, TEXT_VALUE_MAX_LENGTH } from '../../limits.js'
import type { ChannelType } from '../../read/index.js'
import { CELL_ABSENT, CELL_BOOLEAN, CELL_NUMBER, CELL_TEXT } from './json-cells.js'
import { fitsInt64, isExactInteger, isKeptByF64, isPlainInteger, isShortestF32, numberOf } from './number-cell.js'

const ENUM_GUESS_MAX_COUNT = 64
const ENUM_VALUE_MAX_LENGTH = 500
const INT32_MIN = -(2 ** 31)
const INT32_MAX = 2 ** 31 - 1

/** Makes the error of a cell that is not what its column is. */
export type CellFailure = (line: number, value: string, expected: string, remedy: string) => KymographError

/** Finds the type of a column from all its cells, in bounded memory. */
export class ColumnInference {
  readonly #name: string
  readonly #forced: ChannelType | undefined
  readonly #fail: CellFailure
  #kind: number = CELL_ABSENT
  #isInt32 = true
  #isInt64 = true
  #isF32 = true
  #isInteger = true
  #isExactInteger = true
  #unkeptCount = 0
  readonly #distinct = new Map<string, number>()
  readonly #distinctMax: number
  #canBeEnum = true

  constructor(name: string, forced: ChannelType | undefined, fail: CellFailure) {
    this.#name = name
    this.#forced = forced
    this.#fail = fail
    if (forced !== undefined) this.#kind = forced === 'text' || forced === 'enum' ? CELL_TEXT : CELL_NUMBER
    this.#distinctMax = forced === 'enum' ? ENUM_VALUES_MAX_COUNT : ENUM_GUESS_MAX_COUNT
  }

  /** Takes a cell that is there; `kind` as in JSON, undefined for the cell of a table. */
  add(cell: string, kind: number | undefined, line: number): void {
    if (this.#kind === CELL_ABSENT) this.#kind = this.#kindOf(cell, kind)
    if (this.#kind === CELL_NUMBER) this.#addNumber(cell, kind, line)
    else this.#addText(cell, kind, line)
  }

  /** The type and, of an enum, its values. `rows` of the stream decide whether texts repeat enough. */
  result(rows: number): { type: ChannelType; values?: string[] } {
    const values = [...this.#distinct.keys()]
    if (this.#forced === 'enum') return { type: 'enum', values: values.length > 0 ? values : [''] }
    if (this.#forced !== undefined) return { type: this.#forced }
    if (this.#kind === CELL_BOOLEAN) return { type: 'enum', values: ['false', 'true'] }
    if (this.#kind === CELL_ABSENT) return { type: 'f64' }
    if (this.#kind === CELL_TEXT) {
      const isEnum = this.#canBeEnum && rows >= 2 * values.length
      return isEnum ? { type: 'enum', values } : { type: 'text' }
    }
    if (this.#isInt32) return { type: 'i32' }
    if (this.#isInt64) return { type: 'i64' }
    // a number that long is a name: as text it keeps its digits
    if (this.#isWideInteger) return { type: 'text' }
    return { type: this.#isF32 ? 'f32' : 'f64' }
  }

  /** What is worth telling of the column, for people. */
  notes(): string[] {
    const type = this.result(0).type
    if (this.#forced === undefined && type === 'text' && this.#kind === CELL_NUMBER) {
      return [`integers of '${this.#name}' go beyond 64 bits: recorded as text`]
    }
    if (this.#unkeptCount === 0 || (type !== 'f64' && type !== 'f32')) return []
    const have = this.#unkeptCount === 1 ? 'cell of' : 'cells of'
    const verb = this.#unkeptCount === 1 ? 'has' : 'have'
    return [`${this.#unkeptCount} ${have} '${this.#name}' ${verb} more digits than a 64-bit float keeps`]
  }

  /** Integers only, some beyond 64 bits, and not all of them doubles. */
  get #isWideInteger(): boolean {
    return this.#isInteger && !this.#isInt64 && !this.#isExactInteger
  }

  #kindOf(cell: string, kind: number | undefined): number {
    if (kind === CELL_BOOLEAN || kind === CELL_NUMBER) return kind
    const value = numberOf(cell)
    if (kind === CELL_TEXT) return value !== undefined && !Number.isFinite(value) ? CELL_NUMBER : CELL_TEXT
    return value === undefined ? CELL_TEXT : CELL_NUMBER
  }

  #addNumber(cell: string, kind: number | undefined, line: number): void {
    const value = numberOf(cell)
    const isNumber = value !== undefined && kind !== CELL_BOOLEAN && (kind !== CELL_TEXT || !Number.isFinite(value))
    if (!isNumber) throw this.#fail(line, cell, 'a number', `record it as text with --type ${this.#name}=text`)
    if (!isKeptByF64(cell, value)) this.#unkeptCount++
    if (this.#isInteger) {
      this.#isInteger = isPlainInteger(cell) && cell.length <= TEXT_VALUE_MAX_LENGTH
      this.#isInt64 &&= this.#isInteger && fitsInt64(cell)
      this.#isExactInteger &&= this.#isInteger && isExactInteger(cell, value)
      this.#isInt32 &&= this.#isInt64 && value >= INT32_MIN && value <= INT32_MAX
    }
    this.#isF32 &&= isShortestF32(value)
    const { forced, fits } = { forced: this.#forced, fits: this.#forced === 'i32' ? this.#isInt32 : this.#isInt64 }
    if ((forced === 'i32' || forced === 'i64') && !fits) {
      const bits = forced === 'i32' ? 32 : 64
      throw this.#fail(line, cell, `an integer of ${bits} bits`, `choose another type with --type ${this.#name}=TYPE`)
    }
  }

  #addText(cell: string, kind: number | undefined, line: number): void {
    if (this.#kind === CELL_BOOLEAN && kind !== CELL_BOOLEAN) {
      throw this.#fail(line, cell, 'true or false', `record it as text with --type ${this.#name}=text`)
    }
    if (this.#distinct.has(cell)) return
    if (cell.length > TEXT_VALUE_MAX_LENGTH) {
      const expected = `at most ${TEXT_VALUE_MAX_LENGTH} characters (got ${cell.length})`
      throw this.#fail(line, cell, expected, 'shorten the value, or leave the column out')
    }
    if (/[\ud800-\udfff]/.test(cell) && /\p{Cs}/u.test(cell)) {
      throw this.#fail(line, cell, 'well-formed Unicode', 'repair the lone surrogate')
    }
    if (!this.#canBeEnum) return
    // enum values are kept normalised and without control characters: others must stay text to come back unchanged
    const isValue = cell.length <= ENUM_VALUE_MAX_LENGTH && !/\p{Cc}/u.test(cell) && cell.normalize('NFC') === cell
    if (isValue && this.#distinct.size < this.#distinctMax) {
      this.#distinct.set(cell, this.#distinct.size)
      return
    }
    this.#canBeEnum = false
    if (this.#forced !== 'enum') return
    const expected = `at most ${this.#distinctMax} distinct plain values of up to ${ENUM_VALUE_MAX_LENGTH} characters`
    throw this.#fail(line, cell, expected, `record it as text with --type ${this.#name}=text`)
  }
}
