import {
  CHANNELS_MAX_COUNT,
  ENUM_VALUES_MAX_COUNT,
  RATE_MAX_HZ,
  STREAMS_MAX_COUNT,
  UNIT_MAX_LENGTH,
} from '../../limits.js'
import { resampledNameOf } from '../../pipeline/plan.js'
import type { ChannelDescriptor, ChannelKind, ChannelType, ClockName, OverflowPolicy, StreamPlan } from '../protocol.js'
import { checkAlignment, declareGrid, type ResampleOptions } from './resampling.js'
import {
  checkName,
  checkOneOf,
  checkPositive,
  describe,
  normalizeText,
  ownFields,
  refuseUnknownFields,
} from './text.js'

export interface ChannelOptions {
  name: string
  /** Default `f64`. */
  type?: ChannelType
  /** UCUM code, for example `m/s2`. */
  unit?: string
  /** The values an `enum` channel can take. */
  values?: string[]
  /**
   * What the values are, which matters when they are resampled: an `angle` in `deg` (default) or `rad` goes on past a full
   * turn; four channels of kind `quaternion` in a row are one rotation.
   */
  kind?: ChannelKind
  /**
   * What is read back may differ from what was given by at most half of this, in the channel's unit, and takes less room
   * for it; NaN, infinities and −0 stay what they are. Of `f64` and `f32`. Default: every bit is kept.
   */
  precision?: number
  /** Name in the file the channel was imported from. */
  originalName?: string
}

export interface StreamOptions {
  channels: (string | ChannelOptions)[]
  /** Default: what the first write brings, numbers `monotonic`, nanoseconds as bigint `unix`. */
  clock?: ClockName
  /** When 8 MiB of frames wait to be stored: lose the newest (default) or the oldest, counted, or have the writer wait. */
  overflow?: OverflowPolicy
  /** Declared rate; also sets the default gap threshold of four periods. */
  rateHz?: number
  /** Stretch without a frame that counts as a gap. */
  maxGapMs?: number
  /** Records the stream on a uniform grid instead of as it came. */
  resample?: ResampleOptions
}

export interface StreamDeclaration {
  plan: StreamPlan
  overflow: OverflowPolicy
}

const TYPES: readonly ChannelType[] = ['f64', 'f32', 'i32', 'i64', 'enum', 'text']
const CLOCKS: readonly ClockName[] = ['monotonic', 'unix', 'relative']
const OVERFLOWS: readonly OverflowPolicy[] = ['drop-newest', 'drop-oldest', 'wait']
const KINDS: readonly ChannelKind[] = ['angle', 'quaternion']
const STREAM_FIELDS = ['channels', 'clock', 'overflow', 'rateHz', 'maxGapMs', 'resample']
const CHANNEL_FIELDS = ['name', 'type', 'unit', 'values', 'kind', 'precision', 'originalName']

/**
 * The streams of a session as its options declare them, checked.
 *
 * @throws TypeError | RangeError naming stream, channel, limit and value.
 */
export function declareStreams(streams: Record<string, StreamOptions>): StreamDeclaration[] {
  const entries = Object.entries(streams)
  if (entries.length > STREAMS_MAX_COUNT) {
    throw new RangeError(`"streams" expected at most ${STREAMS_MAX_COUNT} streams, got ${entries.length}`)
  }
  const declarations = entries.map(([name, options]) => declareStream(name, options))
  const plans = declarations.map(({ plan }) => plan)
  checkResampledNames(plans)
  checkAlignment(plans)
  return declarations
}

/** A stream kept raw is recorded under a second name. */
function checkResampledNames(plans: StreamPlan[]): void {
  const names = new Set(plans.map(({ descriptor }) => descriptor.name))
  for (const { descriptor, grid } of plans) {
    if (!grid?.keepRaw) continue
    const field = `streams.${descriptor.name}.resample.keepRaw`
    const name = checkName(`${field} stream name`, resampledNameOf(descriptor.name))
    if (names.has(name)) {
      throw new RangeError(`"${field}" records a stream "${name}", which is declared too; rename one of them`)
    }
    names.add(name)
  }
  if (names.size > STREAMS_MAX_COUNT) {
    throw new RangeError(
      `"streams" expected at most ${STREAMS_MAX_COUNT} streams, got ${names.size} with those that "keepRaw" adds`,
    )
  }
}

