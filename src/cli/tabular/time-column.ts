import { KymographError } from '../../errors.js'
import { quote } from './failure.js'
import { looksLikeIso } from './iso-time.js'
import { numberOf } from './number-cell.js'
import type { ImportOptions } from './plan.js'
import { isUnixTime, TIME_UNITS, TimeReader, type TimeUnit } from './time-reader.js'
import { decideUnit } from './time-unit.js'

export interface TimeColumn {
  index: number
  unit: TimeUnit
  /** Why this unit, for people. */
  reason: string
}

/** What is known of a file's beginning. */
export interface Beginning {
  path: string
  /** Names of the columns; without header row their numbers. */
  columns: readonly string[]
  /** Whether the names are of the file. */
  hasNames: boolean
  /** Cells of the first rows, by row; absent ones are empty. */
  rows: readonly (readonly string[])[]
}

/** Finds the time column as asked for, by its name, or by its values. */
export function findTimeColumn(beginning: Beginning, options: ImportOptions): TimeColumn {
  if (options.timeUnit !== undefined && !TIME_UNITS.includes(options.timeUnit)) {
    throw new RangeError(`"timeUnit" expected ${TIME_UNITS.join(', ')}, got ${quote(String(options.timeUnit))}`)
  }
  if (options.timeColumn !== undefined) return read(beginning, askedFor(beginning, options.timeColumn), options)
  const found = beginning.hasNames ? byName(beginning, options) : byValues(beginning)
  if (found === undefined) throw noTimeColumn(beginning)
  return read(beginning, found, options)
}

function read(beginning: Beginning, index: number, { timeUnit }: ImportOptions): TimeColumn {
  if (timeUnit !== undefined) return { index, unit: timeUnit, reason: 'as told' }
  const name = beginning.hasNames ? beginning.columns[index] : undefined
  return { index, ...decideUnit(name, cellsOf(beginning, index)) }
}

function askedFor({ path, columns }: Beginning, wanted: string): number {
  const exact = columns.indexOf(wanted)
  if (exact >= 0) return exact
  const folded = columns.findIndex((name) => name.toLowerCase() === wanted.trim().toLowerCase())
  if (folded >= 0) return folded
  const number = /^\d+$/.test(wanted) ? Number(wanted) : 0
  if (number >= 1 && number <= columns.length) return number - 1
  throw new KymographError(
    'import-time',
    `${path}: no column ${quote(wanted)} for the time; there are ${list(columns)}`,
  )
}

/** Names of time columns, the best first. A mere hint counts only when the values advance. */
const NAMES: { pattern: RegExp; isHint?: boolean }[] = [
  { pattern: /^timestamp$|^(unix|epoch|utc|server|client|sensor|system)[ _.-]?(timestamp|time)$/ },
  { pattern: /timestamp/ },
  { pattern: /^date[ _-]?time$/ },
  { pattern: /^time$/ },
  { pattern: /[a-z0-9][ _.-]?time$/, isHint: true },
  { pattern: /^(unix|epoch|utc|ts)$/ },
  { pattern: /^date$/, isHint: true },
  { pattern: /elapsed|^(t|seconds|secs?|milliseconds|millis|microseconds|nanoseconds)$/ },
  { pattern: /^(ns|us|ms|s)$/, isHint: true },
]

/** The best named column whose values are times: Unix time before others, then by the name, then from the left. */
function byName(beginning: Beginning, options: ImportOptions): number | undefined {
  let best: { index: number; score: number } | undefined
  let fallback: number | undefined
  beginning.columns.forEach((name, index) => {
    const rank = rankOf(name)
    if (rank < 0) return
    const cells = cellsOf(beginning, index)
    const reader = new TimeReader(read(beginning, index, options).unit)
    const times = cells.map((cell) => reader.read(cell)).filter((time) => time !== undefined)
    // a few cells that are no time are told when they are met
    if (times.length * 2 <= cells.length) {
      fallback ??= index
      return
    }
    if (NAMES[rank]!.isHint && !advances(times.map(Number))) return
    const isUnix = times.every((time) => isUnixTime(time, time))
    const score = rank + (isUnix ? 0 : NAMES.length)
    if (!best || score < best.score) best = { index, score }
  })
  return best?.index ?? fallback
}

function rankOf(name: string): number {
  const plain = name
    .trim()
    .replace(/\s*[([][^()[\]]*[)\]]$|[_\s.-](ns|us|µs|ms|s|sec|utc)$|(?<=[a-z])(Ns|Us|Ms)$/i, '')
    .toLowerCase()
  return NAMES.findIndex(({ pattern }) => pattern.test(plain))
}

/** Without names: the first column that advances nearly always, repeats allowed. */
function byValues(beginning: Beginning): number | undefined {
  const index = beginning.columns.findIndex((_, column) => {
    const cells = beginning.rows.map((row) => row[column] ?? '')
    if (cells.every((cell) => looksLikeIso(cell))) return true
    const values = cells.map(numberOf)
    return values.every((value) => value !== undefined && Number.isFinite(value)) && advances(values as number[])
  })
  return index < 0 ? undefined : index
}

function advances(values: readonly number[]): boolean {
  let forward = 0
  let back = 0
  for (let i = 1; i < values.length; i++) {
    if (values[i]! > values[i - 1]!) forward++
    else if (values[i]! < values[i - 1]!) back++
  }
  if (values.length < 2) return true
  // one step back is not too many even in a short file
  return forward * 20 >= values.length - 1 && (back * 20 <= values.length - 1 || (back === 1 && forward > 1))
}

function cellsOf({ rows }: Beginning, column: number): string[] {
  return rows.map((row) => row[column] ?? '').filter((cell) => cell !== '')
}

function noTimeColumn({ path, columns }: Beginning): KymographError {
  return new KymographError(
    'import-time',
    `${path}: found no time column among ${list(columns)}; name it with --time COLUMN`,
  )
}

function list(columns: readonly string[]): string {
  const shown = columns.slice(0, 40).map((name, index) => `${index + 1} ${quote(name)}`)
  return `${shown.join(', ')}${columns.length > shown.length ? ` and ${columns.length - shown.length} more` : ''}`
}
