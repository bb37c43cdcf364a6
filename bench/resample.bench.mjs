// Resampling: how good it is by tones, beside others, then how fast.
import { loadKernels } from '../dist/kernels.js'
import { printTable } from './harness.mjs'
import { loadRecordings } from './recordings.mjs'
import { PLACES, suppression, timedQuality, uniformQuality } from './resample-quality.mjs'
import { timedSpeed, uniformSpeed } from './resample-speed.mjs'

const verdict = (isMet) => (isMet ? 'ok' : 'MISSED')
const whole = (decibels) => decibels.toFixed(0)

function qualityGoals({ uniform, timed, left }) {
  const of = (rows, wanted) => rows.find(({ name }) => name === wanted)
  const goals = [
    ['standard', 110, -100, 0],
    ['best', 135, -120, 1],
  ].flatMap(([quality, leastDb, mostDb, gainAt]) =>
    ['f32', 'f64'].flatMap((type) => {
      const { snrDb, gainDb, spuriousDb } = of(uniform.measured, `${quality}, ${type}`)
      const any = of(uniform.measured, `${quality}, ${type}, to 44,099.7 Hz`)
      return [
        { name: `${quality}, ${type}: least SNR, dB`, figure: Math.min(...snrDb), atLeast: leastDb },
        { name: `${quality}, ${type}: images and aliases, dB`, figure: spuriousDb, atMost: mostDb },
        { name: `${quality}, ${type}, any ratio: images and aliases, dB`, figure: any.spuriousDb, atMost: mostDb },
        {
          name: `${quality}, ${type}: gain at ${[17.5, 19.8][gainAt]} kHz, dB off`,
          figure: Math.abs(gainDb[gainAt]),
          atMost: 0.1,
        },
      ]
    }),
  )
  for (const type of ['f32', 'f64']) {
    const { spuriousDb } = of(uniform.measured, `fast, ${type}`)
    goals.push({ name: `fast, ${type}: images and aliases, dB`, figure: spuriousDb, atMost: -95 })
  }
  for (const [percent, leastDb] of [
    [5, 70],
    [20, 60],
  ]) {
    const { fidelityDb } = of(timed.measured, `sinc, ${percent} % jitter`)
    const figure = fidelityDb[PLACES.indexOf(0.1)]
    goals.push({ name: `irregular, ${percent} % jitter, 0.1 of the rate, dB`, figure, atLeast: leastDb })
  }
  for (const { name, leftDb } of left) goals.push({ name: `60 Hz at 50 Hz: ${name}, dB`, figure: leftDb, atMost: -95 })
  return goals.map((goal) => ({
    ...goal,
    isMet: goal.atMost === undefined ? goal.figure >= goal.atLeast : goal.figure <= goal.atMost,
  }))
}

function printQuality({ uniform, timed }) {
  printTable(
    '48 to 44.1 kHz: SNR at 1, 10 and 17 kHz, gain at 17.5 and 19.8 kHz, all else a swept tone leaves, dB',
    ['converter', 'SNR', 'gain', 'images, aliases'],
    [
      ...uniform.measured.map(({ name, snrDb, gainDb, spuriousDb }) => [
        name,
        snrDb.map(whole).join(' / '),
        gainDb.map((gain) => (gain + 0).toFixed(2)).join(' / '),
        whole(spuriousDb),
      ]),
      ...uniform.published.map(({ name, snr, gain, spuriousDb }) => [
        `${name}, published`,
        snr,
        gain,
        whole(spuriousDb),
      ]),
    ],
  )
  printTable(
    'irregular input at 1:1: the tone over all that differs from it, dB, at parts of the rate; SNR counts no gain',
    ['method', ...PLACES.map(String), ...PLACES.map((place) => `SNR ${place}`)],
    [
      ...timed.measured.map(({ name, fidelityDb, snrDb }) => [name, ...fidelityDb.map(whole), ...snrDb.map(whole)]),
      ...timed.published.map(({ name, fidelityDb }) => [
        `${name}, 5 % jitter, published`,
        ...fidelityDb.map(whole),
        ...PLACES.map(() => ''),
      ]),
    ],
  )
}

function printSpeed(title, unit, rows) {
  printTable(
    title,
    ['candidate', `ns/${unit}`, 'quartiles', `M ${unit}s/s`],
    rows.map(({ name, nsPerUnit, q1, q3 }) => [
      name,
      nsPerUnit.toFixed(2),
      `${q1.toFixed(2)}–${q3.toFixed(2)}`,
      (1e3 / nsPerUnit).toFixed(1),
    ]),
  )
}

function printGoals(title, goals) {
  printTable(
    title,
    ['what', 'is', 'at least', 'at most', ''],
    goals.map(({ name, figure, atLeast = '', atMost = '', isMet }) => [
      name,
      figure.toFixed(Math.abs(figure) < 1 ? 3 : 1),
      String(atLeast),
      String(atMost),
      verdict(isMet),
    ]),
  )
}

export async function bench({ json, quick }) {
  const wasm = await loadKernels({ build: 'wasm' })
  const reference = await loadKernels({ build: 'reference' })
  const quality = {
    uniform: await uniformQuality(wasm),
    timed: timedQuality(wasm),
    left: suppression(wasm, await loadRecordings()),
  }
  const rounds = quick ? 15 : 51
  const speed = {
    uniform: await uniformSpeed({ wasm, reference }, { rounds }),
    timed: await timedSpeed({ wasm, reference }, { rounds }),
  }
  const goals = { quality: qualityGoals(quality), speed: [...speed.uniform.goals, ...speed.timed.goals] }
  if (json) {
    const withoutSamples = ({ rows }) => rows.map(({ samples, ...row }) => row)
    const shown = { uniform: withoutSamples(speed.uniform), timed: withoutSamples(speed.timed) }
    console.log(JSON.stringify({ quality, speed: shown, goals }, null, 2))
    return
  }
  printQuality(quality)
  printGoals('quality: what it is judged by', goals.quality)
  printSpeed('48 to 44.1 kHz, mono, 32 bits if not said otherwise', 'output', speed.uniform.rows)
  printSpeed('irregular, three channels of 64 bits, 1:1, 5 % jitter', 'frame', speed.timed.rows)
  printGoals('speed: medians of the ratios of each round', goals.speed)
}
