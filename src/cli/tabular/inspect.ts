import { KymographError } from '../../errors.js'
import { CHANNELS_MAX_COUNT } from '../../limits.js'
import { readBeginning, type Sample } from './beginning.js'
import { quote } from './failure.js'
import { findTypeColumn, raggedRow, type TypeColumn } from './interleaving.js'
import { isName, NameRegistry, streamNameOf, toName } from './names.js'
import type { ImportOptions, ImportPlan } from './plan.js'
import { readRows } from './rows.js'
import { StreamInference } from './stream-inference.js'
import { fileVersion } from './text-source.js'
import { findTimeColumn, type TimeColumn } from './time-column.js'
import { isUnixTime } from './time-reader.js'
import { TimeTally } from './time-tally.js'

/** The time and 64 channels: more columns than that no NDJSON file may have. */
export const JSON_COLUMNS_MAX = CHANNELS_MAX_COUNT + 1

/**
 * Reads a CSV, TSV or NDJSON file once, whole, and finds out its streams, their clock and the type of each channel.
 *
 * @throws KymographError `import-unreadable`, `import-empty`, `import-ragged`, `import-value`, `import-time`;
 * RangeError for an unknown option value.
 */
export async function inspectFile(path: string, options: ImportOptions = {}): Promise<ImportPlan> {
  if (options.streamName !== undefined && !isName(options.streamName)) {
    throw new RangeError(
      `"streamName" expected 1–64 characters of A–Z a–z 0–9 _ . - beginning with a letter, got ${quote(options.streamName)}`,
    )
  }
  const sample = await readBeginning(path, options.header, JSON_COLUMNS_MAX)
  const time = findTimeColumn(
    { path, hasNames: hasNames(sample), columns: columnNames(sample), rows: cellsOf(sample) },
    options,
  )
  try {
    return await new Inspection(sample, options, time).run()
  } catch (error) {
    if (!(error instanceof KymographError) || error.code !== 'import-ragged') throw error
    const type = await findTypeColumn(sample.syntax, sample.header?.cells.length, options.onProgress)
    if (!type || type.index === time.index) throw error
    return new Inspection(sample, options, time, type).run()
  }
}

class Inspection {
  readonly #sample: Sample
  #version = ''
  readonly #options: ImportOptions
  readonly #time: TimeColumn
  readonly #type: TypeColumn | undefined
  readonly #streams = new Map<string, StreamInference>()
  readonly #names = new NameRegistry()
  readonly #tally: TimeTally
  #columns: string[]
  #commentCount = 0
  #firstCommentLine = 0

  constructor(sample: Sample, options: ImportOptions, time: TimeColumn, type?: TypeColumn) {
    this.#sample = sample
    this.#options = options
    this.#time = time
    this.#type = type
    this.#columns = columnNames(sample)
    this.#tally = new TimeTally(sample.syntax.path, this.#columns[time.index]!, time)
  }

