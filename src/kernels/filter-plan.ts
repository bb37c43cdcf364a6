import type { ResamplerQuality } from './types.js'

/** A polyphase low-pass filter: where outputs lie among the inputs, and the coefficients for each place. */
export interface FilterPlan {
  /** Input samples to each side of an output, a multiple of eight: the filter has twice as many taps. */
  halfTaps: number
  /** Places between two samples that have coefficients: row r is for r / rows of a sample. */
  rows: number
  /** Whether outputs lie between rows and weigh the two beside them; a row for one whole sample is there then. */
  isBlended: boolean
  /** Input samples per output: stepWhole + stepRest / stepDenominator. */
  stepWhole: number
  stepRest: number
  stepDenominator: number
  /** One row after the other, each of sum 1. */
  coefficients: Float64Array
}

interface Preset {
  /** Attenuation of the stopband. */
  stopbandDb: number
  /** Samples of the lower rate to each side of an output. */
  halfWidth: number
  /** Rows where outputs fall between them: what weighing two of them adds is below the stopband. */
  blendedRows: number
}

const PRESETS: Record<ResamplerQuality, Preset> = {
  fast: { stopbandDb: 98, halfWidth: 20, blendedRows: 256 },
  standard: { stopbandDb: 113, halfWidth: 29, blendedRows: 512 },
  best: { stopbandDb: 138, halfWidth: 88, blendedRows: 1280 },
}

/** Most places that get rows of their own, where input and output have about the same rate. */
const EXACT_ROWS_MAX = 1024
/** A grid this near the rate of irregular input, or above it, lets nothing in that could fold: half the filter will do. */
const FOLDING_RATIO = 0.9
/**
 * Points of the inner grid per input period, at least: images of the passband to both sides of the input's rate then fall
 * into the stopband. Two would be safe; a twentieth less lets a measured rate stray about the output's.
 */
const OVERSAMPLING = 1.9

/** sin(2π × turns), by its series: engines differ in the last bit of Math.sin. */
function sineOfTurns(turns: number): number {
  let angle = turns - Math.round(turns)
  if (angle > 0.25) angle = 0.5 - angle
  else if (angle < -0.25) angle = -0.5 - angle
  angle *= 2 * Math.PI
  const square = angle * angle
  let sum = 0
  for (let k = 21; k > 1; k -= 2) sum = ((1 + sum) * -square) / (k * (k - 1))
  return angle * (1 + sum)
}

/** Modified Bessel function of order 0, by its series. */
function bessel(x: number): number {
  const quarter = (x * x) / 4
  let term = 1
  let sum = 1
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= quarter / (k * k)
    sum += term
  }
  return sum
}

/**
 * Coefficients of a windowed sinc: rows for 0, 1 / rows, 2 / rows … of a sample, `count` of them.
 *
 * `stopEdge`: where the stopband begins, cycles per sample. Source: J. F. Kaiser, "Nonrecursive digital filter design
 * using the I0-sinh window function", 1974.
 */
function designRows(stopbandDb: number, halfTaps: number, stopEdge: number, rows: number, count: number): Float64Array {
  const taps = 2 * halfTaps
  const beta = 0.1102 * (stopbandDb - 8.7)
  const transition = (stopbandDb - 8) / (2.285 * 2 * Math.PI * taps)
  const bandwidth = 2 * stopEdge - transition
  const scale = 1 / bessel(beta)
  const coefficientAt = (distance: number): number => {
    const place = distance / halfTaps
    const window = bessel(beta * Math.sqrt(Math.max(0, 1 - place * place))) * scale
    const sinc = distance === 0 ? bandwidth : sineOfTurns((bandwidth * distance) / 2) / (Math.PI * distance)
    return window * sinc
  }
  const coefficients = new Float64Array(count * taps)
  for (let row = 0; row < count; row++) {
    const first = row * taps
    let sum = 0
    for (let tap = 0; tap < taps; tap++) {
      const distance = tap - halfTaps + 1 - row / rows
      // row 0 is even about its centre
      const mirrored = first + taps - 2 - tap
      const coefficient = row === 0 && distance > 0 && mirrored >= 0 ? coefficients[mirrored]! : coefficientAt(distance)
      coefficients[first + tap] = coefficient
      sum += coefficient
    }
    for (let tap = 0; tap < taps; tap++) coefficients[first + tap]! /= sum
  }
  return coefficients
}

interface Step {
  whole: number
  rest: number
  denominator: number
}

/** A filter so many times longer changes as many times slower from place to place, and needs as many fewer rows. */
function planRows({ stopbandDb, blendedRows, ...preset }: Preset, halfWidth: number, stopEdge: number, step: Step) {
  const halfTaps = 8 * Math.ceil(halfWidth / 8)
  const stretch = Math.max(1, halfWidth / preset.halfWidth)
  const isBlended = step.denominator * stretch > EXACT_ROWS_MAX && step.denominator > 1
  const rows = isBlended ? Math.max(2, Math.ceil(blendedRows / stretch)) : step.denominator
  return {
    halfTaps,
    rows,
    isBlended,
    stepWhole: step.whole,
    stepRest: step.rest,
    stepDenominator: step.denominator,
    coefficients: designRows(stopbandDb, halfTaps, stopEdge, rows, isBlended ? rows + 1 : rows),
  }
}

/** The filter from one uniform rate to another; inputRate / rate is numerator / denominator. Stops at half the lower one. */
export function planUniformFilter(quality: ResamplerQuality, numerator: number, denominator: number): FilterPlan {
  const preset = PRESETS[quality]
  const decimation = Math.max(1, numerator / denominator)
  return planRows(preset, preset.halfWidth * decimation, 0.5 / decimation, {
    whole: Math.floor(numerator / denominator),
    rest: numerator % denominator,
    denominator,
  })
}

/** The inner grid of irregular input: `multiple` points per output, or one for each `divisor` outputs. */
export interface InnerGridPlan {
  multiple: number
  divisor: number
  filter: FilterPlan
}

/** The inner grid and its filter for input of about `decimation` frames per output. */
export function planInnerGrid(quality: ResamplerQuality, decimation: number): InnerGridPlan {
  const preset = PRESETS[quality]
  const points = OVERSAMPLING * decimation
  const multiple = Math.max(1, Math.ceil(points))
  const divisor = Math.max(1, Math.floor(1 / points))
  const folds = decimation * FOLDING_RATIO > 1
  // Of the lower of both rates, in points of the inner grid: its period, and where the stopband may begin.
  const period = Math.max(1, 1 / decimation) * (multiple / divisor)
  const halfWidth = (folds ? 1 : 0.5) * preset.halfWidth * period
  const transition = (preset.stopbandDb - 8) / (2.285 * 4 * Math.PI * halfWidth)
  const stopEdge = 0.5 / period + (folds ? 0 : transition / 2)
  const filter = planRows(preset, halfWidth, stopEdge, {
    whole: divisor > 1 ? 0 : multiple,
    rest: divisor > 1 ? 1 : 0,
    denominator: divisor,
  })
  return { multiple, divisor, filter }
}
