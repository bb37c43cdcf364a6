import type { Data, DataType, RecordBatchFileWriter, Vector } from 'apache-arrow'
import { loadPeer } from './peers.js'
import { rowGroups } from './row-groups.js'
import { type ColumnPart, isPresent, type Table, type TableColumn, type TablePart } from './table.js'

type Arrow = typeof import('apache-arrow')

const encoder = new TextEncoder()

/** Arrow IPC file: a record batch per 65,536 rows, facts of the session as metadata of the schema, units of the fields. */
export async function* arrowFormat(table: Table, parts: AsyncIterable<TablePart>): AsyncGenerator<Uint8Array> {
  const arrow = await loadPeer('apache-arrow', 'Arrow')
  const columns = table.columns.map((column, number) => new ArrowColumn(arrow, column, number))
  // the schema stands at the end of the file: what the facts are by then counts
  const schema = new arrow.Schema(
    columns.map(({ field }) => field),
    table.facts,
  )
  const writer = new arrow.RecordBatchFileWriter()
  writer.reset(undefined, schema)
  const output = new WriterOutput(writer)
  for await (const { rowCount, columns: group } of rowGroups(table, parts)) {
    const children = columns.map((column, c) => column.data(group[c]!, rowCount))
    const data = arrow.makeData({ type: new arrow.Struct(schema.fields), length: rowCount, nullCount: 0, children })
    writer.write(new arrow.RecordBatch(schema, data))
    yield await output.taken()
  }
  writer.finish()
  yield await output.taken()
}

/** Builds Arrow's data of one column; fixed-width values stay where they are. */
class ArrowColumn {
  readonly field
  readonly #arrow: Arrow
  readonly #column: TableColumn
  readonly #type: DataType
  /** Of an `enum`: one for all batches, so that it is written once. */
  readonly #dictionary: Vector | undefined

  constructor(arrow: Arrow, column: TableColumn, number: number) {
    const { name, isRequired, unit } = column
    this.#arrow = arrow
    this.#column = column
    this.#type = typeOf(arrow, column, number)
    if (column.type === 'enum') this.#dictionary = new arrow.Vector([utf8Of(arrow, column.values ?? [])])
    this.field = new arrow.Field(
      name,
      this.#type,
      isRequired !== true,
      unit === undefined ? undefined : new Map([['unit', unit]]),
    )
  }

  data(part: ColumnPart, length: number): Data {
    const nullBitmap = part.validity
    const nullCount = nullBitmap ? absentCount(nullBitmap, length) : 0
    if (this.#column.type === 'text') return textsOf(this.#arrow, part, length, nullCount)
    const own = { type: this.#type, length, nullCount, nullBitmap, data: part.values, dictionary: this.#dictionary }
    return this.#arrow.makeData(own as never)
  }
}

function typeOf(arrow: Arrow, { type, isUtc }: TableColumn, dictionaryId: number): DataType {
  switch (type) {
    case 'instant':
      return isUtc ? new arrow.TimestampNanosecond('UTC') : new arrow.Int64()
    case 'f64':
      return new arrow.Float64()
    case 'f32':
      return new arrow.Float32()
    case 'i32':
      return new arrow.Int32()
    case 'i64':
      return new arrow.Int64()
    case 'enum':
      return new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), dictionaryId)
    case 'text':
      return new arrow.Utf8()
  }
}

/** Texts as Arrow keeps them: where each begins, and their UTF-8. */
function utf8Of(arrow: Arrow, texts: readonly string[]): Data {
  const encoded = texts.map((text) => encoder.encode(text))
  const valueOffsets = new Int32Array(texts.length + 1)
  for (const [i, { length }] of encoded.entries()) valueOffsets[i + 1] = valueOffsets[i]! + length
  return arrow.makeData({ type: new arrow.Utf8(), length: texts.length, valueOffsets, data: joined(encoded) })
}

/** The texts of a column's rows, spelled out. */
function textsOf(arrow: Arrow, part: ColumnPart, length: number, nullCount: number): Data {
  const encoded = (part.texts ?? []).map((text) => encoder.encode(text))
  const valueOffsets = new Int32Array(length + 1)
  const pieces: Uint8Array[] = []
  for (let row = 0; row < length; row++) {
    const piece = isPresent(part, row) ? encoded[Number(part.values[row])] : undefined
    if (piece) pieces.push(piece)
    valueOffsets[row + 1] = valueOffsets[row]! + (piece?.length ?? 0)
  }
  const nullBitmap = part.validity
  return arrow.makeData({ type: new arrow.Utf8(), length, nullCount, nullBitmap, valueOffsets, data: joined(pieces) })
}

function absentCount(validity: Uint8Array, length: number): number {
  let present = 0
  for (let byte of validity) for (; byte !== 0; byte &= byte - 1) present += 1
  return length - present
}

/** What a writer has written. It queues views, of arrays that are used again: they are copied when taken. */
class WriterOutput {
  readonly #pieces: AsyncIterator<Uint8Array>
  #next: Promise<IteratorResult<Uint8Array>>

  constructor(writer: RecordBatchFileWriter) {
    this.#pieces = writer[Symbol.asyncIterator]()
    this.#next = this.#pieces.next()
  }

  /** Everything queued by now, in fresh bytes. */
  async taken(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = []
    for (;;) {
      // a piece that is there is taken before the empty answer
      const result = await Promise.race([this.#next, undefined])
      if (!result || result.done) return joined(pieces)
      pieces.push(result.value)
      this.#next = this.#pieces.next()
    }
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
