import { ByteBuffer, Encoding } from 'flatbuffers'
import { KymographError } from '../errors.js'
import { FORMAT_VERSION } from './encode.js'
import * as fb from './generated/kymograph/wire.js'
import { checkMeaning } from './meaning.js'
import {
  type ChannelDescriptor,
  type Chunk,
  type ColumnPiece,
  LOSS_REASONS,
  type LossCounts,
  type Mark,
  type PropertyValue,
  type StreamDescriptor,
  type StreamPiece,
} from './model.js'
import { CHANNEL_KINDS, CHANNEL_TYPES, CLOCK_NAMES, RESAMPLE_METHODS, RESAMPLE_QUALITIES } from './names.js'
import { formatSessionId } from './session-id.js'
import { decodeText, unpackTexts } from './text.js'
import { verifyBuffer } from './verify.js'

/**
 * Decodes a chunk's FlatBuffer into plain objects, after it has been verified.
 *
 * bytes: borrowed; columns and validity stay as they are and are views on it. Metadata is a Map and the properties of
 * marks have no prototype, so that any text may be a key.
 *
 * @throws KymographError with the offset: `too-large`, `truncated`, `not-kymo`, `malformed`, `ill-formed-text` as
 *   verifyChunk; `version`, `required-feature`; `malformed` when counts, names or values do not agree.
 *
 * Source: docs/format.md, chunk.
 *
 * @example
 * const chunk = decodeChunk(payload)
 * console.log(chunk.sessionId, chunk.streams[0].descriptor.name)
 */
export function decodeChunk(bytes: Uint8Array): Chunk {
  verifyBuffer(bytes)
  const root = fb.Chunk.getRootAsChunk(new ByteBuffer(bytes))
  const offset = root.bb_pos
  if (root.formatVersion() !== FORMAT_VERSION) {
    throw new KymographError(
      'version',
      `the chunk has format version ${root.formatVersion()}, this reader knows ${FORMAT_VERSION}; use a newer one`,
      { offset },
    )
  }
  if (root.requiredFeatures() !== 0n) {
    throw new KymographError(
      'required-feature',
      `the chunk needs features this reader does not know (0x${root.requiredFeatures().toString(16)}); use a newer one`,
      { offset },
    )
  }
  const chunk = chunkOf(root, bytes)
  checkMeaning(chunk, root, bytes)
  return chunk
}

function chunkOf(root: fb.Chunk, bytes: Uint8Array): Chunk {
  const offset = root.bb_pos
  const id = root.sessionId()!
  const journeyId = textAt(root.journeyId(Encoding.UTF8_BYTES))
  const clock = root.clock()
  return {
    sessionId: formatSessionId(
      Uint8Array.from({ length: 16 }, (_, i) => id.bytes(i) ?? 0),
      0,
    ),
    epoch: root.epoch(),
    seq: root.seq(),
    final: root.final(),
    amendment: root.amendment(),
    journeyId,
    labels: packedTexts(root.labelsArray(), bytes),
    labelsRevision: root.labelsRevision(),
    metadata: metadataOf(packedTexts(root.metadataArray(), bytes), offset),
    startedAtNs: root.startedAtNs(),
    endedAtNs: BigInt.asIntN(64, (clock?.wallNs() ?? root.startedAtNs()) + root.endedLessClockNs()),
    clocks: [...listOf(root.earlierClocksLength(), (i) => root.earlierClocks(i)), ...(clock ? [clock] : [])].map(
      (snapshot) => ({ monotonicNs: snapshot.monotonicNs(), wallNs: snapshot.wallNs() }),
    ),
    streams: listOf(root.streamsLength(), (i) => root.streams(i)).map(pieceOf),
    marks: listOf(root.marksLength(), (i) => root.marks(i)).map(markOf),
    // 0: it does not end so
    tailNs: root.tailNs() || undefined,
  }
}

function pieceOf(stream: fb.Stream): StreamPiece {
  const offset = stream.bb_pos
  const channels = listOf(stream.channelsLength(), (i) => stream.channels(i))
  const lost: LossCounts = {}
  let lostFrames = 0n
  for (const loss of listOf(stream.lostLength(), (i) => stream.lost(i))) {
    const reason = nameOf(LOSS_REASONS, loss.reason(), 'loss reason', loss.bb_pos)
    if (Object.hasOwn(lost, reason)) throw malformed(`loss of reason ${reason} twice`, loss.bb_pos)
    lost[reason] = countOf(loss.frames(), loss.bb_pos)
    lostFrames += loss.frames()
  }
  const produced = stream.firstFrame() + BigInt(stream.frameCount())
  const ingested = produced + stream.ingestedLessProduced()
  return {
    descriptor: descriptorOf(stream, channels),
    firstFrame: countOf(stream.firstFrame(), offset),
    frameCount: stream.frameCount(),
    time: stream.timeArray() ?? nothingAt(stream),
    columns: channels.map(columnOf),
    counts: {
      received: countOf(ingested + lostFrames + stream.pending(), offset),
      ingested: countOf(ingested, offset),
      produced: countOf(produced, offset),
      lost,
      invalidValues: countOf(stream.invalidValues(), offset),
      repeatedTimestamps: countOf(stream.repeatedTimestamps(), offset),
      backwardTimestamps: countOf(stream.backwardTimestamps(), offset),
      gaps: countOf(stream.gapCount(), offset),
      bytes: countOf(stream.codedBytes(), offset),
    },
    gaps: listOf(stream.gapsLength(), (i) => stream.gaps(i)).map((gap) => ({
      startNs: gap.startNs(),
      endNs: gap.endNs(),
    })),
    effectiveRateHz: stream.effectiveRateHz(),
  }
}

