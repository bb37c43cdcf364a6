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
import { CHANNEL_KINDS, CHANNEL_TYPES, CLOCK_NAMES } from './names.js'
import { parseSessionId } from './session-id.js'

export const FORMAT_VERSION = 1

const INITIAL_BYTES = 16_384

/**
 * Encodes a chunk as FlatBuffer (chunk.fbs); fresh bytes.
 *
 * @throws KymographError `too-large` above CHUNK_MAX_BYTES, `ill-formed-text` for text with a lone surrogate.
 */
export function encodeChunk(chunk: Chunk): Uint8Array {
  const builder = new Builder(INITIAL_BYTES)
  const streams = vectorOf(builder, chunk.streams, (piece) => streamOf(builder, piece))
  const marks = vectorOf(builder, chunk.marks, (mark) => markOf(builder, mark))
  const metadata = stringsOf(builder, [...chunk.metadata].flat())
  const labels = stringsOf(builder, chunk.labels)
  const journeyId = chunk.journeyId === undefined ? 0 : stringOf(builder, chunk.journeyId)
  const clock = chunk.clocks.at(-1)
  const earlierClocks = structsOf(builder, chunk.clocks.slice(0, -1), 16, ({ monotonicNs, wallNs }) =>
    fb.ClockSnapshot.createClockSnapshot(builder, monotonicNs, wallNs),
  )
  fb.Chunk.startChunk(builder)
  fb.Chunk.addStartedAtNs(builder, chunk.startedAtNs)
  fb.Chunk.addDurationNs(builder, BigInt.asIntN(64, chunk.endedAtNs - chunk.startedAtNs))
  fb.Chunk.addSeq(builder, chunk.seq)
  fb.Chunk.addEpoch(builder, chunk.epoch)
  fb.Chunk.addFormatVersion(builder, FORMAT_VERSION)
  fb.Chunk.addFinal(builder, chunk.final)
  fb.Chunk.addAmendment(builder, chunk.amendment)
  fb.Chunk.addLabelsRevision(builder, chunk.labelsRevision)
  if (journeyId) fb.Chunk.addJourneyId(builder, journeyId)
  if (labels) fb.Chunk.addLabels(builder, labels)
  if (metadata) fb.Chunk.addMetadata(builder, metadata)
  if (earlierClocks) fb.Chunk.addEarlierClocks(builder, earlierClocks)
  if (streams) fb.Chunk.addStreams(builder, streams)
  if (marks) fb.Chunk.addMarks(builder, marks)
  // structs are written into the table, each right before its field
  if (clock) fb.Chunk.addClock(builder, fb.ClockSnapshot.createClockSnapshot(builder, clock.monotonicNs, clock.wallNs))
  fb.Chunk.addSessionId(builder, fb.SessionId.createSessionId(builder, [...parseSessionId(chunk.sessionId)]))
  builder.finish(fb.Chunk.endChunk(builder), 'KYMO')
  const bytes = builder.asUint8Array().slice()
  if (bytes.length > CHUNK_MAX_BYTES) {
    throw new KymographError(
      'too-large',
      `a chunk of ${bytes.length} bytes, the limit is ${CHUNK_MAX_BYTES}; seal sooner`,
    )
  }
  return bytes
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
  const unitOffset = unit === undefined ? 0 : stringOf(builder, unit)
  const name = stringOf(builder, descriptor.name)
  const time = piece.frameCount > 0 ? builder.createByteVector(piece.time) : 0
  const gaps = structsOf(builder, piece.gaps, 16, (gap) => fb.Gap.createGap(builder, gap.startNs, gap.endNs))
  const losses = Object.entries(counts.lost).filter(([, frames]) => frames > 0) as [LossReason, number][]
  const lost = structsOf(builder, losses, 16, ([reason, frames]) =>
    fb.Loss.createLoss(builder, LOSS_REASONS.indexOf(reason), BigInt(frames)),
  )
  const pending = counts.received - counts.ingested - losses.reduce((sum, [, frames]) => sum + frames, 0)
  if (pending < 0)
    throw new RangeError(`stream "${descriptor.name}": more ingested and lost than received (${-pending} frames)`)
  fb.Stream.startStream(builder)
  fb.Stream.addName(builder, name)
  fb.Stream.addChannels(builder, channels || emptyVector(builder))
  if (time) fb.Stream.addTime(builder, time)
  fb.Stream.addFirstFrame(builder, BigInt(piece.firstFrame))
  fb.Stream.addFrameCount(builder, piece.frameCount)
  fb.Stream.addClock(builder, CLOCK_NAMES.indexOf(descriptor.clock))
  if (unitOffset) fb.Stream.addUnit(builder, unitOffset)
  fb.Stream.addIngestedLessProduced(builder, BigInt(counts.ingested - counts.produced))
  fb.Stream.addPending(builder, BigInt(pending))
  if (lost) fb.Stream.addLost(builder, lost)
  fb.Stream.addInvalidValues(builder, BigInt(counts.invalidValues))
  fb.Stream.addRepeatedTimestamps(builder, BigInt(counts.repeatedTimestamps))
  fb.Stream.addBackwardTimestamps(builder, BigInt(counts.backwardTimestamps))
  fb.Stream.addGapCount(builder, BigInt(counts.gaps))
  if (gaps) fb.Stream.addGaps(builder, gaps)
  fb.Stream.addCodedBytes(builder, BigInt(counts.bytes))
  fb.Stream.addEffectiveRateHz(builder, piece.effectiveRateHz)
  fb.Stream.addRateHz(builder, descriptor.rateHz ?? 0)
  fb.Stream.addResampledHz(builder, descriptor.resampledHz ?? 0)
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
  fb.Channel.addName(builder, name)
  if (column) fb.Channel.addColumn(builder, column)
  if (validity) fb.Channel.addValidity(builder, validity)
  fb.Channel.addType(builder, CHANNEL_TYPES.indexOf(channel.type))
  fb.Channel.addKind(builder, channel.kind ? CHANNEL_KINDS.indexOf(channel.kind) : 0)
  if (unit) fb.Channel.addUnit(builder, unit)
  if (values) fb.Channel.addValues(builder, values)
  if (dictionary) fb.Channel.addDictionary(builder, dictionary)
  fb.Channel.addPrecision(builder, channel.precision ?? 0)
  if (originalName) fb.Channel.addOriginalName(builder, originalName)
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

const encoder = new TextEncoder()

/** Strings go through UTF-8 once, here, so that a lone surrogate is refused instead of becoming U+FFFD. */
function stringOf(builder: Builder, text: string): Offset {
  if (/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/.test(text)) {
    throw new KymographError('ill-formed-text', `text with a lone surrogate cannot be written: ${JSON.stringify(text)}`)
  }
  return builder.createString(encoder.encode(text))
}

function stringsOf(builder: Builder, texts: readonly string[]): Offset {
  return vectorOf(builder, texts, (text) => stringOf(builder, text))
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
