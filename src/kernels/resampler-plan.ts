import {
  KIND_DEGREES,
  KIND_QUATERNION,
  KIND_RADIANS,
  KIND_VALUE,
  METHOD_CUBIC,
  METHOD_HOLD,
  METHOD_LINEAR,
  METHOD_SINC,
  RESAMPLER_DECIMATION_MAX,
  RESAMPLER_GAP_LIMIT_OUTPUTS,
  RESAMPLER_GAP_PERIODS,
  RESAMPLER_MERGE_DIVISOR,
} from '../../assembly/layout'
import { RATE_MAX_HZ } from '../limits.js'
import { expectChannels, expectOneOf, ownOptions, rangeError, typeError } from './arguments.js'
import { type FilterPlan, type InnerGridPlan, planInnerGrid, planUniformFilter } from './filter-plan.js'
import type { ResampledKind, ResamplerOptions, ResamplerQuality, UniformResamplerOptions } from './types.js'

const RATE_MIN_HZ = 0.001
const NS_PER_SECOND = 1_000_000_000n
/** Bound of period numerator × denominator, so that the grid is found with 64-bit integers. */
const PERIOD_PRODUCT_LIMIT = 1n << 62n
/** Bound of both terms of a ratio of rates: two of them added stay within 32 bits. */
const RATIO_TERM_LIMIT = 1n << 30n
const QUALITIES: readonly ResamplerQuality[] = ['fast', 'standard', 'best']
const METHODS = { sinc: METHOD_SINC, linear: METHOD_LINEAR, cubic: METHOD_CUBIC, hold: METHOD_HOLD }
const KINDS: Record<ResampledKind, number> = {
  value: KIND_VALUE,
  degrees: KIND_DEGREES,
  radians: KIND_RADIANS,
  quaternion: KIND_QUATERNION,
}

/** Whether options are those of a resampler without timestamps. */
export function isUniform(options: ResamplerOptions | UniformResamplerOptions): options is UniformResamplerOptions {
  return (ownOptions(options) as Partial<UniformResamplerOptions>).inputRateHz !== undefined
}

/** What a resampler of irregular frames runs on: everything exact, decided before the first frame. */
export interface ResamplerPlan {
  channels: number
  method: number
  /** One per channel; undefined: all are plain values. */
  kinds: Uint8Array | undefined
  quality: ResamplerQuality
  /** Output period in ns as a fraction in lowest terms. */
  periodNumerator: bigint
  periodDenominator: bigint
  /** Nominal period of the input; 0n: measured from the data. */
  nominalNs: bigint
  /** Longest stretch that is bridged; 0n: four nominal periods. */
  gapNs: bigint
  /** Upper bound of a threshold that is not given. */
  gapLimitNs: bigint
}

type Fraction = [numerator: bigint, denominator: bigint]

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b)
}

function lowestTerms([numerator, denominator]: Fraction): Fraction {
  const divisor = greatestCommonDivisor(numerator, denominator)
  return [numerator / divisor, denominator / divisor]
}

/** A double as the exact fraction it is. */
function exactFraction(value: number): Fraction {
  let scaled = value
  let denominator = 1n
  for (; !Number.isInteger(scaled); denominator *= 2n) scaled *= 2
  return [BigInt(scaled), denominator]
}

/** The convergents of a positive fraction's continued fraction, up to the first that will do or the last that fits. */
function convergent(
  [numerator, denominator]: Fraction,
  fits: (p: bigint, q: bigint) => boolean,
  isEnough: (p: bigint, q: bigint) => boolean,
): Fraction {
  let [rest, divisor] = [numerator, denominator]
  let [p, q, previousP, previousQ] = [1n, 0n, 0n, 1n]
  let found: Fraction = [0n, 1n]
  while (divisor !== 0n) {
    const term = rest / divisor
    ;[rest, divisor] = [divisor, rest % divisor]
    ;[p, q, previousP, previousQ] = [term * p + previousP, term * q + previousQ, p, q]
    if (p === 0n) continue
    if (!fits(p, q)) break
    found = [p, q]
    if (isEnough(p, q)) break
  }
  return found
}

/** A rate as the simplest fraction that is the same double (29.97 is 2997/100), or near it as far as fractions fit. */
function rateFraction(rateHz: number, fits: (p: bigint, q: bigint) => boolean): Fraction {
  return convergent(exactFraction(rateHz), fits, (p, q) => Number(p) / Number(q) === rateHz)
}

function periodOf([rateNumerator, rateDenominator]: Fraction): Fraction {
  return lowestTerms([NS_PER_SECOND * rateDenominator, rateNumerator])
}

/**
 * The period of a rate. Where that is no simple fraction it is 10^-9 away as a rule, and never more than about 10^-6, a
 * rate very near to a simple fraction being taken for that.
 */
function planPeriod(rateHz: number): Fraction {
  const fits = (p: bigint, q: bigint): boolean => {
    const [numerator, denominator] = periodOf([p, q])
    return numerator * denominator < PERIOD_PRODUCT_LIMIT
  }
  return periodOf(rateFraction(rateHz, fits))
}

function expectRate(name: string, rateHz: unknown): void {
  const expectation = `${RATE_MIN_HZ}–${RATE_MAX_HZ} Hz`
  if (typeof rateHz !== 'number') throw typeError(name, expectation, rateHz)
  if (!(rateHz >= RATE_MIN_HZ && rateHz <= RATE_MAX_HZ)) throw rangeError(name, expectation, rateHz)
}

