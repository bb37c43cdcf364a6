import { Builder, type Offset } from 'flatbuffers'
import { KymographError } from '../errors.js'
import { CHUNK_MAX_BYTES } from '../limits.js'
import * as fb from './generated/kymograph/wire.js'
import {
  type ChannelDescriptor,
  type Chunk,
  type ColumnPiece,
  LOSS_REASONS,
  type LossReason,
  type Mark,
  type StreamPiece,
} from './model.js'
import { CHANNEL_KINDS, CHANNEL_TYPES, CLOCK_NAMES, RESAMPLE_METHODS, RESAMPLE_QUALITIES } from './names.js'
import { parseSessionId } from './session-id.js'
import { encodeText, packTexts } from './text.js'

export const FORMAT_VERSION = 1

const INITIAL_BYTES = 16_384
const UINT32_MAX = 0xffffffff

/** Used again for each chunk, so that its buffer is not grown anew each time. */
let spareBuilder: Builder | undefined

/**
 * Encodes a chunk as FlatBuffer (chunk.fbs).
 *
 * chunk: borrowed until return. Returns fresh bytes.
 *
 * @throws KymographError `too-large` above CHUNK_MAX_BYTES, `ill-formed-text` for text with a lone surrogate;
 *   RangeError for numbers the format cannot hold and for counts that contradict each other.
 *
 * Source: docs/format.md, chunk.
 */
export function encodeChunk(chunk: Chunk): Uint8Array {
  expectUint32('epoch', chunk.epoch)
  expectUint32('seq', chunk.seq)
  expectUint32('labelsRevision', chunk.labelsRevision)
  const builder = spareBuilder ?? new Builder(INITIAL_BYTES)
  // taken away while in use: one that threw half-way is not used again
  spareBuilder = undefined
  const bytes = buildChunk(builder, chunk)
  if (bytes.length > CHUNK_MAX_BYTES) {
    throw new KymographError(
      'too-large',
      `a chunk of ${bytes.length} bytes, the limit is ${CHUNK_MAX_BYTES}; seal sooner`,
    )
  }
  builder.clear()
  spareBuilder = builder
  return bytes
}

/** Within each table the widest fields are added first: alignment then costs least. */
function buildChunk(builder: Builder, chunk: Chunk): Uint8Array {
  const streams = vectorOf(builder, chunk.streams, (piece) => streamOf(builder, piece))
  const marks = vectorOf(builder, chunk.marks, (mark) => markOf(builder, mark))
  const metadata = packedOf(builder, [...chunk.metadata].flat())
  const labels = packedOf(builder, chunk.labels)
  const journeyId = chunk.journeyId === undefined ? 0 : stringOf(builder, chunk.journeyId)
  const clock = chunk.clocks.at(-1)
  const earlierClocks = structsOf(builder, chunk.clocks.slice(0, -1), 16, ({ monotonicNs, wallNs }) =>
    fb.ClockSnapshot.createClockSnapshot(builder, monotonicNs, wallNs),
  )
  const endedLessClockNs = BigInt.asIntN(64, chunk.endedAtNs - (clock?.wallNs ?? chunk.startedAtNs))
  fb.Chunk.startChunk(builder)
  // structs are written into the table, each right before its field
  if (clock) fb.Chunk.addClock(builder, fb.ClockSnapshot.createClockSnapshot(builder, clock.monotonicNs, clock.wallNs))
  fb.Chunk.addSessionId(builder, fb.SessionId.createSessionId(builder, [...parseSessionId(chunk.sessionId)]))
  fb.Chunk.addStartedAtNs(builder, chunk.startedAtNs)
  fb.Chunk.addEndedLessClockNs(builder, endedLessClockNs)
  fb.Chunk.addTailNs(builder, chunk.tailNs ?? 0n)
  fb.Chunk.addSeq(builder, chunk.seq)
  fb.Chunk.addEpoch(builder, chunk.epoch)
  fb.Chunk.addLabelsRevision(builder, chunk.labelsRevision)
  if (journeyId) fb.Chunk.addJourneyId(builder, journeyId)
  if (labels) fb.Chunk.addLabels(builder, labels)
  if (metadata) fb.Chunk.addMetadata(builder, metadata)
  if (earlierClocks) fb.Chunk.addEarlierClocks(builder, earlierClocks)
  if (streams) fb.Chunk.addStreams(builder, streams)
  if (marks) fb.Chunk.addMarks(builder, marks)
  fb.Chunk.addFormatVersion(builder, FORMAT_VERSION)
  fb.Chunk.addFinal(builder, chunk.final)
  fb.Chunk.addAmendment(builder, chunk.amendment)
  builder.finish(fb.Chunk.endChunk(builder), 'KYMO')
  return builder.asUint8Array().slice()
}

