// What a user would pick in place of the resampler.
import libsamplerate from '@alexanderolsen/libsamplerate-js'

const { ConverterType, create } = libsamplerate

/** libsamplerate in wasm, mono, by the name of its converter. */
export function createLibsamplerate(inputRateHz, rateHz, name) {
  return create(1, inputRateHz, rateHz, { converterType: ConverterType[name] })
}

/**
 * Straight lines between frames of three channels at times in ms, at the multiples of a period, as a user would write
 * them for speed: typed arrays, nothing allocated, channels written out. Returns the frames written.
 */
export function linearOntoGrid(timesMs, values, periodMs, outTimesMs, outValues) {
  const last = timesMs.length - 1
  const end = Math.floor(timesMs[last] / periodMs)
  let right = 1
  let frames = 0
  for (let n = Math.ceil(timesMs[0] / periodMs); n <= end; n++) {
    const now = n * periodMs
    while (timesMs[right] < now) right++
    const left = right - 1
    const share = (now - timesMs[left]) / (timesMs[right] - timesMs[left])
    const from = left * 3
    const to = frames * 3
    outTimesMs[frames++] = now
    outValues[to] = values[from] + (values[from + 3] - values[from]) * share
    outValues[to + 1] = values[from + 1] + (values[from + 4] - values[from + 1]) * share
    outValues[to + 2] = values[from + 2] + (values[from + 5] - values[from + 2]) * share
  }
  return frames
}