function declareStream(name: string, options: StreamOptions): StreamDeclaration {
  const field = `streams.${name}`
  checkName('stream name', name)
  refuseUnknownFields(`"${field}"`, options, STREAM_FIELDS)
  const {
    channels,
    clock,
    overflow = 'drop-newest',
    rateHz,
    maxGapMs,
    resample,
  } = ownFields(options) as Partial<StreamOptions>
  if (!Array.isArray(channels) || channels.length === 0 || channels.length > CHANNELS_MAX_COUNT) {
    const got = Array.isArray(channels) ? channels.length : describe(channels)
    throw new RangeError(`"${field}.channels" expected 1–${CHANNELS_MAX_COUNT} channels, got ${got}`)
  }
  if (clock !== undefined) checkOneOf(`${field}.clock`, clock, CLOCKS)
  checkOneOf(`${field}.overflow`, overflow, OVERFLOWS)
  checkPositive(`${field}.rateHz`, rateHz, RATE_MAX_HZ)
  checkPositive(`${field}.maxGapMs`, maxGapMs, Number.MAX_VALUE)
  const declared = channels.map((channel) => declareChannel(field, channel))
  const seen = new Set<string>()
  for (const channel of declared) {
    if (seen.has(channel.name)) throw new RangeError(`"${field}.channels" has two channels named "${channel.name}"`)
    seen.add(channel.name)
  }
  return {
    overflow,
    plan: {
      descriptor: { name, channels: declared, clock, rateHz },
      gapMs: maxGapMs,
      grid: resample === undefined ? undefined : declareGrid(field, resample, { channels: declared, rateHz, maxGapMs }),
    },
  }
}

function declareChannel(stream: string, channel: string | ChannelOptions): ChannelDescriptor {
  if (typeof channel === 'string') return declareChannel(stream, { name: channel })
  if (typeof channel !== 'object' || channel === null) {
    throw new TypeError(`"${stream}.channels" expected names or { name, type, unit }, got ${describe(channel)}`)
  }
  const name = checkName(`${stream} channel name`, ownFields(channel).name)
  const field = `${stream}.${name}`
  refuseUnknownFields(`"${field}"`, channel, CHANNEL_FIELDS)
  const { type = 'f64', unit, values, kind, precision, originalName } = ownFields(channel) as Partial<ChannelOptions>
  checkOneOf(`${field}.type`, type, TYPES)
  if (kind !== undefined) checkOneOf(`${field}.kind`, kind, KINDS)
  if ((type === 'enum') !== (values !== undefined)) {
    throw new TypeError(`"${field}.values" expected exactly for type "enum", got type "${type}"`)
  }
  checkPositive(`${field}.precision`, precision, Number.MAX_VALUE)
  if (precision !== undefined && type !== 'f64' && type !== 'f32') {
    throw new TypeError(`"${field}.precision" expected only for types "f64" and "f32", got type "${type}"`)
  }
  return {
    name,
    type,
    unit: unit === undefined ? undefined : normalizeText(`${field}.unit`, unit, UNIT_MAX_LENGTH),
    values: values === undefined ? undefined : checkEnumValues(field, values),
    kind,
    precision,
    originalName: originalName === undefined ? undefined : [...originalName].slice(0, 128).join(''),
  }
}

function checkEnumValues(field: string, values: string[]): string[] {
  if (!Array.isArray(values) || values.length === 0 || values.length > ENUM_VALUES_MAX_COUNT) {
    throw new RangeError(`"${field}.values" expected 1–${ENUM_VALUES_MAX_COUNT} strings, got ${describe(values)}`)
  }
  if (new Set(values).size !== values.length) throw new RangeError(`"${field}.values" expected distinct strings`)
  return values.map((value, index) => normalizeText(`${field}.values[${index}]`, value, 500, 0))
}