function streamOf(builder: Builder, piece: StreamPiece): Offset {
  const { descriptor, counts } = piece
  const streamUnit = descriptor.channels[0]?.unit
  const unit =
    streamUnit !== undefined && descriptor.channels.every((channel) => channel.unit === streamUnit)
      ? streamUnit
      : undefined
  const channels = vectorOf(builder, descriptor.channels, (channel, i) =>
    channelOf(builder, channel, piece.columns[i]!, unit),
  )
  const channelsOffset = channels || emptyVector(builder)
  const unitOffset = unit === undefined ? 0 : stringOf(builder, unit)
  const name = stringOf(builder, descriptor.name)
  const time = piece.frameCount > 0 ? builder.createByteVector(piece.time) : 0
  const gaps = structsOf(builder, piece.gaps, 16, (gap) => fb.Gap.createGap(builder, gap.startNs, gap.endNs))
  const losses = Object.entries(counts.lost).filter(([, frames]) => frames > 0) as [LossReason, number][]
  const lost = structsOf(builder, losses, 16, ([reason, frames]) =>
    fb.Loss.createLoss(builder, numberOf(LOSS_REASONS, reason, 'loss reason'), BigInt(frames)),
  )
  const pending = counts.received - counts.ingested - losses.reduce((sum, [, frames]) => sum + frames, 0)
  if (pending < 0)
    throw new RangeError(`stream "${descriptor.name}": more ingested and lost than received (${-pending} frames)`)
  expectUint32('frameCount', piece.frameCount)
  fb.Stream.startStream(builder)
  fb.Stream.addFirstFrame(builder, BigInt(piece.firstFrame))
  fb.Stream.addCodedBytes(builder, BigInt(counts.bytes))
  fb.Stream.addEffectiveRateHz(builder, piece.effectiveRateHz)
  fb.Stream.addIngestedLessProduced(builder, BigInt(counts.ingested - counts.produced))
  fb.Stream.addPending(builder, BigInt(pending))
  fb.Stream.addInvalidValues(builder, BigInt(counts.invalidValues))
  fb.Stream.addRepeatedTimestamps(builder, BigInt(counts.repeatedTimestamps))
  fb.Stream.addBackwardTimestamps(builder, BigInt(counts.backwardTimestamps))
  fb.Stream.addGapCount(builder, BigInt(counts.gaps))
  fb.Stream.addRateHz(builder, descriptor.rateHz ?? 0)
  fb.Stream.addResampledHz(builder, descriptor.resampledHz ?? 0)
  fb.Stream.addName(builder, name)
  fb.Stream.addChannels(builder, channelsOffset)
  if (time) fb.Stream.addTime(builder, time)
  fb.Stream.addFrameCount(builder, piece.frameCount)
  if (unitOffset) fb.Stream.addUnit(builder, unitOffset)
  if (lost) fb.Stream.addLost(builder, lost)
  if (gaps) fb.Stream.addGaps(builder, gaps)
  fb.Stream.addClock(builder, numberOf(CLOCK_NAMES, descriptor.clock, 'clock'))
  if (descriptor.resampledHz !== undefined) {
    const { resampleMethod = 'linear', resampleQuality = 'standard' } = descriptor
    fb.Stream.addResampleMethod(builder, numberOf(RESAMPLE_METHODS, resampleMethod, 'resampling method'))
    fb.Stream.addResampleQuality(builder, numberOf(RESAMPLE_QUALITIES, resampleQuality, 'resampling quality'))
  }
  return fb.Stream.endStream(builder)
}

