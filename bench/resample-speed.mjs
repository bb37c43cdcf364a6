// How fast resampling is beside the reference and what users would pick.
import { measure, repeated, seededRandom, timesSlower } from './harness.mjs'
import { createLibsamplerate, linearOntoGrid } from './resample-peers.mjs'
import { jitteredTimestamps } from './resample-quality.mjs'

const INPUT_RATE_HZ = 48_000
const RATE_HZ = 44_100
const ANY_RATE_HZ = 44_099.7
const PUSHED_FRAMES = 2048
const TIMED_FRAMES = 262_144
const TIMED_PUSH = 4096
const TIMED_RATE_HZ = 100
/** Rounds are short, alike for all, so that on a busy machine most of them pass undisturbed. */
const ROUND_MS = 3

/** Claims: `ours` takes at most 1/`atLeast` of the time of `peer`, or at most `atMost` times its time. */
function judge(rows, claims) {
  const rowOf = (wanted) => rows.find(({ name }) => name === wanted)
  return claims.map(({ ours, peer, atLeast, atMost }) => {
    const slower = timesSlower(rowOf(ours), rowOf(peer))
    return atMost === undefined
      ? { name: `${ours}: speed × ${peer}`, figure: timesSlower(rowOf(peer), rowOf(ours)), atLeast }
      : { name: `${ours}: time × ${peer}`, figure: slower, atMost }
  })
}

const met = (goal) => ({
  ...goal,
  isMet: goal.atMost === undefined ? goal.figure >= goal.atLeast : goal.figure <= goal.atMost,
})

function noise(Samples) {
  const random = seededRandom(11)
  return Samples.from({ length: PUSHED_FRAMES }, () => 1.8 * random() - 0.9)
}

/** Mono, in pushes of 2,048; ns per output. */
export async function uniformSpeed({ wasm, reference }, { rounds }) {
  const [singles, doubles] = [noise(Float32Array), noise(Float64Array)]
  const outputs = (PUSHED_FRAMES * RATE_HZ) / INPUT_RATE_HZ
  const pushing = (name, kernels, quality, samples, rateHz = RATE_HZ) => {
    const resampler = kernels.createResampler({ inputRateHz: INPUT_RATE_HZ, rateHz, channels: 1, quality })
    return repeated(name, () => resampler.pushUniform(samples), outputs, ROUND_MS)
  }
  const converting = async (name, converter) => {
    const peer = await createLibsamplerate(INPUT_RATE_HZ, RATE_HZ, converter)
    return repeated(name, () => peer.full(singles), outputs, ROUND_MS)
  }
  const candidates = [
    pushing('standard', wasm, 'standard', singles),
    pushing('standard, any ratio', wasm, 'standard', singles, ANY_RATE_HZ),
    pushing('standard, f64', wasm, 'standard', doubles),
    pushing('standard, any ratio, f64', wasm, 'standard', doubles, ANY_RATE_HZ),
    pushing('fast', wasm, 'fast', singles),
    pushing('best', wasm, 'best', singles),
    pushing('best, any ratio', wasm, 'best', singles, ANY_RATE_HZ),
    pushing('best, f64', wasm, 'best', doubles),
    pushing('standard, reference', reference, 'standard', singles),
    pushing('standard, f64, reference', reference, 'standard', doubles),
    pushing('best, reference', reference, 'best', singles),
    pushing('best, f64, reference', reference, 'best', doubles),
    await converting('libsamplerate-js FASTEST', 'SRC_SINC_FASTEST'),
    await converting('libsamplerate-js MEDIUM', 'SRC_SINC_MEDIUM_QUALITY'),
  ]
  const rows = await measure(candidates, { rounds })
  const goals = judge(rows, [
    { ours: 'standard', peer: 'libsamplerate-js FASTEST', atLeast: 12 },
    { ours: 'best', peer: 'libsamplerate-js MEDIUM', atLeast: 12 },
    { ours: 'standard, any ratio', peer: 'standard', atMost: 2.5 },
    { ours: 'best, any ratio', peer: 'best', atMost: 2.5 },
    { ours: 'standard', peer: 'standard, reference', atLeast: 5 },
    { ours: 'standard, f64', peer: 'standard, f64, reference', atLeast: 5 },
    { ours: 'best', peer: 'best, reference', atLeast: 5 },
    { ours: 'best, f64', peer: 'best, f64, reference', atLeast: 5 },
  ])
  return { rows, goals: goals.map(met) }
}

/** Three channels of 64 bits at 1:1 with 5 % jitter, in pushes of 4,096; ns per frame. */
export async function timedSpeed({ wasm, reference }, { rounds }) {
  const timestampsNs = jitteredTimestamps(TIMED_FRAMES, TIMED_RATE_HZ, 0.05)
  const timesMs = Float64Array.from(timestampsNs, (ns) => Number(ns) / 1e6)
  const random = seededRandom(12)
  const values = Float64Array.from({ length: 3 * TIMED_PUSH }, () => 20 * random() - 10)
  /** Takes the next piece of the clock, over and over. */
  const cycled = (name, take, startOver = () => {}) => {
    let first = 0
    const takeNext = () => {
      take(first, first + TIMED_PUSH)
      first += TIMED_PUSH
      if (first < TIMED_FRAMES) return
      first = 0
      startOver()
    }
    return repeated(name, takeNext, TIMED_PUSH, ROUND_MS)
  }
  const pushing = (name, kernels, options) => {
    const resampler = kernels.createResampler({ rateHz: TIMED_RATE_HZ, channels: 3, ...options })
    const push = (first, end) => resampler.push(timestampsNs.subarray(first, end), values)
    return cycled(name, push, () => resampler.flush())
  }
  const outTimesMs = new Float64Array(TIMED_PUSH + 1)
  const outValues = new Float64Array(3 * (TIMED_PUSH + 1))
  const linear = (first, end) =>
    linearOntoGrid(timesMs.subarray(first, end), values, 1000 / TIMED_RATE_HZ, outTimesMs, outValues)
  const candidates = [
    pushing('sinc', wasm, {}),
    pushing('sinc, fast', wasm, { quality: 'fast' }),
    pushing('sinc, best', wasm, { quality: 'best' }),
    pushing('cubic', wasm, { method: 'cubic' }),
    pushing('linear', wasm, { method: 'linear' }),
    pushing('hold', wasm, { method: 'hold' }),
    pushing('sinc, reference', reference, {}),
    pushing('linear, reference', reference, { method: 'linear' }),
    cycled('plain JavaScript, linear', linear),
  ]
  const rows = await measure(candidates, { rounds })
  const goals = judge(rows, [{ ours: 'sinc', peer: 'plain JavaScript, linear', atMost: 12 }])
  return { rows, goals: goals.map(met) }
}
