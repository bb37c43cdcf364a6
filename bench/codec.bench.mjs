// The column codec on real recordings: bytes per value and modes beside what others need, then its speed.
import { loadKernels } from '../dist/kernels.js'
import { BASELINES } from './baselines.mjs'
import { pco8Limit, pco8Ratio, perValue, sizeGoals, speedGoals } from './codec-goals.mjs'
import { columnSizes } from './column-sizes.mjs'
import { columnSpeed } from './column-speed.mjs'
import { printTable } from './harness.mjs'
import { loadRecordings } from './recordings.mjs'

const LONG = 1024
const SHORT = 128
const verdict = (isMet) => (isMet ? 'ok' : 'MISSED')
const sum = (numbers) => numbers.reduce((total, number) => total + number, 0)

function measureSet(kernels, { name, part, columns }) {
  const at = (columnValues, level) => columnSizes(kernels, columns, columnValues, level)
  return {
    name,
    part,
    dense: { long: at(LONG, 'dense'), short: at(SHORT, 'dense') },
    fast: { long: at(LONG, 'fast'), short: at(SHORT, 'fast') },
  }
}

/** Each set's sizes with the figures of others; the figures must be of as many values. */
function measureSets(kernels, recordings) {
  return recordings.map((recording, index) => {
    const { name, part, values, ...others } = BASELINES[index]
    const set = measureSet(kernels, recording)
    if (set.name !== name || set.part !== part || set.dense.long.values !== values) {
      throw new Error(
        `${set.name} ${set.part}: ${set.dense.long.values} values, the baselines have ${name} ${part}: ${values}`,
      )
    }
    return { ...set, ...others }
  })
}

function printSizes(sets, level) {
  printTable(
    `bytes per value, level ${level}, columns of 1,024 and of 128 values`,
    ['set', '', '1,024', '128', 'pco8-1024', 'zstd19', '× pco8', 'limit', '', '× zstd19', '128 × 1,024'],
    sets.map((set) => {
      const { long, short } = set[level]
      const ratio = pco8Ratio(set, level)
      return [
        set.name,
        set.part,
        perValue(long).toFixed(3),
        perValue(short).toFixed(3),
        set.pco8Of1024.toFixed(3),
        set.zstd19Whole.toFixed(3),
        ratio.toFixed(3),
        pco8Limit(set).toFixed(2),
        level === 'dense' ? verdict(ratio <= pco8Limit(set)) : '',
        (perValue(long) / set.zstd19Whole).toFixed(3),
        (perValue(short) / perValue(long)).toFixed(3),
      ]
    }),
  )
  // sizes are judged on level dense
  if (level !== 'dense') return
  printTable(
    `level ${level}: what it is judged by`,
    ['figure', 'is', 'at most', ''],
    sizeGoals(sets, level).map(({ name, figure, limit, isMet }) => [
      name,
      figure.toFixed(3),
      String(limit),
      verdict(isMet),
    ]),
  )
}

const shares = ({ modes, columns }) =>
  Object.entries(modes)
    .sort(([, a], [, b]) => b - a)
    .map(([mode, count]) => `${mode} ${((100 * count) / columns).toFixed(count === columns ? 0 : 1)} %`)
    .join(', ')

function printModes(sets) {
  console.log('\nshare of columns per mode, level dense')
  const width = Math.max(...sets.map(({ name, part }) => `${name} ${part}`.length))
  for (const { name, part, dense } of sets) {
    console.log(`${`${name} ${part}`.padEnd(width)}  1,024: ${shares(dense.long)}; 128: ${shares(dense.short)}`)
  }
}

/** The same recordings in other types: what a session records of numbers pushed is 64 bits wide. */
async function measureVariants(kernels, recordings, wide) {
  const narrow = (set) => set.columns.some((column) => column instanceof Float32Array)
  const positive = await loadRecordings({ hasNegativeZeros: false })
  const variants = [
    ...recordings.flatMap((set, index) => (narrow(set) ? [{ ...wide[index], part: 'as 64-bit floats' }] : [])),
    ...positive.filter(({ name }) => name === 'web_devicemotion').map((set) => ({ ...set, part: 'without −0' })),
  ]
  return variants.map((variant) => {
    const { pco8Of1024 } = BASELINES.find(({ name, part }) => name === variant.name && part === 'value')
    return { ...measureSet(kernels, variant), pco8Of1024 }
  })
}

function printVariants(variants) {
  printTable(
    'the same recordings otherwise, bytes per value, level dense (not judged)',
    ['set', '', '1,024', '128', '× pco8', 'modes at 1,024'],
    variants.map((set) => [
      set.name,
      set.part,
      perValue(set.dense.long).toFixed(3),
      perValue(set.dense.short).toFixed(3),
      pco8Ratio(set, 'dense').toFixed(3),
      shares(set.dense.long),
    ]),
  )
}

function printSpeed(results) {
  for (const { what, set, columnValues, rows } of results) {
    printTable(
      `${what}: ${set}, columns of ${columnValues.toLocaleString('en')}`,
      ['candidate', 'ns/value', 'quartiles', 'MB/s', '× first'],
      rows.map(({ name, nsPerUnit, q1, q3, megabytesPerSecond, ratio }) => [
        name,
        nsPerUnit.toFixed(2),
        `${q1.toFixed(2)}–${q3.toFixed(2)}`,
        megabytesPerSecond.toFixed(0),
        ratio.toFixed(2),
      ]),
    )
  }
}

function printSpeedGoals(goals) {
  printTable(
    'speed: ratios, the lowest of all sets and their geometric mean',
    ['what', 'lowest', 'mean', 'at least', '', 'lowest with'],
    goals.map(({ name, lowest, set, mean, target, isMet }) => [
      name,
      lowest.toFixed(2),
      mean.toFixed(2),
      String(target),
      verdict(isMet),
      set,
    ]),
  )
}

export async function bench({ json, quick }) {
  const recordings = await loadRecordings()
  if (!recordings) {
    console.error('codec: the recordings are missing (../shared/data beside this repository); nothing was measured')
    return
  }
  const wasm = await loadKernels({ build: 'wasm' })
  const reference = await loadKernels({ build: 'reference' })
  const sets = measureSets(wasm, recordings)
  const wide = await loadRecordings({ floats: 'f64' })
  const variants = await measureVariants(wasm, recordings, wide)
  const differing = sum(
    [...sets, ...variants].flatMap(({ dense, fast }) =>
      [dense.long, dense.short, fast.long, fast.short].map((sizes) => sizes.differing),
    ),
  )
  if (differing > 0) process.exitCode = 1
  const speed = await columnSpeed({ wasm, reference }, recordings, wide, { rounds: quick ? 5 : 31 })
  const goals = { dense: sizeGoals(sets, 'dense'), speed: speedGoals(speed) }
  if (json) {
    console.log(JSON.stringify({ differing, sets, variants, speed, goals }, null, 2))
    return
  }
  printSizes(sets, 'dense')
  printSizes(sets, 'fast')
  printVariants(variants)
  printModes(sets)
  console.log(`\nvalues that came back differently: ${differing} ${verdict(differing === 0)}`)
  printSpeed(speed)
  printSpeedGoals(goals.speed)
}