function channelOf(builder: Builder, channel: ChannelDescriptor, piece: ColumnPiece, streamUnit?: string): Offset {
  const name = stringOf(builder, channel.name)
  const column = piece.column.length > 0 ? builder.createByteVector(piece.column) : 0
  const validity = piece.validity ? builder.createByteVector(piece.validity) : 0
  const unit = channel.unit === undefined || channel.unit === streamUnit ? 0 : stringOf(builder, channel.unit)
  const values = channel.values ? stringsOf(builder, channel.values) : 0
  const dictionary = piece.dictionary ? stringsOf(builder, piece.dictionary) : 0
  const originalName = channel.originalName === undefined ? 0 : stringOf(builder, channel.originalName)
  fb.Channel.startChannel(builder)
  fb.Channel.addPrecision(builder, channel.precision ?? 0)
  fb.Channel.addName(builder, name)
  if (column) fb.Channel.addColumn(builder, column)
  if (validity) fb.Channel.addValidity(builder, validity)
  if (unit) fb.Channel.addUnit(builder, unit)
  if (values) fb.Channel.addValues(builder, values)
  if (dictionary) fb.Channel.addDictionary(builder, dictionary)
  if (originalName) fb.Channel.addOriginalName(builder, originalName)
  fb.Channel.addType(builder, numberOf(CHANNEL_TYPES, channel.type, 'type'))
  fb.Channel.addKind(builder, numberOf(CHANNEL_KINDS, channel.kind, 'kind'))
  return fb.Channel.endChannel(builder)
}

function markOf(builder: Builder, mark: Mark): Offset {
  const properties = vectorOf(builder, Object.entries(mark.properties), ([key, value]) => {
    const keyOffset = stringOf(builder, key)
    const text = typeof value === 'string' ? stringOf(builder, value) : 0
    fb.Property.startProperty(builder)
    fb.Property.addKey(builder, keyOffset)
    if (text) fb.Property.addText(builder, text)
    if (typeof value === 'number') builder.addFieldFloat64(2, value, Number.NaN)
    if (typeof value === 'boolean') fb.Property.addFlag(builder, value ? 2 : 1)
    return fb.Property.endProperty(builder)
  })
  const name = stringOf(builder, mark.name)
  fb.Mark.startMark(builder)
  fb.Mark.addName(builder, name)
  if (properties) fb.Mark.addProperties(builder, properties)
  fb.Mark.addClock(builder, fb.ClockSnapshot.createClockSnapshot(builder, mark.monotonicNs, mark.wallNs))
  return fb.Mark.endMark(builder)
}

function stringOf(builder: Builder, text: string): Offset {
  return builder.createString(encodeText(text))
}

function stringsOf(builder: Builder, texts: readonly string[]): Offset {
  return vectorOf(builder, texts, (text) => stringOf(builder, text))
}

function packedOf(builder: Builder, texts: readonly string[]): Offset {
  return texts.length > 0 ? builder.createByteVector(packTexts(texts)) : 0
}

function vectorOf<T>(builder: Builder, items: readonly T[], offsetOf: (item: T, index: number) => Offset): Offset {
  if (items.length === 0) return 0
  const offsets = items.map(offsetOf)
  builder.startVector(4, offsets.length, 4)
  for (let i = offsets.length - 1; i >= 0; i--) builder.addOffset(offsets[i]!)
  return builder.endVector()
}

function structsOf<T>(builder: Builder, items: readonly T[], byteLength: number, add: (item: T) => Offset): Offset {
  if (items.length === 0) return 0
  builder.startVector(byteLength, items.length, 8)
  for (let i = items.length - 1; i >= 0; i--) add(items[i]!)
  return builder.endVector()
}

function emptyVector(builder: Builder): Offset {
  builder.startVector(4, 0, 4)
  return builder.endVector()
}

/** A name's number in chunk.fbs. */
function numberOf<T>(names: readonly T[], name: T, what: string): number {
  const number = names.indexOf(name)
  if (number < 0) throw new RangeError(`"${what}" expected one of ${names.join(', ')}, got ${String(name)}`)
  return number
}

function expectUint32(field: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > UINT32_MAX) {
    throw new RangeError(`"${field}" expected an integer of 32 bits, got ${value}`)
  }
}
