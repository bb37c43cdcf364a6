import { KymographError } from '../errors.js'
import { decodeColumn } from '../kernels/reference/column.js'
import { planColumn } from '../kernels/reference/column-plan.js'
import {
  CHANNELS_MAX_COUNT,
  DECODED_MAX_BYTES,
  JOURNEY_ID_MAX_LENGTH,
  LABEL_MAX_LENGTH,
  LABELS_MAX_COUNT,
  METADATA_MAX_COUNT,
  NAME_MAX_LENGTH,
  STREAMS_MAX_COUNT,
} from '../limits.js'
import type * as fb from './generated/kymograph/wire.js'
import { checkIndices, textsOfChannel } from './indices.js'
import type { ChannelDescriptor, ChannelType, Chunk, ColumnPiece, StreamPiece } from './model.js'

const NAME = /^[A-Za-z][A-Za-z0-9_.-]*$/

/** Array types of coded columns (docs/format.md, columns). */
const COLUMN_TYPE: Record<ChannelType, number> = { f64: 0, f32: 1, i32: 2, i64: 3, enum: 2, text: 2 }
const VALUE_BYTES: Record<ChannelType, number> = { f64: 8, f32: 4, i32: 4, i64: 8, enum: 4, text: 4 }

/**
 * Checks that what a chunk says agrees with itself: names, limits, counts against lengths.
 *
 * root, bytes: what the chunk was decoded from; its columns are views on `bytes`.
 *
 * @throws KymographError `malformed`, `truncated`, `too-large` with the offset in `bytes`.
 */
export function checkMeaning(chunk: Chunk, root: fb.Chunk, bytes: Uint8Array): void {
  const offset = root.bb_pos
  expect(chunk.labels.length <= LABELS_MAX_COUNT, `${chunk.labels.length} labels`, offset)
  for (const { length } of chunk.labels) {
    expect(length >= 1 && length <= LABEL_MAX_LENGTH, `a label of ${length} characters`, offset)
  }
  const length = chunk.journeyId?.length ?? 1
  expect(length >= 1 && length <= JOURNEY_ID_MAX_LENGTH, `a journeyId of ${length} characters`, offset)
  expect(chunk.metadata.size <= METADATA_MAX_COUNT, `${chunk.metadata.size} metadata entries`, offset)
  expect(chunk.streams.length <= STREAMS_MAX_COUNT, `${chunk.streams.length} streams`, offset)
  expectDistinctNames('stream', chunk.streams, ({ descriptor }) => descriptor.name, offset)
  expectDecodedSize(chunk.streams, offset)
  chunk.streams.forEach((piece, index) => {
    checkStream(piece, root.streams(index)!, bytes)
  })
}

function checkStream(piece: StreamPiece, stream: fb.Stream, bytes: Uint8Array): void {
  const { descriptor, frameCount, time } = piece
  const { channels } = descriptor
  const offset = stream.bb_pos
  const where = `stream "${descriptor.name}"`
  expect(channels.length >= 1 && channels.length <= CHANNELS_MAX_COUNT, `${where}: ${channels.length} channels`, offset)
  expectDistinctNames(`${where}: channel`, channels, ({ name }) => name, offset)
  for (const rate of [piece.effectiveRateHz, descriptor.rateHz ?? 0, descriptor.resampledHz ?? 0]) {
    expect(rate >= 0 && Number.isFinite(rate), `${where}: a rate of ${rate}`, offset)
  }
  if (frameCount === 0) expect(time.length === 0, `${where}: times without frames`, offset)
  else expectColumn(time, 'i64', frameCount, `${where}: times`, bytes)
  channels.forEach((channel, index) => {
    const place = `${where}, channel "${channel.name}"`
    checkChannel(channel, piece.columns[index]!, frameCount, place, stream.channels(index)!.bb_pos, bytes)
  })
}

function checkChannel(
  channel: ChannelDescriptor,
  piece: ColumnPiece,
  frameCount: number,
  place: string,
  offset: number,
  bytes: Uint8Array,
): void {
  const { column, validity } = piece
  const { type, precision = 0 } = channel
  expect(precision >= 0 && Number.isFinite(precision), `${place}: a precision of ${precision}`, offset)
  if (type === 'enum') expect((channel.values?.length ?? 0) > 0, `${place}: an enum without values`, offset)
  const present = validity ? countPresent(validity, frameCount, place, offset) : frameCount
  if (column.length === 0) {
    expect(present === 0, `${place}: no values for ${present} frames`, offset)
    return
  }
  expectColumn(column, type, present, place, bytes)
  const texts = textsOfChannel(channel, piece)
  if (texts) within(column, bytes, () => checkIndices(channel.name, decodeColumn(column), texts))
}

function expectColumn(column: Uint8Array, type: ChannelType, count: number, place: string, bytes: Uint8Array): void {
  const offset = column.byteOffset - bytes.byteOffset
  const plan = within(column, bytes, () => planColumn(column))
  expect(plan.type === COLUMN_TYPE[type], `${place}: coded as array type ${plan.type}, declared ${type}`, offset)
  expect(plan.count === count, `${place}: ${plan.count} values for ${count} present frames`, offset)
}

/** Runs what speaks of offsets in a column, and makes them offsets in the chunk. */
function within<T>(column: Uint8Array, bytes: Uint8Array, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof KymographError)) throw cause
    const offset = column.byteOffset - bytes.byteOffset + (cause.offset ?? 0)
    throw new KymographError(cause.code, cause.message, { cause, offset })
  }
}

/** Set bits of a validity bitmap of the right length whose spare bits are zero. */
function countPresent(validity: Uint8Array, frameCount: number, place: string, offset: number): number {
  const sized = validity.length === Math.ceil(frameCount / 8)
  expect(sized, `${place}: validity of ${validity.length} bytes for ${frameCount} frames`, offset)
  const spare = frameCount & 7
  if (spare) expect(validity.at(-1)! >> spare === 0, `${place}: validity bits beyond the last frame`, offset)
  let present = 0
  for (let byte of validity) for (; byte !== 0; byte &= byte - 1) present += 1
  return present
}

function expectDecodedSize(streams: StreamPiece[], offset: number): void {
  let decoded = 0
  for (const { descriptor, frameCount } of streams) {
    decoded += frameCount * descriptor.channels.reduce((sum, { type }) => sum + VALUE_BYTES[type], VALUE_BYTES.i64)
  }
  if (decoded > DECODED_MAX_BYTES) {
    const message = `the chunk's frames take ${decoded} bytes decoded, the limit is ${DECODED_MAX_BYTES}`
    throw new KymographError('too-large', message, { offset })
  }
}

function expectDistinctNames<T>(what: string, items: T[], nameOf: (item: T) => string, offset: number): void {
  const seen = new Set<string>()
  for (const name of items.map(nameOf)) {
    const shown = JSON.stringify(name.slice(0, 80))
    expect(name.length <= NAME_MAX_LENGTH && NAME.test(name), `${what} name ${shown}`, offset)
    expect(!seen.has(name), `two ${what}s named ${shown}`, offset)
    seen.add(name)
  }
}

function expect(condition: boolean, what: string, offset: number): void {
  if (!condition) {
    throw new KymographError('malformed', `the chunk contradicts itself or its limits: ${what}`, { offset })
  }
}
