import { KymographError } from '../errors.js'
import type { ColumnArray } from '../kernels/types.js'
import type { StreamDescriptor } from '../wire/model.js'
import { absentPart, channelColumn, channelPart, distinctNames, type Layout, timeColumn, timePart } from './layout.js'
import type { SelectedFrames, StreamSelection } from './stream-selection.js'
import { type ColumnPart, isPresent, type TableColumn, type TablePart } from './table.js'

/**
 * Several streams side by side: one row per instant, a column per channel named `stream.channel`. Frames of one instant
 * share a row where a chunk holds them together; a stream's frames of the same time stay rows of their own.
 *
 * @throws KymographError `export-unfit` when the streams are on different clocks.
 */
export class WideLayout implements Layout {
  readonly columns: TableColumn[]
  readonly #streams: readonly StreamDescriptor[]

  constructor(selection: StreamSelection) {
    const { descriptors } = selection
    this.#streams = descriptors
    const clocks = new Set(descriptors.map((descriptor) => (selection.isUtc(descriptor) ? 'unix' : descriptor.clock)))
    if (clocks.size > 1) {
      throw new KymographError(
        'export-unfit',
        `the streams are on different clocks (${[...clocks].join(', ')}), which share no rows; choose one stream, UTC times, or another layout`,
      )
    }
    const time = timeColumn(clocks.has('unix'))
    const channels = descriptors.flatMap(({ name, channels }) =>
      channels.map((channel) => channelColumn(channel, `${name}.${channel.name}`)),
    )
    this.columns = distinctNames([time, ...channels])
  }

  *parts(selected: readonly SelectedFrames[]): Generator<TablePart> {
    const { timestampsNs, rows } = joinTimes(selected.map(({ frames }) => frames.timestampsNs))
    const byName = new Map(selected.map(({ descriptor, frames }, s) => [descriptor.name, { frames, rows: rows[s]! }]))
    const rowCount = timestampsNs.length
    const columns = [timePart(timestampsNs)]
    for (const { name, channels } of this.#streams) {
      const found = byName.get(name)
      channels.forEach((channel, c) => {
        const column = this.columns[columns.length]!.name
        columns.push(
          found
            ? spreadPart(channelPart(found.frames.channels[c]!, column), found.rows, rowCount)
            : absentPart(channel, column, rowCount),
        )
      })
    }
    yield { rowCount, columns }
  }
}

/** Times of several streams in one order, each stream's own kept; and for each of their frames its row. */
function joinTimes(streams: readonly BigInt64Array[]): { timestampsNs: BigInt64Array; rows: Uint32Array[] } {
  const rows = streams.map((times) => new Uint32Array(times.length))
  const next = streams.map(() => 0)
  const timestampsNs = new BigInt64Array(streams.reduce((sum, times) => sum + times.length, 0))
  let row = 0
  for (; ; row++) {
    let earliest: bigint | undefined
    for (let s = 0; s < streams.length; s++) {
      if (next[s]! >= streams[s]!.length) continue
      const time = streams[s]![next[s]!]!
      if (earliest === undefined || time < earliest) earliest = time
    }
    if (earliest === undefined) break
    timestampsNs[row] = earliest
    for (let s = 0; s < streams.length; s++) {
      if (next[s]! < streams[s]!.length && streams[s]![next[s]!] === earliest) rows[s]![next[s]!++] = row
    }
  }
  return { timestampsNs: timestampsNs.slice(0, row), rows }
}

/** A column's values at other rows; absent in all the rest. */
function spreadPart(part: ColumnPart, rows: Uint32Array, rowCount: number): ColumnPart {
  if (rows.length === rowCount) return part
  const values = new (part.values.constructor as new (length: number) => ColumnArray)(rowCount)
  const validity = new Uint8Array((rowCount + 7) >> 3)
  moveValues(part.values, values, rows)
  for (let i = 0; i < rows.length; i++) {
    if (isPresent(part, i)) validity[rows[i]! >> 3]! |= 1 << (rows[i]! & 7)
  }
  return { ...part, values, validity }
}

/** Values to their rows, as bit patterns. */
function moveValues(from: ColumnArray, to: ColumnArray, rows: Uint32Array): void {
  const wordsPerValue = from.BYTES_PER_ELEMENT / 4
  const source = new Int32Array(from.buffer, from.byteOffset, from.byteLength / 4)
  const target = new Int32Array(to.buffer)
  for (let i = 0, at = 0; i < rows.length; i++) {
    for (let word = 0; word < wordsPerValue; word++) target[rows[i]! * wordsPerValue + word] = source[at++]!
  }
}
