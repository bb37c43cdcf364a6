// The one way this project times things: seeded input, warm-up, all candidates interleaved in one process, medians.
import { cpus } from 'node:os'

/** Deterministic random numbers in [0, 1): mulberry32. */
export function seededRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const ascending = (numbers) => numbers.toSorted((a, b) => a - b)

function quantile(sorted, q) {
  const at = (sorted.length - 1) * q
  const low = Math.floor(at)
  return sorted[low] + (sorted[Math.ceil(at)] - sorted[low]) * (at - low)
}

/**
 * Times candidates in turn, A B C A B C …, so that drift of the machine meets all alike.
 *
 * candidates: { name, run: () => unitsOfWork | Promise<unitsOfWork> }. Returns per candidate the nanoseconds per unit:
 * median, lower and upper quartile, one sample per round, and the ratio to the first candidate.
 */
export async function measure(candidates, { rounds = 15, warmups = 3, onRound = () => {} } = {}) {
  const samples = candidates.map(() => [])
  for (let round = -warmups; round < rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      const started = process.hrtime.bigint()
      const units = await candidate.run()
      const ns = Number(process.hrtime.bigint() - started)
      if (round >= 0) samples[index].push(ns / units)
    }
    onRound(round + warmups + 1, rounds + warmups)
  }
  const rows = candidates.map(({ name }, index) => {
    const sorted = ascending(samples[index])
    const [q1, nsPerUnit, q3] = [0.25, 0.5, 0.75].map((q) => quantile(sorted, q))
    return { name, nsPerUnit, q1, q3, samples: samples[index] }
  })
  return rows.map((row) => ({ ...row, ratio: timesSlower(row, rows[0]) }))
}

/**
 * How many times slower one candidate is than another of the same run: the median over the rounds, so that a clock that
 * changes between rounds, for both alike, does not show.
 */
export function timesSlower(row, than) {
  return quantile(ascending(row.samples.map((ns, round) => ns / than.samples[round])), 0.5)
}

/** A candidate of `measure` whose short work of so many units is repeated until one round takes `minMs`; warms up. */
export function repeated(name, work, units, minMs = 2) {
  let times = 1
  const run = () => {
    for (let i = 0; i < times; i++) work()
    return times * units
  }
  for (;;) {
    const startedMs = performance.now()
    run()
    if (performance.now() - startedMs >= minMs) return { name, run }
    times *= 2
  }
}

/** Prints rows of text under a header, the first column left-aligned, the others right-aligned. */
export function printTable(title, header, rows) {
  const widths = header.map((text, column) => Math.max(text.length, ...rows.map((row) => row[column].length)))
  const padded = (text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]))
  console.log(`\n${title}`)
  for (const row of [header, ...rows]) console.log(row.map(padded).join('  ').trimEnd())
}

/** Prints rows as a table, or the whole result as JSON. */
export function report(title, unit, rows, { json = false, notes = [] } = {}) {
  const machine = { node: process.version, cores: cpus().length, cpu: cpus()[0]?.model ?? 'unknown' }
  if (json) {
    const shown = rows.map(({ samples, ...row }) => row)
    process.stdout.write(`${JSON.stringify({ title, unit, machine, rows: shown, notes }, null, 2)}\n`)
    return
  }
  console.log(`${title} — Node ${machine.node}, ${machine.cores} cores`)
  const width = Math.max(...rows.map(({ name }) => name.length), 9)
  const unitColumn = `ns/${unit.replace(/s$/, '')}`
  console.log(`${'candidate'.padEnd(width)}  ${unitColumn.padStart(9)}   quartiles        M ${unit}/s  × first`)
  for (const { name, nsPerUnit, q1, q3, ratio } of rows) {
    const spread = `${q1.toFixed(2)}–${q3.toFixed(2)}`.padEnd(15)
    const rate = (1e3 / nsPerUnit).toFixed(2).padStart(8)
    console.log(
      `${name.padEnd(width)}  ${nsPerUnit.toFixed(2).padStart(9)}   ${spread}  ${rate}     ${ratio.toFixed(2)}`,
    )
  }
  for (const note of notes) console.log(note)
}