  async run(): Promise<ImportPlan> {
    this.#version = await fileVersion(this.#sample.syntax.path)
    const { syntax, header } = this.#sample
    const jsonColumns = new Map(this.#sample.columns)
    let isHeader = header !== undefined
    const width = (header ?? this.#sample.rows[0]!).cells.length
    const widthAs = header ? 'as in the header row' : `as in line ${this.#sample.rows[0]!.line}`
    const onComment = (line: number) => {
      if (this.#commentCount++ === 0) this.#firstCommentLine = line
    }
    for await (const rows of readRows(syntax, jsonColumns, JSON_COLUMNS_MAX, this.#options.onProgress, onComment)) {
      if (jsonColumns.size > this.#columns.length && syntax.format === 'ndjson') this.#columns = [...jsonColumns.keys()]
      for (const row of rows) {
        if (isHeader) {
          isHeader = false
          continue
        }
        if (!this.#type && !row.kinds && row.cells.length !== width) {
          throw raggedRow(syntax.path, row.line, width, widthAs, row.cells.length)
        }
        this.#tally.add(row)
        this.#streamOf(row.cells).add(row, this.#columns)
      }
    }
    return this.#plan()
  }

  #streamOf(cells: readonly string[]): StreamInference {
    const typeValue = this.#type ? cells[this.#type.index]! : ''
    let stream = this.#streams.get(typeValue)
    if (!stream) {
      const { streamName, types = {} } = this.#options
      const { path } = this.#sample.syntax
      const base = this.#type ? toName(typeValue) : (streamName ?? streamNameOf(path))
      const name = this.#names.claim(this.#type && streamName !== undefined ? toName(`${streamName}.${base}`) : base)
      const skipped = [this.#time.index, ...(this.#type ? [this.#type.index] : [])]
      stream = new StreamInference({ path, name, typeValue, skipped, types, hasNames: hasNames(this.#sample) })
      this.#streams.set(typeValue, stream)
    }
    return stream
  }

  #plan(): ImportPlan {
    const { syntax, header } = this.#sample
    const { minNs, maxNs, firstNs } = this.#tally
    const clock = isUnixTime(minNs, maxNs) ? 'unix' : 'relative'
    const notes = this.#tally.notes()
    if (this.#type) {
      notes.push(
        `column ${quote(this.#columns[this.#type.index]!)} tells ${this.#streams.size} interleaved streams apart`,
      )
    }
    const whole = [...this.#streams.values()].filter((stream) => {
      if (!this.#type || stream.channelCount > 0) return true
      notes.push(`rows of ${quote(stream.name)} hold nothing besides the time and were left out: ${stream.rows}`)
      return false
    })
    notes.push(...whole.flatMap((stream) => stream.notes()))
    if (this.#commentCount > 0) {
      const were = this.#commentCount === 1 ? 'comment line' : 'comment lines'
      notes.push(`${this.#commentCount} ${were} among the rows skipped, from line ${this.#firstCommentLine}`)
    }
    this.#refuseUnknownTypes(whole)
    const results = whole.map((stream) => stream.result(clock))
    return {
      ...syntax,
      header: header !== undefined,
      rows: whole.reduce((sum, { rows }) => sum + rows, 0),
      streams: results.map(({ descriptor }, index) => ({ descriptor, rows: whole[index]!.rows })),
      notes,
      ...(clock === 'unix' ? { startedAtNs: firstNs } : {}),
      source: {
        version: this.#version,
        columns: this.#columns,
        timeIndex: this.#time.index,
        timeUnit: this.#time.unit,
        ...(this.#type ? { typeIndex: this.#type.index } : {}),
        streams: results.map(({ channelIndexes }, index) => ({ typeValue: whole[index]!.typeValue, channelIndexes })),
      },
    }
  }

  #refuseUnknownTypes(streams: readonly StreamInference[]): void {
    for (const wanted of Object.keys(this.#options.types ?? {})) {
      if (streams.some((stream) => stream.usedTypes.has(wanted))) continue
      const known = streams.flatMap((stream) => stream.channelNames).slice(0, 40)
      throw new RangeError(`"types" names no channel ${quote(wanted)}; there are ${known.join(', ')}`)
    }
  }
}

function hasNames(sample: Sample): boolean {
  return sample.header !== undefined || sample.syntax.format === 'ndjson'
}

/** Names as in the file; where there are none, `c` and the number of the column. */
function columnNames({ syntax, header, rows, columns }: Sample): string[] {
  if (syntax.format === 'ndjson') return [...columns.keys()]
  const width = Math.max(header?.cells.length ?? 0, ...rows.map(({ cells }) => cells.length))
  return Array.from({ length: width }, (_, index) => header?.cells[index] || `c${index + 1}`)
}

function cellsOf(sample: Sample): string[][] {
  return sample.rows.map(({ cells }) => cells)
}
