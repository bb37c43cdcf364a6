import { ByteBuffer } from 'flatbuffers'
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
import { CHANNEL_KINDS, CHANNEL_TYPES, CLOCK_NAMES } from './names.js'
import { formatSessionId } from './session-id.js'
import { verifyBuffer } from './verify.js'

/**
 * Decodes a chunk's FlatBuffer into plain objects, after it has been verified; columns stay coded and are views on
 * `bytes`.
 *
 * @throws KymographError as {@link verifyBuffer}, `version`, `required-feature`, `malformed` when counts, names or
 *   values do not agree.
 */
export function decodeChunk(bytes: Uint8Array): Chunk {
  verifyBuffer(bytes)
  const root = fb.Chunk.getRootAsChunk(new ByteBuffer(bytes))
  if (root.formatVersion() !== FORMAT_VERSION) {
    throw new KymographError(
      'version',
      `the chunk has format version ${root.formatVersion()}, this reader knows ${FORMAT_VERSION}; use a newer one`,
    )
  }
  if (root.requiredFeatures() !== 0n) {
    throw new KymographError(
      'required-feature',
      `the chunk needs features this reader does not know (0x${root.requiredFeatures().toString(16)}); use a newer one`,
    )
  }
  const chunk = chunkOf(root)
  checkMeaning(chunk)
  return chunk
}

function chunkOf(root: fb.Chunk): Chunk {
  const id = root.sessionId()!
  const journeyId = root.journeyId()
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
    ...(journeyId === null ? {} : { journeyId }),
    labels: listOf(root.labelsLength(), (i) => root.labels(i)),
    labelsRevision: root.labelsRevision(),
    metadata: metadataOf(listOf(root.metadataLength(), (i) => root.metadata(i))),
    startedAtNs: root.startedAtNs(),
    endedAtNs: BigInt.asIntN(64, root.startedAtNs() + root.durationNs()),
    clocks: [...listOf(root.earlierClocksLength(), (i) => root.earlierClocks(i)), ...(clock ? [clock] : [])].map(
      (snapshot) => ({ monotonicNs: snapshot.monotonicNs(), wallNs: snapshot.wallNs() }),
    ),
    streams: listOf(root.streamsLength(), (i) => root.streams(i)).map(pieceOf),
    marks: listOf(root.marksLength(), (i) => root.marks(i)).map(markOf),
  }
}

function pieceOf(stream: fb.Stream): StreamPiece {
  const channels = listOf(stream.channelsLength(), (i) => stream.channels(i))
  const lost: LossCounts = {}
  for (const loss of listOf(stream.lostLength(), (i) => stream.lost(i))) {
    const reason = LOSS_REASONS[loss.reason()]
    if (!reason)
      throw new KymographError('malformed', `stream "${stream.name()}": loss reason ${loss.reason()} is none`)
    lost[reason] = (lost[reason] ?? 0) + countOf(loss.frames())
  }
  const produced = countOf(stream.firstFrame() + BigInt(stream.frameCount()))
  const ingested = countOf(BigInt(produced) + stream.ingestedLessProduced())
  return {
    descriptor: descriptorOf(stream, channels),
    firstFrame: countOf(stream.firstFrame()),
    frameCount: stream.frameCount(),
    time: stream.timeArray() ?? new Uint8Array(0),
    columns: channels.map(columnOf),
    counts: {
      received: ingested + sumOf(lost) + countOf(stream.pending()),
      ingested,
      produced,
      lost,
      invalidValues: countOf(stream.invalidValues()),
      repeatedTimestamps: countOf(stream.repeatedTimestamps()),
      backwardTimestamps: countOf(stream.backwardTimestamps()),
      gaps: countOf(stream.gapCount()),
      bytes: countOf(stream.codedBytes()),
    },
    gaps: listOf(stream.gapsLength(), (i) => stream.gaps(i)).map((gap) => ({
      startNs: gap.startNs(),
      endNs: gap.endNs(),
    })),
    effectiveRateHz: stream.effectiveRateHz(),
  }
}

function descriptorOf(stream: fb.Stream, channels: fb.Channel[]): StreamDescriptor {
  return {
    name: stream.name()!,
    clock: nameOf(CLOCK_NAMES, stream.clock(), 'clock'),
    channels: channels.map((channel) => channelOf(channel, stream.unit())),
    ...(stream.rateHz() > 0 ? { rateHz: stream.rateHz() } : {}),
    ...(stream.resampledHz() > 0 ? { resampledHz: stream.resampledHz() } : {}),
  }
}

function channelOf(channel: fb.Channel, streamUnit: string | null): ChannelDescriptor {
  const kind = nameOf(CHANNEL_KINDS, channel.kind(), 'kind')
  const unit = channel.unit() ?? streamUnit
  const originalName = channel.originalName()
  const values = listOf(channel.valuesLength(), (i) => channel.values(i))
  return {
    name: channel.name()!,
    type: nameOf(CHANNEL_TYPES, channel.type(), 'type'),
    ...(unit === null ? {} : { unit }),
    ...(values.length === 0 ? {} : { values }),
    ...(kind === undefined ? {} : { kind }),
    ...(channel.precision() > 0 ? { precision: channel.precision() } : {}),
    ...(originalName === null ? {} : { originalName }),
  }
}

function columnOf(channel: fb.Channel): ColumnPiece {
  const validity = channel.validityArray()
  const isText = channel.type() === fb.ChannelType.Text
  return {
    column: channel.columnArray() ?? new Uint8Array(0),
    ...(validity === null ? {} : { validity }),
    ...(isText ? { dictionary: listOf(channel.dictionaryLength(), (i) => channel.dictionary(i)) } : {}),
  }
}

function markOf(mark: fb.Mark): Mark {
  const clock = mark.clock()!
  const properties = listOf(mark.propertiesLength(), (i) => mark.properties(i)).map(
    (property): [string, PropertyValue] => [property.key()!, property.text() ?? flagOf(property) ?? property.number()],
  )
  return {
    name: mark.name()!,
    monotonicNs: clock.monotonicNs(),
    wallNs: clock.wallNs(),
    // own properties whatever their names: __proto__ included
    properties: Object.fromEntries(properties),
  }
}

function flagOf(property: fb.Property): boolean | undefined {
  return property.flag() === 0 ? undefined : property.flag() === 2
}

/** Items of a verified vector. */
function listOf<T>(count: number, at: (index: number) => T | null): T[] {
  return Array.from({ length: count }, (_, index) => at(index)!)
}

function nameOf<T>(names: readonly T[], number: number, what: string): T {
  if (number >= names.length) throw new KymographError('malformed', `${what} ${number} is none this reader knows`)
  return names[number]!
}

function sumOf(lost: LossCounts): number {
  return Object.values(lost).reduce((sum, frames) => sum + frames, 0)
}

function metadataOf(texts: string[]): Map<string, string> {
  if (texts.length % 2 !== 0) throw new KymographError('malformed', 'metadata: a key without a value')
  return new Map(Array.from({ length: texts.length / 2 }, (_, i) => [texts[2 * i]!, texts[2 * i + 1]!]))
}

function countOf(count: bigint): number {
  if (count < 0n || count > BigInt(Number.MAX_SAFE_INTEGER))
    throw new KymographError('malformed', `a count of ${count}`)
  return Number(count)
}
