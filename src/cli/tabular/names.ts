import { basename } from 'node:path'
import { NAME_MAX_LENGTH } from '../../limits.js'

const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/
const EXTENSIONS = /\.(gz|csv|tsv|txt|tab|dat|ndjson|jsonl|json|log)$/i

/** Units as sensor exports write them, by UCUM code. */
const UNITS = new Map<string, string>([
  ...[
    'm/s2',
    'm/s',
    'm',
    'mm',
    'cm',
    'km',
    'km/h',
    'rad',
    'rad/s',
    'deg',
    'deg/s',
    's',
    'ms',
    'us',
    'ns',
    'px',
    'Hz',
  ].map((unit): [string, string] => [unit, unit]),
  ...['V', 'mV', 'uV', 'uT', 'Pa', 'hPa', 'kPa', 'lx', '%', 'A', 'mA', 'W', 'N', 'Cel', 'K'].map(
    (unit): [string, string] => [unit, unit],
  ),
  ...([
    ['m/s^2', 'm/s2'],
    ['m/s²', 'm/s2'],
    ['µT', 'uT'],
    ['μT', 'uT'],
    ['µV', 'uV'],
    ['μV', 'uV'],
    ['µs', 'us'],
    ['μs', 'us'],
    ['g', '[g]'],
    ['°', 'deg'],
    ['°/s', 'deg/s'],
    ['dps', 'deg/s'],
    ['°C', 'Cel'],
    ['bpm', '/min'],
  ] as [string, string][]),
])

/** Whether a text may name a stream or a channel. */
export function isName(text: string): boolean {
  return NAME.test(text)
}

/** A text as a name: runs of other characters become `_`, `c` in front where it does not begin with a letter. */
export function toName(text: string): string {
  if (isName(text)) return text
  const kept = text.replace(/[^A-Za-z0-9_.-]+/g, '_').replace(/^_+|_+$/g, '')
  return (/^[A-Za-z]/.test(kept) ? kept : `c${kept}`).slice(0, NAME_MAX_LENGTH)
}

/** A header cell as quantity and UCUM unit: `X (m/s^2)` is X in m/s2. An unknown unit stays part of the name. */
export function splitUnit(header: string): { quantity: string; unit?: string } {
  const match = /^(.*?\S)\s*(?:\(([^()]*)\)|\[([^[\]]*)\])$/.exec(header)
  const unit = match ? UNITS.get((match[2] ?? match[3] ?? '').trim()) : undefined
  return match && unit !== undefined ? { quantity: match[1]!, unit } : { quantity: header }
}

/** Gives each name once: the second of a kind gets `_2`, the third `_3`. */
export class NameRegistry {
  readonly #taken: Set<string>

  constructor(...reserved: string[]) {
    this.#taken = new Set(reserved)
  }

  claim(wanted: string): string {
    let name = wanted
    for (let n = 2; this.#taken.has(name); n++) {
      const suffix = `_${n}`
      name = wanted.slice(0, NAME_MAX_LENGTH - suffix.length) + suffix
    }
    this.#taken.add(name)
    return name
  }
}

/** Name of a file without its extensions, as a stream name. */
export function streamNameOf(path: string): string {
  let name = basename(path)
  while (EXTENSIONS.test(name)) name = name.replace(EXTENSIONS, '')
  return toName(name)
}