function descriptorOf(stream: fb.Stream, channels: fb.Channel[]): StreamDescriptor {
  const unit = textAt(stream.unit(Encoding.UTF8_BYTES))
  const method = nameOf(RESAMPLE_METHODS, stream.resampleMethod(), 'resampling method', stream.bb_pos)
  const quality = nameOf(RESAMPLE_QUALITIES, stream.resampleQuality(), 'resampling quality', stream.bb_pos)
  const resampledHz = unlessZero(stream.resampledHz())
  const isResampled = resampledHz !== undefined
  return {
    name: textAt(stream.name(Encoding.UTF8_BYTES))!,
    clock: nameOf(CLOCK_NAMES, stream.clock(), 'clock', stream.bb_pos),
    channels: channels.map((channel) => channelOf(channel, unit)),
    rateHz: unlessZero(stream.rateHz()),
    resampledHz,
    resampleMethod: isResampled ? method : undefined,
    resampleQuality: isResampled && method === 'sinc' ? quality : undefined,
  }
}

function channelOf(channel: fb.Channel, streamUnit: string | undefined): ChannelDescriptor {
  const kind = nameOf(CHANNEL_KINDS, channel.kind(), 'kind', channel.bb_pos)
  const unit = textAt(channel.unit(Encoding.UTF8_BYTES)) ?? streamUnit
  const originalName = textAt(channel.originalName(Encoding.UTF8_BYTES))
  const values = textsOf(channel.valuesLength(), (i) => channel.values(i, Encoding.UTF8_BYTES))
  return {
    name: textAt(channel.name(Encoding.UTF8_BYTES))!,
    type: nameOf(CHANNEL_TYPES, channel.type(), 'type', channel.bb_pos),
    unit,
    values: values.length === 0 ? undefined : values,
    kind,
    precision: unlessZero(channel.precision()),
    originalName,
  }
}

function columnOf(channel: fb.Channel): ColumnPiece {
  const validity = channel.validityArray()
  const isText = channel.type() === fb.ChannelType.Text
  return {
    column: channel.columnArray() ?? nothingAt(channel),
    validity: validity ?? undefined,
    dictionary: isText
      ? textsOf(channel.dictionaryLength(), (i) => channel.dictionary(i, Encoding.UTF8_BYTES))
      : undefined,
  }
}

function markOf(mark: fb.Mark): Mark {
  const clock = mark.clock()!
  const properties: Record<string, PropertyValue> = Object.create(null)
  for (const property of listOf(mark.propertiesLength(), (i) => mark.properties(i))) {
    const key = textAt(property.key(Encoding.UTF8_BYTES))!
    if (key in properties) throw malformed('a mark with the same property twice', property.bb_pos)
    properties[key] = textAt(property.text(Encoding.UTF8_BYTES)) ?? flagOf(property) ?? property.number()
  }
  return {
    name: textAt(mark.name(Encoding.UTF8_BYTES))!,
    monotonicNs: clock.monotonicNs(),
    wallNs: clock.wallNs(),
    properties,
  }
}

function flagOf(property: fb.Property): boolean | undefined {
  const flag = property.flag()
  if (flag > 2) throw malformed(`a property whose flag is ${flag}`, property.bb_pos)
  return flag === 0 ? undefined : flag === 2
}

/** Items of a verified vector. */
function listOf<T>(count: number, at: (index: number) => T | null): T[] {
  return Array.from({ length: count }, (_, index) => at(index)!)
}

/** Text of a verified string; the runtime's own decoder would drop a leading U+FEFF. */
function textAt(utf8: string | Uint8Array | null): string | undefined {
  return utf8 === null ? undefined : decodeText(utf8 as Uint8Array, 0)
}

function textsOf(count: number, at: (index: number) => string | Uint8Array): string[] {
  return Array.from({ length: count }, (_, index) => textAt(at(index))!)
}

function packedTexts(packed: Uint8Array | null, bytes: Uint8Array): string[] {
  return packed === null ? [] : unpackTexts(packed, packed.byteOffset - bytes.byteOffset)
}

function metadataOf(texts: string[], offset: number): Map<string, string> {
  if (texts.length % 2 !== 0) throw malformed('metadata with a key without a value', offset)
  const metadata = new Map(Array.from({ length: texts.length / 2 }, (_, i) => [texts[2 * i]!, texts[2 * i + 1]!]))
  if (metadata.size < texts.length / 2) throw malformed('metadata with the same key twice', offset)
  return metadata
}

function nameOf<T>(names: readonly T[], number: number, what: string, offset: number): T {
  if (number >= names.length) throw malformed(`${what} ${number} is none this reader knows`, offset)
  return names[number]!
}

function countOf(count: bigint, offset: number): number {
  if (count < 0n || count > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed(`a count of ${count}`, offset)
  return Number(count)
}

/** An empty view at a table: what is said of it has an offset in the chunk. */
function nothingAt({ bb, bb_pos }: fb.Stream | fb.Channel): Uint8Array {
  return bb!.bytes().subarray(bb_pos, bb_pos)
}

function unlessZero(value: number): number | undefined {
  return value === 0 ? undefined : value
}

function malformed(what: string, offset: number): KymographError {
  return new KymographError('malformed', `the chunk is damaged: ${what} at byte ${offset}`, { offset })
}
