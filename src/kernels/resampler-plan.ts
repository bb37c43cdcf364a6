import { RESAMPLER_GAP_LIMIT_OUTPUTS } from '../../assembly/layout'
import { RATE_MAX_HZ } from '../limits.js'
import { expectChannels, expectOneOf, ownOptions, rangeError, typeError } from './arguments.js'
import type { ResamplerOptions } from './types.js'

const RATE_MIN_HZ = 0.001
const NS_PER_SECOND = 1_000_000_000n
/** Bound of period numerator × denominator, so that the grid is found with 64-bit integers. */
const PERIOD_PRODUCT_LIMIT = 1n << 62n

/** What a resampler runs on: everything exact, decided before the first frame. */
export interface ResamplerPlan {
  channels: number
  /** Output period in ns as a fraction in lowest terms. */
  periodNumerator: bigint
  periodDenominator: bigint
  /** Longest stretch that is bridged; 0n: measured from the data. */
  gapNs: bigint
  /** Upper bound of a measured threshold. */
  gapLimitNs: bigint
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b)
}

function periodOf(rateNumerator: bigint, rateDenominator: bigint): { numerator: bigint; denominator: bigint } {
  const numerator = NS_PER_SECOND * rateDenominator
  const divisor = greatestCommonDivisor(numerator, rateNumerator)
  return { numerator: numerator / divisor, denominator: rateNumerator / divisor }
}

/** A double as the exact fraction it is. */
function exactFraction(value: number): [numerator: bigint, denominator: bigint] {
  let scaled = value
  let denominator = 1n
  for (; !Number.isInteger(scaled); denominator *= 2n) scaled *= 2
  return [BigInt(scaled), denominator]
}

/**
 * The period of a rate: convergents of its continued fraction up to the first that is the same double (29.97 is
 * 2997/100), or the last whose terms fit, less than 2 parts in 10^9 away.
 */
function planPeriod(rateHz: number): { numerator: bigint; denominator: bigint } {
  let [rest, divisor] = exactFraction(rateHz)
  let [p, q, previousP, previousQ] = [1n, 0n, 0n, 1n]
  let period = { numerator: 0n, denominator: 1n }
  while (divisor !== 0n) {
    const term = rest / divisor
    ;[rest, divisor] = [divisor, rest % divisor]
    ;[p, q, previousP, previousQ] = [term * p + previousP, term * q + previousQ, p, q]
    if (p === 0n) continue
    const candidate = periodOf(p, q)
    if (candidate.numerator * candidate.denominator >= PERIOD_PRODUCT_LIMIT) break
    period = candidate
    if (Number(p) / Number(q) === rateHz) break
  }
  return period
}

/** Checks the options of a resampler and turns them into exact numbers. */
export function planResampler(options: ResamplerOptions): ResamplerPlan {
  const { rateHz, channels, method, maxGapMs } = ownOptions(options)
  const rateExpectation = `${RATE_MIN_HZ}–${RATE_MAX_HZ} Hz`
  if (typeof rateHz !== 'number') throw typeError('rateHz', rateExpectation, rateHz)
  if (!(rateHz >= RATE_MIN_HZ && rateHz <= RATE_MAX_HZ)) throw rangeError('rateHz', rateExpectation, rateHz)
  expectChannels(channels)
  if (method !== undefined) expectOneOf('method', method, ['linear'])
  const { numerator, denominator } = planPeriod(rateHz)
  const gapLimitNs = (BigInt(RESAMPLER_GAP_LIMIT_OUTPUTS) * numerator) / denominator
  let gapNs = 0n
  if (maxGapMs !== undefined) {
    const expectation = `> 0 and at most ${RESAMPLER_GAP_LIMIT_OUTPUTS} output periods (${Number(gapLimitNs) / 1e6} ms)`
    if (typeof maxGapMs !== 'number') throw typeError('maxGapMs', expectation, maxGapMs)
    if (!(maxGapMs > 0 && maxGapMs * 1e6 <= Number(gapLimitNs))) throw rangeError('maxGapMs', expectation, maxGapMs)
    gapNs = BigInt(Math.max(1, Math.floor(maxGapMs * 1e6)))
  }
  return { channels, periodNumerator: numerator, periodDenominator: denominator, gapNs, gapLimitNs }
}
