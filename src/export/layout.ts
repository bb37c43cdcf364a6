import type { ColumnArray } from '../kernels/types.js'
import type { ChannelFrames } from '../read/index.js'
import type { ChannelDescriptor, ChannelType } from '../wire/model.js'
import type { SelectedFrames } from './stream-selection.js'
import type { ColumnPart, TableColumn, TablePart } from './table.js'

/** How the frames of a chunk become rows of a table. */
export interface Layout {
  readonly columns: TableColumn[]
  /** Rows of one chunk's frames. */
  parts(selected: readonly SelectedFrames[]): Iterable<TablePart>
}

export function timeColumn(isUtc: boolean): TableColumn {
  return { name: 'timestamp_ns', type: 'instant', isUtc, isRequired: true }
}

export function timePart(timestampsNs: BigInt64Array): ColumnPart {
  return { name: 'timestamp_ns', type: 'instant', values: timestampsNs }
}

export function channelColumn({ type, unit, values }: ChannelDescriptor, name: string): TableColumn {
  return { name, type, unit, values }
}

export function channelPart({ descriptor, values, validity, dictionary }: ChannelFrames, name: string): ColumnPart {
  const { type } = descriptor
  return { name, type, values, validity, texts: type === 'enum' ? (descriptor.values ?? []) : dictionary }
}

/** Rows in which a channel has no value. */
export function absentPart({ type, values }: ChannelDescriptor, name: string, rowCount: number): ColumnPart {
  const isText = type === 'enum' || type === 'text'
  const texts = isText ? (values ?? []) : undefined
  return { name, type, values: zeros(type, rowCount), validity: new Uint8Array((rowCount + 7) >> 3), texts }
}

/** An array for values of this type. */
export function zeros(type: ChannelType | 'instant', length: number): ColumnArray {
  if (type === 'f64') return new Float64Array(length)
  if (type === 'f32') return new Float32Array(length)
  return type === 'i64' || type === 'instant' ? new BigInt64Array(length) : new Int32Array(length)
}

/** Columns of which no two have the same name, and none a reserved one: a number behind those that came before. */
export function distinctNames(columns: TableColumn[], reserved: readonly string[] = []): TableColumn[] {
  const taken = new Set(reserved)
  return columns.map((column) => {
    let { name } = column
    for (let number = 2; taken.has(name); number++) name = `${column.name}_${number}`
    taken.add(name)
    return { ...column, name }
  })
}