/** The codes of the kinds; quaternions take four channels in a row. */
function planKinds(kinds: readonly ResampledKind[], channels: number): Uint8Array {
  if (!Array.isArray(kinds)) throw typeError('kinds', `an array of ${channels} kinds`, kinds)
  if (kinds.length !== channels) throw rangeError('kinds.length', `${channels}, one per channel`, kinds.length)
  const codes = Uint8Array.from(kinds as readonly ResampledKind[], (kind, index) => {
    expectOneOf(`kinds[${index}]`, kind, Object.keys(KINDS))
    return KINDS[kind]
  })
  for (let first = 0; first < channels; first++) {
    if (codes[first] !== KIND_QUATERNION) continue
    const end = first + 4
    for (let index = first; index < end; index++) {
      if (codes[index] === KIND_QUATERNION) continue
      throw rangeError(`kinds[${index}]`, `'quaternion' as kinds[${first}], four in a row`, kinds[index])
    }
    first = end - 1
  }
  return codes
}

function periodNsOf(rateHz: number): bigint {
  return BigInt(Math.max(1, Math.round(1e9 / rateHz)))
}

/** Checks the options of a resampler of irregular frames and turns them into exact numbers. */
export function planResampler(options: ResamplerOptions): ResamplerPlan {
  const {
    rateHz,
    channels,
    method = 'sinc',
    quality = 'standard',
    maxGapMs,
    nominalRateHz,
    kinds,
  } = ownOptions(options)
  expectRate('rateHz', rateHz)
  expectChannels(channels)
  expectOneOf('method', method, Object.keys(METHODS))
  expectOneOf('quality', quality, QUALITIES)
  if (nominalRateHz !== undefined) expectRate('nominalRateHz', nominalRateHz)
  const codes = kinds && planKinds(kinds, channels)
  const [periodNumerator, periodDenominator] = planPeriod(rateHz)
  const gapLimitNs = (BigInt(RESAMPLER_GAP_LIMIT_OUTPUTS) * periodNumerator) / periodDenominator
  let gapNs = 0n
  if (maxGapMs !== undefined) {
    const expectation = `> 0 and at most ${RESAMPLER_GAP_LIMIT_OUTPUTS} output periods (${Number(gapLimitNs) / 1e6} ms)`
    if (typeof maxGapMs !== 'number') throw typeError('maxGapMs', expectation, maxGapMs)
    if (!(maxGapMs > 0 && maxGapMs * 1e6 <= Number(gapLimitNs))) throw rangeError('maxGapMs', expectation, maxGapMs)
    gapNs = BigInt(Math.max(1, Math.floor(maxGapMs * 1e6)))
  }
  const nominalNs = nominalRateHz === undefined ? 0n : periodNsOf(nominalRateHz)
  return {
    channels,
    method: METHODS[method],
    kinds: codes?.some((code) => code !== KIND_VALUE) && method !== 'hold' ? codes : undefined,
    quality,
    periodNumerator,
    periodDenominator,
    nominalNs,
    gapNs,
    gapLimitNs,
  }
}

/** The threshold that goes with a nominal period: four of them, within the limit. */
export function gapOfNominal(nominalNs: bigint, gapLimitNs: bigint): bigint {
  return nominalNs <= gapLimitNs / BigInt(RESAMPLER_GAP_PERIODS)
    ? nominalNs * BigInt(RESAMPLER_GAP_PERIODS)
    : gapLimitNs
}

/** The inner grid for input of a nominal period, taken as 1/1,024 to 65,536 output periods: what the filter is good for. */
export function planInner(plan: ResamplerPlan, nominalNs: bigint): InnerGridPlan {
  const periodNs = Number(plan.periodNumerator) / Number(plan.periodDenominator)
  const frames = periodNs / Number(nominalNs)
  const decimation = Math.max(1 / RESAMPLER_GAP_LIMIT_OUTPUTS, Math.min(RESAMPLER_DECIMATION_MAX, frames))
  return planInnerGrid(plan.quality, decimation)
}

/** Frames closer than this are merged whatever the nominal period: the filter's limit. */
export function leastMergeNs(plan: ResamplerPlan): number {
  const periodNs = Number(plan.periodNumerator) / Number(plan.periodDenominator)
  return periodNs / (RESAMPLER_DECIMATION_MAX * RESAMPLER_MERGE_DIVISOR)
}

/** Checks the options of a uniform resampler and designs its filter. */
export function planUniformResampler(options: UniformResamplerOptions): FilterPlan {
  const { inputRateHz, rateHz, channels, quality = 'standard', ...others } = ownOptions(options)
  expectRate('inputRateHz', inputRateHz)
  expectRate('rateHz', rateHz)
  expectChannels(channels)
  expectOneOf('quality', quality, QUALITIES)
  for (const name of ['method', 'maxGapMs', 'nominalRateHz', 'kinds']) {
    const value = (others as Record<string, unknown>)[name]
    if (value === undefined || (name === 'method' && value === 'sinc')) continue
    throw rangeError(name, 'nothing beside inputRateHz (uniform input)', value)
  }
  const [least, most] = [inputRateHz / RESAMPLER_DECIMATION_MAX, inputRateHz * RESAMPLER_GAP_LIMIT_OUTPUTS]
  if (rateHz < least || rateHz > most) throw rangeError('rateHz', `${least}–${most} Hz, for inputRateHz`, rateHz)
  const fits = (p: bigint, q: bigint): boolean => p < RATIO_TERM_LIMIT && q < RATIO_TERM_LIMIT
  const input = rateFraction(inputRateHz, fits)
  const output = rateFraction(rateHz, fits)
  const ratio = lowestTerms([input[0] * output[1], input[1] * output[0]])
  const [numerator, denominator] = convergent(ratio, fits, () => false)
  return planUniformFilter(quality, Number(numerator), Number(denominator))
}
