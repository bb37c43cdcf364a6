// How good a resampler is, by tones: a least-squares fit at the instants of the outputs takes out the tone that went in,
// and what is left is the error. Nothing leaks, so no window is needed; outputs near the ends are left out.

export const AMPLITUDE = 0.9
const PHASE = 0.7

const decibels = (ratio) => 20 * Math.log10(ratio)
const rootMeanSquare = (values) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length)

/** The tone at an instant in seconds. */
export const toneAt = (frequencyHz, second) => AMPLITUDE * Math.sin(2 * Math.PI * frequencyHz * second + PHASE)

/**
 * Fits a tone to values at instants in seconds.
 *
 * Returns dB: SNR (tone over all else), gain, residual (all else over the tone that went in), fidelity (the tone that went
 * in over all that differs from it, in gain and phase too).
 */
export function fitTone(seconds, values, frequencyHz) {
  let [ss, cc, sc, sv, cv] = [0, 0, 0, 0, 0]
  const basis = seconds.map((second) => {
    const angle = 2 * Math.PI * frequencyHz * second + PHASE
    return [Math.sin(angle), Math.cos(angle)]
  })
  for (const [index, [sine, cosine]] of basis.entries()) {
    ss += sine * sine
    cc += cosine * cosine
    sc += sine * cosine
    sv += sine * values[index]
    cv += cosine * values[index]
  }
  const determinant = ss * cc - sc * sc
  const [a, b] = [(sv * cc - cv * sc) / determinant, (cv * ss - sv * sc) / determinant]
  const fitted = basis.map(([sine, cosine]) => a * sine + b * cosine)
  const residual = rootMeanSquare(fitted.map((value, index) => values[index] - value))
  const strayed = rootMeanSquare(basis.map(([sine], index) => values[index] - AMPLITUDE * sine))
  return {
    snrDb: decibels(rootMeanSquare(fitted) / residual),
    gainDb: decibels(Math.hypot(a, b) / AMPLITUDE),
    residualDb: decibels((residual * Math.SQRT2) / AMPLITUDE),
    fidelityDb: decibels(AMPLITUDE / Math.SQRT2 / strayed),
  }
}

/** Level of values over a tone that should not be there. */
export const levelDb = (values) => decibels((rootMeanSquare(Array.from(values)) * Math.SQRT2) / AMPLITUDE)

/**
 * A converter of uniform rates, `{ inputRateHz, rateHz, Samples, convert(samples) }`, by tones: SNR and gain at some
 * frequencies, and the worst image or alias of tones swept over the whole band of the input.
 */
export function measureConverter({ inputRateHz, rateHz, Samples, convert }, { snrAtHz, gainAtHz, sweep }) {
  const edge = 120
  const judged = 1000
  const send = (frequencyHz) => {
    const count = Math.ceil(((judged + 2 * edge) * inputRateHz) / rateHz)
    const input = Samples.from({ length: count }, (_, index) => toneAt(frequencyHz, index / inputRateHz))
    const output = Array.from(convert(input).subarray(edge, edge + judged))
    if (frequencyHz >= rateHz / 2) return { residualDb: levelDb(output) }
    return fitTone(
      output.map((_, index) => (index + edge) / rateHz),
      output,
      frequencyHz,
    )
  }
  const edges = [1.0002, 1.002, 1.01, 1.03, 1.06].map((factor) => (factor * rateHz) / 2)
  const swept = [...Array.from({ length: sweep }, (_, index) => ((index + 0.5) / sweep) * (inputRateHz / 2)), ...edges]
  return {
    snrDb: snrAtHz.map((frequencyHz) => send(frequencyHz).snrDb),
    gainDb: gainAtHz.map((frequencyHz) => send(frequencyHz).gainDb),
    spuriousDb: Math.max(...swept.filter((hz) => hz < inputRateHz / 2).map((hz) => send(hz).residualDb)),
  }
}
