import type { KymographError } from '../../errors.js'
import type { ChannelDescriptor, StreamDescriptor } from '../../read/index.js'
import { cellError } from './failure.js'
import { CELL_ABSENT } from './json-cells.js'
import { fitsInt64, isPlainInteger, numberOf } from './number-cell.js'
import type { ImportBatch, ImportColumn } from './plan.js'
import type { Row } from './rows.js'

const BATCH_FRAMES = 4096

/** Gathers the frames of one stream into batches. */
export class FrameBuffer {
  readonly #path: string
  readonly #descriptor: StreamDescriptor
  readonly #channelIndexes: number[]
  readonly #enumIndexes: (Map<string, number> | undefined)[]
  #frameCount = 0
  #timestampsNs = new BigInt64Array(0)
  #lines = new Float64Array(0)
  #columns: ImportColumn[] = []
  #present: (Uint8Array | undefined)[] = []

  constructor(path: string, descriptor: StreamDescriptor, channelIndexes: number[]) {
    this.#path = path
    this.#descriptor = descriptor
    this.#channelIndexes = channelIndexes
    this.#enumIndexes = descriptor.channels.map(({ values }) => values && new Map(values.map((value, i) => [value, i])))
    this.#begin()
  }

  /** Takes a row; returns a batch when it is full. */
  add(timestampNs: bigint, row: Row): ImportBatch | undefined {
    const frame = this.#frameCount++
    this.#timestampsNs[frame] = timestampNs
    this.#lines[frame] = row.line
    const { cells, kinds } = row
    for (let c = 0; c < this.#channelIndexes.length; c++) {
      const index = this.#channelIndexes[c]!
      const cell = cells[index]
      if (cell === undefined || (kinds ? kinds[index] === CELL_ABSENT : cell === '')) this.#setAbsent(c, frame)
      else this.#set(c, frame, cell, row.line)
    }
    return this.#frameCount === BATCH_FRAMES ? this.take() : undefined
  }

  /** Hands over what is there; undefined when that is nothing. */
  take(): ImportBatch | undefined {
    const frameCount = this.#frameCount
    if (frameCount === 0) return undefined
    const batch = {
      stream: this.#descriptor.name,
      frameCount,
      timestampsNs: this.#timestampsNs.subarray(0, frameCount),
      columns: this.#columns.map((column) =>
        Array.isArray(column) ? column.slice(0, frameCount) : column.subarray(0, frameCount),
      ),
      present: this.#present.map((flags) => flags?.subarray(0, frameCount)),
      lines: this.#lines.subarray(0, frameCount),
    }
    this.#begin()
    return batch
  }

  #begin(): void {
    this.#frameCount = 0
    this.#timestampsNs = new BigInt64Array(BATCH_FRAMES)
    this.#lines = new Float64Array(BATCH_FRAMES)
    this.#columns = this.#descriptor.channels.map(emptyColumn)
    this.#present = this.#descriptor.channels.map(() => undefined)
  }

  #setAbsent(c: number, frame: number): void {
    const flags = (this.#present[c] ??= new Uint8Array(BATCH_FRAMES).fill(1))
    flags[frame] = 0
  }

  #set(c: number, frame: number, cell: string, line: number): void {
    const column = this.#columns[c]!
    if (Array.isArray(column)) column[frame] = cell
    else if (column instanceof BigInt64Array) {
      if (!isPlainInteger(cell) || !fitsInt64(cell)) throw this.#changed(c, line, cell)
      column[frame] = BigInt(cell)
    } else {
      const values = this.#enumIndexes[c]
      const value = values ? values.get(cell) : numberOf(cell)
      if (value === undefined) throw this.#changed(c, line, cell)
      column[frame] = value
    }
  }

  #changed(c: number, line: number, value: string): KymographError {
    const { name, type, originalName = name } = this.#descriptor.channels[c]!
    const place = { path: this.#path, line, column: originalName, value }
    return cellError('import-value', place, `a value of type ${type}`, 'the file changed while it was read: try again')
  }
}

function emptyColumn({ type }: ChannelDescriptor): ImportColumn {
  if (type === 'text') return new Array<string>(BATCH_FRAMES).fill('')
  if (type === 'i64') return new BigInt64Array(BATCH_FRAMES)
  if (type === 'f64') return new Float64Array(BATCH_FRAMES)
  return type === 'f32' ? new Float32Array(BATCH_FRAMES) : new Int32Array(BATCH_FRAMES)
}
