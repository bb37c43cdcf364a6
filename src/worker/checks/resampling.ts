import { RATE_MAX_HZ, RESAMPLER_GAP_MAX_PERIODS, RESAMPLER_RATE_MIN_HZ } from '../../limits.js'
import type { ChannelDescriptor, GridPlan, ResamplerMethod, ResamplerQuality, StreamPlan } from '../protocol.js'
import { checkName, checkOneOf, checkPositive, describe, ownFields, refuseUnknownFields } from './text.js'

/** How a stream is recorded on a uniform grid: the multiples of 1/rateHz on the stream's clock. */
export interface ResampleOptions {
  /** Frames per second of the grid. More than twice what the stream has brings a warning `resampled-beyond-input`. */
  rateHz: number
  /**
   * How values between the frames are found. `sinc` (default): band-limited, nothing above half the lower of both rates
   * is left. `linear` and `cubic` look at neighbouring frames only; `hold` keeps the last frame's values, bit for bit.
   * Channels of type `enum` and `text` are held in any case, `i32` and `i64` can only be.
   */
  method?: ResamplerMethod
  /** Of `sinc`: stopband of 95, 110 (`standard`, default) or 135 dB. */
  quality?: ResamplerQuality
  /** Longest stretch without a frame that is bridged; default the stream's `maxGapMs`, else four nominal periods. */
  maxGapMs?: number
  /** Streams with the same name here land on the same instants: one rate, one clock, which is checked. */
  align?: string
  /** Records the stream as it came too: raw under its own name, resampled as `NAME.resampled`. */
  keepRaw?: boolean
}

const FIELDS = ['rateHz', 'method', 'quality', 'maxGapMs', 'align', 'keepRaw']
const METHODS: readonly ResamplerMethod[] = ['sinc', 'linear', 'cubic', 'hold']
const QUALITIES: readonly ResamplerQuality[] = ['fast', 'standard', 'best']

/**
 * The grid a stream's options ask for, checked against the rest of its declaration.
 *
 * @throws TypeError | RangeError naming the field, what was expected and the value.
 */
export function declareGrid(
  stream: string,
  given: unknown,
  declared: { channels: ChannelDescriptor[]; rateHz?: number; maxGapMs?: number },
): GridPlan {
  const field = `${stream}.resample`
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`"${field}" expected { rateHz }, got ${describe(given)}`)
  }
  refuseUnknownFields(`"${field}"`, given, FIELDS)
  const own = ownFields(given) as Partial<ResampleOptions>
  const { rateHz, method = 'sinc', quality = 'standard', maxGapMs, align, keepRaw = false } = own
  if (rateHz === undefined) throw new TypeError(`"${field}.rateHz" is missing`)
  checkRate(`${field}.rateHz`, rateHz)
  checkOneOf(`${field}.method`, method, METHODS)
  checkOneOf(`${field}.quality`, quality, QUALITIES)
  const longestMs = (1000 * RESAMPLER_GAP_MAX_PERIODS) / rateHz
  checkPositive(`${field}.maxGapMs`, maxGapMs, longestMs)
  const bridgedMs = maxGapMs ?? declared.maxGapMs
  if (align !== undefined) checkName(`${field}.align`, align)
  if (typeof keepRaw !== 'boolean') {
    throw new TypeError(`"${field}.keepRaw" expected true or false, got ${describe(keepRaw)}`)
  }
  if (declared.rateHz !== undefined) checkRate(`${stream}.rateHz`, declared.rateHz)
  if (method !== 'hold') checkInterpolated(stream, declared.channels)
  return {
    rateHz,
    method,
    quality: method === 'sinc' ? quality : undefined,
    // a bit less than the limit: the kernel takes the period as a fraction next to it, and rounds down
    maxGapMs: bridgedMs === undefined ? undefined : Math.min(bridgedMs, longestMs * (1 - 1e-4)),
    align,
    keepRaw,
  }
}

/**
 * Streams of one `align` share a rate, and a clock as far as clocks are declared.
 *
 * @throws RangeError naming both streams.
 */
export function checkAlignment(plans: readonly StreamPlan[]): void {
  for (const [index, plan] of plans.entries()) {
    const { align, rateHz } = plan.grid ?? {}
    if (align === undefined) continue
    const { name, clock } = plan.descriptor
    for (const { descriptor, grid } of plans.slice(0, index)) {
      if (grid?.align !== align) continue
      const both = `streams "${descriptor.name}" and "${name}" are aligned as "${align}"`
      if (grid.rateHz !== rateHz) {
        throw new RangeError(`${both} and expected to have one resample.rateHz, got ${grid.rateHz} and ${rateHz}`)
      }
      if (descriptor.clock !== undefined && clock !== undefined && descriptor.clock !== clock) {
        throw new RangeError(`${both} and expected to have one clock, got ${descriptor.clock} and ${clock}`)
      }
    }
  }
}

function checkRate(field: string, rateHz: unknown): void {
  checkPositive(field, rateHz, RATE_MAX_HZ)
  if ((rateHz as number) < RESAMPLER_RATE_MIN_HZ) {
    throw new RangeError(`"${field}" expected ≥ ${RESAMPLER_RATE_MIN_HZ} with "resample", got ${rateHz}`)
  }
}

/** What only `hold` could resample is refused; `enum` and `text` are held whatever the method. */
function checkInterpolated(stream: string, channels: readonly ChannelDescriptor[]): void {
  const remedy = 'or use resample.method "hold"'
  for (const { name, type, kind, unit } of channels) {
    const field = `${stream}.${name}`
    if (type === 'i32' || type === 'i64') {
      throw new RangeError(`"${field}.type" expected f64 or f32 with "resample", got ${type}; declare f64, ${remedy}`)
    }
    if (kind === 'angle' && unit !== undefined && unit !== 'deg' && unit !== 'rad') {
      throw new RangeError(
        `"${field}.unit" expected deg or rad to resample an angle, got ${describe(unit)}; convert it, ${remedy}`,
      )
    }
  }
  for (let first = 0; first < channels.length; first++) {
    if (!isPartOfRotation(channels[first]!)) continue
    const four = channels.slice(first, first + 4)
    const parts = four.filter(isPartOfRotation).length
    if (parts < 4) {
      throw new RangeError(
        `"${stream}.${four[0]!.name}.kind" expected four f64 or f32 channels of kind "quaternion" in a row to resample them, got ${parts}; declare all four, ${remedy}`,
      )
    }
    first += 3
  }
}

function isPartOfRotation({ kind, type }: ChannelDescriptor): boolean {
  return kind === 'quaternion' && (type === 'f64' || type === 'f32')
}
