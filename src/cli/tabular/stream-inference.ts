import { KymographError } from '../../errors.js'
import { CHANNELS_MAX_COUNT } from '../../limits.js'
import type { ChannelDescriptor, ChannelType, ClockName, StreamDescriptor } from '../../read/index.js'
import { ColumnInference } from './column-inference.js'
import { cellError, quote } from './failure.js'
import { CELL_ABSENT } from './json-cells.js'
import { NameRegistry, splitUnit, toName } from './names.js'
import type { Row } from './rows.js'

/** What `cat` calls the time: no channel may have that name as well. */
const TIME_NAME = 'timestamp_ns'

interface StreamPlace {
  path: string
  name: string
  typeValue: string
  /** Columns that are no channels: the time, the type. */
  skipped: number[]
  types: Record<string, ChannelType>
  /** Whether the columns have names of their own. */
  hasNames: boolean
}

interface Channel {
  index: number
  descriptor: Omit<ChannelDescriptor, 'type'>
  inference: ColumnInference
}

/** Finds the channels of one stream and their types. */
export class StreamInference {
  rows = 0
  readonly name: string
  readonly typeValue: string
  /** Keys of `types` that named a channel of this stream. */
  readonly usedTypes = new Set<string>()
  readonly #place: StreamPlace
  readonly #names = new NameRegistry(TIME_NAME)
  readonly #channels: Channel[] = []
  #columnCount = 0

  constructor(place: StreamPlace) {
    this.#place = place
    this.name = place.name
    this.typeValue = place.typeValue
  }

  get channelCount(): number {
    return this.#channels.length
  }

  get channelNames(): string[] {
    return this.#channels.map(({ descriptor }) => descriptor.name)
  }

  add({ line, cells, kinds }: Row, columns: readonly string[]): void {
    // rows of a stream are equally wide, except that NDJSON may bring a new key at any time
    while (this.#columnCount < cells.length) this.#addColumn(this.#columnCount++, columns)
    this.rows++
    for (const { index, inference } of this.#channels) {
      const cell = cells[index]
      if (cell === undefined) continue
      const kind = kinds?.[index]
      if (kinds ? kind !== CELL_ABSENT : cell !== '') inference.add(cell, kind, line)
    }
  }

  /** What is worth telling of the channels, for people. */
  notes(): string[] {
    return this.#channels.flatMap(({ inference }) => inference.notes())
  }

  /** The stream as found; throws when it has no channel. */
  result(clock: ClockName): { descriptor: StreamDescriptor; channelIndexes: number[] } {
    if (this.#channels.length === 0) {
      throw new KymographError(
        'import-empty',
        `${this.#place.path} has no column besides the time: there is nothing to record`,
      )
    }
    const channels = this.#channels.map(({ descriptor, inference }) => {
      const { originalName, ...plain } = descriptor
      return { ...plain, ...inference.result(this.rows), ...(originalName === undefined ? {} : { originalName }) }
    })
    return {
      descriptor: { name: this.name, clock, channels },
      channelIndexes: this.#channels.map(({ index }) => index),
    }
  }

  #addColumn(index: number, columns: readonly string[]): void {
    const { path, skipped, hasNames } = this.#place
    if (skipped.includes(index)) return
    if (this.#channels.length === CHANNELS_MAX_COUNT) {
      throw new KymographError(
        'import-value',
        `${path}: expected at most ${CHANNELS_MAX_COUNT} channels besides the time in stream ${quote(this.name)}, got more; leave columns out`,
      )
    }
    const header = columns[index] ?? `c${index + 1}`
    const { quantity, unit } = splitUnit(header)
    const wanted = toName(quantity)
    const name = this.#names.claim(wanted === '' ? `c${index + 1}` : wanted)
    const isRenamed = hasNames && name !== header
    const descriptor = { name, ...(unit === undefined ? {} : { unit }), ...(isRenamed ? { originalName: header } : {}) }
    const inference = new ColumnInference(name, this.#forcedType(header, name), (line, value, expected, remedy) =>
      cellError('import-value', { path, line, column: header, value }, expected, remedy),
    )
    this.#channels.push({ index, descriptor, inference })
  }

  #forcedType(header: string, name: string): ChannelType | undefined {
    const types = new Map(Object.entries(this.#place.types))
    for (const key of [`${this.name}.${name}`, name, header]) {
      const type = types.get(key)
      if (type === undefined) continue
      this.usedTypes.add(key)
      return type
    }
    return undefined
  }
}
