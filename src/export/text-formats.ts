import { csvHeader, csvRows, ndjsonRows } from './row-text.js'
import type { Table, TablePart } from './table.js'

const encoder = new TextEncoder()

/** Comma-separated values as in RFC 4180, lines ended by a line feed, with a header. */
export async function* csvFormat(table: Table, parts: AsyncIterable<TablePart>): AsyncGenerator<Uint8Array> {
  yield encoder.encode(csvHeader(table.columns.map(({ name }) => name)))
  for await (const part of parts) for (const text of csvRows(part)) yield encoder.encode(text)
}

/** One JSON object per row. */
export async function* ndjsonFormat(_table: Table, parts: AsyncIterable<TablePart>): AsyncGenerator<Uint8Array> {
  for await (const part of parts) for (const text of ndjsonRows(part)) yield encoder.encode(text)
}
