import { KymographError } from '../../errors.js'
import { FrameBuffer } from './frame-buffer.js'
import { JSON_COLUMNS_MAX } from './inspect.js'
import type { ImportBatch, ImportPlan } from './plan.js'
import { readRows } from './rows.js'
import { fileVersion } from './text-source.js'
import { TimeReader } from './time-reader.js'
import { timeError } from './time-tally.js'

/**
 * Reads the file a second time and hands out its frames, in file order within a stream, in batches of up to 4096.
 *
 * @throws KymographError like `inspectFile`, and `import-unreadable` when the file is not what it was.
 */
export async function* readFrames(
  plan: ImportPlan,
  options: { onProgress?(bytesRead: number, bytesTotal: number): void } = {},
): AsyncGenerator<ImportBatch, void, undefined> {
  const { path, source, streams } = plan
  const { timeIndex, typeIndex } = source
  const reader = new TimeReader(source.timeUnit)
  const buffers = new Map(
    source.streams.map(({ typeValue, channelIndexes }, index) => {
      const { descriptor } = streams[index]!
      return [typeValue, new FrameBuffer(path, descriptor, channelIndexes)]
    }),
  )
  const columns = plan.format === 'ndjson' ? new Map(source.columns.map((name, index) => [name, index])) : new Map()
  let isHeader = plan.header
  let rowsRead = 0
  for await (const rows of readRows(plan, columns, JSON_COLUMNS_MAX, options.onProgress)) {
    for (const row of rows) {
      if (isHeader) {
        isHeader = false
        continue
      }
      const buffer = buffers.get(typeIndex === undefined ? '' : (row.cells[typeIndex] ?? ''))
      if (!buffer) continue
      const cell = row.cells[timeIndex] ?? ''
      const timestampNs = reader.read(cell)
      if (timestampNs === undefined) throw timeError(path, row.line, source.columns[timeIndex]!, cell, source.timeUnit)
      rowsRead++
      const batch = buffer.add(timestampNs, row)
      if (batch) yield batch
    }
  }
  if (rowsRead !== plan.rows || (await fileVersion(path)) !== source.version) {
    throw new KymographError(
      'import-unreadable',
      `${path} changed while it was read; record it when nobody writes to it`,
    )
  }
  for (const buffer of buffers.values()) {
    const batch = buffer.take()
    if (batch) yield batch
  }
}
