import { KymographError } from '../errors.js'
import type { Kernels } from '../kernels/types.js'
import { ChunkSequence } from '../read/chunk-sequence.js'
import type { DamageItem, ReadItem } from '../read/index.js'
import type { Chunk } from '../wire/model.js'
import { arrowFormat } from './arrow-format.js'
import type { Layout } from './layout.js'
import { LongLayout } from './long-layout.js'
import { mcapFormat } from './mcap-format.js'
import { parquetFormat } from './parquet-format.js'
import { SessionFacts } from './session-facts.js'
import { StreamLayout, TaggedLayout } from './stream-layout.js'
import { StreamSelection } from './stream-selection.js'
import type { TableFormat, TablePart } from './table.js'
import { csvFormat, ndjsonFormat } from './text-formats.js'
import { wavFormat } from './wav-format.js'
import { WideLayout } from './wide-layout.js'

const TABLE_FORMATS: Record<Exclude<ExportFormat, 'mcap' | 'wav'>, TableFormat> = {
  csv: csvFormat,
  ndjson: ndjsonFormat,
  parquet: parquetFormat,
  arrow: arrowFormat,
}

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet', 'arrow', 'mcap', 'wav'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export const EXPORT_LAYOUTS = ['stream', 'wide', 'long'] as const
/**
 * `stream`: a row per frame, a column per channel, of one stream; in NDJSON of several, each row saying which.
 * `wide`: several streams side by side, frames of one instant in one row. `long`: a row per value.
 */
export type ExportLayout = (typeof EXPORT_LAYOUTS)[number]

export interface ExportOptions {
  format: ExportFormat
  /** Default: `stream` for one stream, else `wide`. */
  layout?: ExportLayout
  /** Names of streams; default: all. */
  streams?: readonly string[]
  /** Which session, where there are several. */
  sessionId?: string
  /** `stream` (default): times of each stream's own clock; `utc`: Unix nanoseconds, through the clocks each chunk tells. */
  time?: 'stream' | 'utc'
  /** Frames there will be: WAV says so at its beginning. Default: it says that it does not know. */
  frameCount?: number
  /** Decodes with these kernels instead of the TypeScript reference. */
  kernels?: Pick<Kernels, 'decodeColumn'>
  /** Is told of damage, which is then left out; without it damage is thrown. */
  onDamage?: (damage: DamageItem) => void
}

/**
 * Exports the frames of a session as CSV, NDJSON, Parquet, Arrow IPC, MCAP or WAV, in bounded memory.
 *
 * items: of readChunks; chunks that come again are left out. Times are 64-bit nanoseconds, marked as UTC where they are
 * Unix times. Labels, journey, metadata and units stand in the file's own metadata
 * where it has some. MCAP has a channel per stream and no layouts, WAV takes one stream on a uniform grid.
 *
 * Returns the file's bytes, piece by piece, each fresh.
 *
 * @throws RangeError for a stream that is not there; KymographError `not-found` for a session that is not, `export-unfit`
 *   for what does not go into this format or layout, `peer-missing` when the library that writes the format is not installed, and the error of damage.
 *
 * Source: RFC 4180; https://parquet.apache.org; https://arrow.apache.org/docs/format/Columnar.html;
 *   https://mcap.dev/spec.
 *
 * @example
 * const pieces = []
 * for await (const piece of exportFrames(readChunks(bytes), { format: 'csv' })) pieces.push(piece)
 * const csv = await new Blob(pieces).text()
 */
export async function* exportFrames(
  items: AsyncIterable<ReadItem>,
  options: ExportOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  expectOneOf('format', options.format, EXPORT_FORMATS)
  if (options.layout !== undefined) expectOneOf('layout', options.layout, EXPORT_LAYOUTS)
  const facts = new SessionFacts()
  const chunks = chunksOf(items, options, facts)
  try {
    const { value: first } = await chunks.next()
    if (!first) throw new KymographError('export-unfit', 'there is no whole chunk to export')
    const selection = new StreamSelection(first, options)
    const all = async function* (): AsyncGenerator<Chunk> {
      yield first
      yield* chunks
    }
    const { format } = options
    if (format === 'mcap') yield* mcapFormat(selection, all(), facts.entries)
    else if (format === 'wav') yield* wavFormat(selection, all(), facts.entries, options.frameCount)
    else {
      const layout = layoutOf(selection, options)
      const table = { columns: layout.columns, facts: facts.entries }
      yield* TABLE_FORMATS[format](table, partsOf(all(), selection, layout))
    }
  } finally {
    // left before its end, or refused: what it reads from is closed all the same
    await chunks.return(undefined)
  }
}

async function* partsOf(
  chunks: AsyncIterable<Chunk>,
  selection: StreamSelection,
  layout: Layout,
): AsyncGenerator<TablePart> {
  for await (const chunk of chunks) yield* layout.parts([...selection.framesIn(chunk)])
}

/** The whole chunks of one session, each once; amendments are only taken note of. */
async function* chunksOf(
  items: AsyncIterable<ReadItem>,
  { sessionId, onDamage }: ExportOptions,
  facts: SessionFacts,
): AsyncGenerator<Chunk, undefined, undefined> {
  const sequence = new ChunkSequence()
  const others = new Set<string>()
  let exported = sessionId
  let isThere = false
  for await (const item of items) {
    if (item.kind === 'damage') {
      if (!onDamage) throw item.error
      onDamage(item)
      continue
    }
    const { chunk } = item
    if (sessionId !== undefined && chunk.sessionId !== sessionId) {
      others.add(chunk.sessionId)
      continue
    }
    isThere = true
    if (sequence.isRepeated(chunk)) continue
    sequence.next(chunk)
    exported ??= chunk.sessionId
    if (chunk.sessionId !== exported) {
      throw new KymographError(
        'export-unfit',
        `there are several sessions, ${exported} and ${chunk.sessionId}: say which one to export`,
      )
    }
    facts.add(chunk)
    if (!chunk.amendment) yield chunk
  }
  if (sessionId !== undefined && !isThere) {
    const there = [...others].join(', ') || 'none'
    throw new KymographError('not-found', `no session ${JSON.stringify(sessionId)}; there are ${there}`)
  }
  return undefined
}

function layoutOf(selection: StreamSelection, { format, layout }: ExportOptions): Layout {
  const { descriptors } = selection
  const isText = format === 'csv' || format === 'ndjson'
  const [one, ...others] = descriptors
  if (!one) throw new KymographError('export-unfit', 'the session has no streams')
  switch (layout ?? (others.length === 0 ? 'stream' : 'wide')) {
    case 'wide':
      return new WideLayout(selection)
    case 'long':
      return new LongLayout(selection, !isText)
    case 'stream':
      if (others.length === 0) return new StreamLayout(selection, one)
      if (format === 'ndjson') return new TaggedLayout(selection)
      throw new KymographError(
        'export-unfit',
        `one file takes one stream in this layout, got ${descriptors.map(({ name }) => name).join(', ')}: choose one`,
      )
  }
}

function expectOneOf(what: string, value: unknown, allowed: readonly string[]): void {
  if (typeof value !== 'string' || !allowed.includes(value)) {
    throw new RangeError(`"${what}" expected one of ${allowed.join(', ')}, got ${JSON.stringify(value)}`)
  }
}
