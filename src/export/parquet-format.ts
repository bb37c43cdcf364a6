import type { ColumnSource, SchemaElement } from 'hyparquet-writer'
import { loadPeer } from './peers.js'
import { rowGroups } from './row-groups.js'
import { type ColumnPart, type ColumnType, isPresent, type Table, type TableColumn, type TablePart } from './table.js'

const PHYSICAL: Record<ColumnType, SchemaElement['type']> = {
  instant: 'INT64',
  f64: 'DOUBLE',
  f32: 'FLOAT',
  i32: 'INT32',
  i64: 'INT64',
  enum: 'BYTE_ARRAY',
  text: 'BYTE_ARRAY',
}

/** Apache Parquet: a row group per 65,536 rows, Snappy, facts of the session as key-value metadata. */
export async function* parquetFormat(table: Table, parts: AsyncIterable<TablePart>): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await loadPeer('hyparquet-writer', 'Parquet')
  const bytes = new ByteWriter()
  const kvMetadata: { key: string; value: string }[] = []
  const schema = [{ name: 'frames', num_children: table.columns.length }, ...table.columns.map(elementOf)]
  const writer = new ParquetWriter({ writer: bytes, schema, kvMetadata, createdBy: 'kymograph' })
  const taken = () => {
    const piece = bytes.getBytes().slice()
    bytes.index = 0
    return piece
  }
  for await (const group of rowGroups(table, parts)) {
    const columnData = group.columns.map((part, c) => sourceOf(part, table.columns[c]!, group.rowCount))
    await writer.write({ columnData, rowGroupSize: group.rowCount })
    yield taken()
  }
  for (const [key, value] of table.facts) kvMetadata.push({ key, value })
  for (const { name, unit } of table.columns) {
    if (unit !== undefined) kvMetadata.push({ key: `kymograph.unit.${name}`, value: unit })
  }
  await writer.finish()
  yield taken()
}

function elementOf({ name, type, isRequired, isUtc }: TableColumn): SchemaElement {
  const element: SchemaElement = {
    name,
    type: PHYSICAL[type],
    repetition_type: isRequired ? 'REQUIRED' : 'OPTIONAL',
  }
  if (type === 'enum' || type === 'text') element.converted_type = 'UTF8'
  if (isUtc) element.logical_type = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'NANOS' }
  return element
}

/** Dictionaries of floats would make one of 0 and −0; times are coded by their differences. */
function sourceOf(part: ColumnPart, { name, type }: TableColumn, rowCount: number): ColumnSource {
  const encoding = type === 'instant' ? 'DELTA_BINARY_PACKED' : type === 'f64' || type === 'f32' ? 'PLAIN' : undefined
  return { name, data: cellsOf(part, rowCount), encoding, offsetIndex: false }
}

function cellsOf(part: ColumnPart, rowCount: number): ColumnSource['data'] {
  const { values, texts, validity } = part
  if (!texts && !validity) return values
  return Array.from({ length: rowCount }, (_, row) => {
    if (!isPresent(part, row)) return null
    return texts ? texts[Number(values[row])] : values[row]
  })
}
