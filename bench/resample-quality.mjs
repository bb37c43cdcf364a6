// How good resampled signals are, beside the published figures of others.
import { seededRandom } from './harness.mjs'
import { createLibsamplerate } from './resample-peers.mjs'
import { fitTone, levelDb, measureConverter, toneAt } from './tones.mjs'

const RATES = { inputRateHz: 48_000, rateHz: 44_100 }
const PROBES = { snrAtHz: [1000, 10_000, 17_000], gainAtHz: [17_500, 19_800], sweep: 96 }
const QUALITIES = ['fast', 'standard', 'best']

/** 48 to 44.1 kHz by others, as published: SNR at 1, 10 and 17 kHz, gain at 17.5 and 19.8 kHz, images and aliases. */
const OTHERS = [
  ['libsamplerate FASTEST (native)', '103', '-2.4 / -20', -102],
  ['libsamplerate MEDIUM (native)', '125–136', '0 / -1.9', -121],
  ['libsamplerate BEST (native)', '142–145', '0 / 0', -150],
  ['soxr LQ (native)', '114', '-1.8 / -20', -110],
  ['soxr HQ (native)', '134', '0 / 0', -136],
  ['soxr VHQ (native)', '150', '0 / 0', -153],
  ['speex-resampler q7 (int16)', '93', '0', -94],
  ['wave-resampler sinc', '34 / 14 / 9', '-1.5', -148],
].map(([name, snr, gain, spuriousDb]) => ({ name, snr, gain, spuriousDb }))

/** dB at 0.01, 0.05, 0.1 and 0.2 of the rate with 5 % jitter, as published. */
const OTHER_METHODS = [
  ['linear', [67, 39, 27, 15]],
  ['cubic Hermite', [112, 68, 48, 26]],
  ['Lagrange through 6', [191, 107, 72, 37]],
  ['natural spline', [147, 91, 66, 40]],
].map(([name, fidelityDb]) => ({ name, fidelityDb }))
export const PLACES = [0.01, 0.05, 0.1, 0.2]

function joined(Samples, pieces) {
  const values = new Samples(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    values.set(piece, at)
    at += piece.length
  }
  return values
}

export async function uniformQuality(kernels) {
  const measured = []
  for (const [type, Samples] of [
    ['f32', Float32Array],
    ['f64', Float64Array],
  ]) {
    for (const quality of QUALITIES) {
      for (const rateHz of [RATES.rateHz, 44_099.7]) {
        const resampler = kernels.createResampler({ ...RATES, rateHz, channels: 1, quality })
        const convert = (input) => joined(Samples, [resampler.pushUniform(input).values, resampler.flush().values])
        const name = `${quality}, ${type}${rateHz === RATES.rateHz ? '' : ', to 44,099.7 Hz'}`
        measured.push({ name, ...measureConverter({ ...RATES, rateHz, Samples, convert }, PROBES) })
      }
    }
  }
  for (const converter of ['SRC_SINC_FASTEST', 'SRC_SINC_MEDIUM_QUALITY']) {
    const peer = await createLibsamplerate(RATES.inputRateHz, RATES.rateHz, converter)
    const convert = (input) => peer.simple(input)
    const name = `libsamplerate-js ${converter.replace('SRC_SINC_', '')}, here`
    measured.push({ name, ...measureConverter({ ...RATES, Samples: Float32Array, convert }, PROBES) })
    peer.destroy()
  }
  return { measured, published: OTHERS }
}

/** Times of a jittered clock of `rateHz`, in ns: each strays by up to `jitter` of a period. */
export function jitteredTimestamps(count, rateHz, jitter, seed = 5) {
  const random = seededRandom(seed)
  return BigInt64Array.from({ length: count }, (_, index) =>
    BigInt(Math.round(((index + jitter * (2 * random() - 1)) / rateHz) * 1e9)),
  )
}

/** What a tone sampled at the timestamps has become on the grid of a rate, without half a filter at both ends. */
function sendTimed(kernels, options, timestampsNs, frequencyHz) {
  const secondsOf = (stamps) => Float64Array.from(stamps, (ns) => Number(ns - timestampsNs[0]) / 1e9)
  const resampler = kernels.createResampler({ ...options, channels: 1 })
  const pieces = [
    resampler.push(
      timestampsNs,
      secondsOf(timestampsNs).map((second) => toneAt(frequencyHz, second)),
    ),
    resampler.flush(),
  ]
  resampler.dispose()
  const all = joined(
    Float64Array,
    pieces.map(({ values }) => values),
  )
  const stamps = joined(
    BigInt64Array,
    pieces.map((piece) => piece.timestampsNs),
  )
  const values = Array.from(all.subarray(100, -100))
  return { values, seconds: Array.from(secondsOf(stamps).subarray(100, -100)) }
}

/** Irregular input at 1:1; the clocks drift past each other, so that outputs lie at every place between frames. */
export function timedQuality(kernels) {
  const rows = []
  for (const jitter of [0.05, 0.2]) {
    const timestampsNs = jitteredTimestamps(4000, 100.13, jitter)
    for (const method of ['sinc', 'cubic', 'linear']) {
      const fits = PLACES.map((place) => {
        const { seconds, values } = sendTimed(kernels, { rateHz: 100, method }, timestampsNs, place * 100)
        return fitTone(seconds, values, place * 100)
      })
      rows.push({
        name: `${method}, ${100 * jitter} % jitter`,
        fidelityDb: fits.map(({ fidelityDb }) => fidelityDb),
        snrDb: fits.map(({ snrDb }) => snrDb),
      })
    }
  }
  return { measured: rows, published: OTHER_METHODS }
}

/** What is left of 60 Hz at 50 Hz, by even timestamps and by those of a real phone where the recording is there. */
export function suppression(kernels, recordings) {
  const phone = recordings?.find(({ name, part }) => name === 'pixel_pocket_accel_405hz' && part === 'time')
  const clocks = [['even timestamps of 405 Hz', jitteredTimestamps(8000, 405, 0)]]
  if (phone) clocks.push(["a phone's timestamps", phone.columns[0].subarray(100, 8100)])
  return clocks.flatMap(([clock, timestampsNs]) =>
    QUALITIES.map((quality) => ({
      name: `${quality}, ${clock}`,
      leftDb: levelDb(sendTimed(kernels, { rateHz: 50, quality }, timestampsNs, 60).values),
    })),
  )
}
