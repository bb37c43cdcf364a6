import { KymographError } from '../errors.js'
import type { ColumnArray } from '../kernels/types.js'
import type { ChannelType } from '../wire/model.js'
import { channelPart, type Layout, timeColumn, timePart, zeros } from './layout.js'
import type { SelectedFrames, StreamSelection } from './stream-selection.js'
import { type ColumnPart, isPresent, type TableColumn, type TablePart } from './table.js'

/** The column a value stands in, where a column has one type. */
const COLUMN_OF: Record<ChannelType, 'value' | 'integer' | 'text'> = {
  f64: 'value',
  f32: 'value',
  i32: 'value',
  i64: 'integer',
  enum: 'text',
  text: 'text',
}
const VALUE_TYPE = { value: 'f64', integer: 'i64', text: 'text' } as const

/**
 * One row per value that is there: `timestamp_ns`, `stream`, `channel`, and the value. In texts that is one column; where
 * columns have types, numbers stand in `value` (64-bit floats), 64-bit integers in `integer`, enum and text in `text`,
 * and only the columns some channel needs are there.
 *
 * @throws KymographError `export-unfit` when the streams are on different clocks and columns have types.
 */
export class LongLayout implements Layout {
  readonly columns: TableColumn[]
  readonly #isTyped: boolean
  readonly #streamNames: string[]
  readonly #channelNames: string[]

  constructor(selection: StreamSelection, isTyped: boolean) {
    const { descriptors } = selection
    const isUtc = new Set(descriptors.map((descriptor) => selection.isUtc(descriptor)))
    if (isTyped && isUtc.size > 1) {
      const message =
        'some of the streams are on the unix clock and some are not; choose streams, UTC times or another layout'
      throw new KymographError('export-unfit', message)
    }
    this.#isTyped = isTyped
    this.#streamNames = descriptors.map(({ name }) => name)
    const channels = descriptors.flatMap(({ channels }) => channels)
    this.#channelNames = [...new Set(channels.map(({ name }) => name))]
    const needed = new Set(isTyped ? channels.map(({ type }) => COLUMN_OF[type]) : (['value'] as const))
    this.columns = [
      timeColumn(isUtc.has(true)),
      { name: 'stream', type: 'enum', values: this.#streamNames, isRequired: true },
      { name: 'channel', type: 'enum', values: this.#channelNames, isRequired: true },
      ...(['value', 'integer', 'text'] as const)
        .filter((name) => needed.has(name))
        .map((name) => ({ name, type: VALUE_TYPE[name] })),
    ]
  }

  *parts(selected: readonly SelectedFrames[]): Generator<TablePart> {
    for (const { descriptor, frames } of selected) {
      for (const channel of frames.channels) {
        const value = channelPart(channel, 'value')
        const frameNumbers = Uint32Array.from(frames.timestampsNs.keys())
        const rows = value.validity && frameNumbers.filter((frame) => isPresent(value, frame))
        const timestampsNs = picked(frames.timestampsNs, rows) as BigInt64Array
        const rowCount = timestampsNs.length
        if (rowCount === 0) continue
        const named = (name: string, texts: string[], text: string): ColumnPart => {
          return { name, type: 'enum', values: new Int32Array(rowCount).fill(texts.indexOf(text)), texts }
        }
        yield {
          rowCount,
          columns: [
            timePart(timestampsNs),
            named('stream', this.#streamNames, descriptor.name),
            named('channel', this.#channelNames, channel.descriptor.name),
            ...this.#values({ ...value, values: picked(value.values, rows), validity: undefined }, rowCount),
          ],
        }
      }
    }
  }

  #values(value: ColumnPart, rowCount: number): ColumnPart[] {
    if (!this.#isTyped) return [value]
    const own = COLUMN_OF[value.type as ChannelType]
    return this.columns.slice(3).map(({ name, type }) => {
      if (name !== own) {
        const validity = new Uint8Array((rowCount + 7) >> 3)
        return { name, type, values: zeros(type, rowCount), validity, texts: name === 'text' ? [] : undefined }
      }
      const values = own === 'value' ? Float64Array.from(value.values as Float64Array) : value.values
      return { ...value, name, type, values }
    })
  }
}

/** Values of these rows; all without rows. */
function picked(values: ColumnArray, rows: Uint32Array | undefined): ColumnArray {
  if (!rows) return values
  const wordsPerValue = values.BYTES_PER_ELEMENT / 4
  const source = new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4)
  const target = new Int32Array(rows.length * wordsPerValue)
  for (let row = 0, at = 0; row < rows.length; row++) {
    for (let word = 0; word < wordsPerValue; word++) target[at++] = source[rows[row]! * wordsPerValue + word]!
  }
  return new (values.constructor as new (buffer: ArrayBuffer) => ColumnArray)(target.buffer)
}
