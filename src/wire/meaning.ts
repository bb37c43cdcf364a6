import { KymographError } from '../errors.js'
import { type ColumnPlan, planColumn } from '../kernels/reference/column-plan.js'
import {
  CHANNELS_MAX_COUNT,
  JOURNEY_ID_MAX_LENGTH,
  LABEL_MAX_LENGTH,
  LABELS_MAX_COUNT,
  METADATA_MAX_COUNT,
  NAME_MAX_LENGTH,
  STREAMS_MAX_COUNT,
} from '../limits.js'
import type { ChannelType, Chunk, StreamPiece } from './model.js'

const NAME = /^[A-Za-z][A-Za-z0-9_.-]*$/

/** Array types of coded columns (docs/format.md, columns). */
const COLUMN_TYPE: Record<ChannelType, number> = { f64: 0, f32: 1, i32: 2, i64: 3, enum: 2, text: 2 }

/**
 * Checks that what a chunk says agrees with itself: names, limits, counts against lengths.
 *
 * @throws KymographError `malformed` and what the coded columns give.
 */
export function checkMeaning(chunk: Chunk): void {
  expect(chunk.labels.length <= LABELS_MAX_COUNT, `${chunk.labels.length} labels`)
  for (const label of chunk.labels) {
    expect(label.length >= 1 && label.length <= LABEL_MAX_LENGTH, `a label of ${label.length} characters`)
  }
  const { journeyId } = chunk
  if (journeyId !== undefined) {
    expect(
      journeyId.length >= 1 && journeyId.length <= JOURNEY_ID_MAX_LENGTH,
      `a journeyId of ${journeyId.length} characters`,
    )
  }
  expect(chunk.metadata.size <= METADATA_MAX_COUNT, `${chunk.metadata.size} metadata entries`)
  expect(chunk.streams.length <= STREAMS_MAX_COUNT, `${chunk.streams.length} streams`)
  expectDistinctNames(
    'stream',
    chunk.streams.map((piece) => piece.descriptor.name),
  )
  for (const piece of chunk.streams) checkStream(piece)
}

function checkStream(piece: StreamPiece): void {
  const { descriptor, frameCount } = piece
  const where = `stream "${descriptor.name}"`
  const { channels } = descriptor
  expect(channels.length >= 1 && channels.length <= CHANNELS_MAX_COUNT, `${where}: ${channels.length} channels`)
  expectDistinctNames(
    `${where}: channel`,
    channels.map((channel) => channel.name),
  )
  for (const rate of [piece.effectiveRateHz, descriptor.rateHz ?? 0, descriptor.resampledHz ?? 0]) {
    expect(rate >= 0 && Number.isFinite(rate), `${where}: a rate of ${rate}`)
  }
  if (frameCount === 0) {
    expect(piece.time.length === 0, `${where}: times without frames`)
  } else {
    const time = planColumn(piece.time)
    expect(
      time.type === COLUMN_TYPE.i64 && time.count === frameCount,
      `${where}: ${time.count} times for ${frameCount} frames`,
    )
  }
  channels.forEach((channel, index) => {
    const { column, validity } = piece.columns[index]!
    const place = `${where}, channel "${channel.name}"`
    const present = validity ? countPresent(validity, frameCount, place) : frameCount
    if (column.length === 0) expect(present === 0, `${place}: no values for ${present} frames`)
    else expectColumn(planColumn(column), channel.type, present, place)
    if (channel.type === 'enum') expect((channel.values?.length ?? 0) > 0, `${place}: an enum without values`)
  })
}

function expectColumn(plan: ColumnPlan, type: ChannelType, present: number, place: string): void {
  expect(plan.type === COLUMN_TYPE[type], `${place}: coded as array type ${plan.type}, declared ${type}`)
  expect(plan.count === present, `${place}: ${plan.count} values for ${present} present frames`)
}

/** Set bits of a validity bitmap of the right length whose spare bits are zero. */
function countPresent(validity: Uint8Array, frameCount: number, place: string): number {
  expect(
    validity.length === (frameCount + 7) >> 3,
    `${place}: validity of ${validity.length} bytes for ${frameCount} frames`,
  )
  const spare = frameCount & 7
  if (spare) expect(validity[validity.length - 1]! >> spare === 0, `${place}: validity bits beyond the last frame`)
  let present = 0
  for (let byte of validity) for (; byte !== 0; byte &= byte - 1) present += 1
  return present
}

function expectDistinctNames(what: string, names: string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    expect(name.length <= NAME_MAX_LENGTH && NAME.test(name), `${what} name ${JSON.stringify(name.slice(0, 80))}`)
    expect(!seen.has(name), `two ${what}s named "${name}"`)
    seen.add(name)
  }
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new KymographError('malformed', `the chunk contradicts itself or its limits: ${what}`)
}
