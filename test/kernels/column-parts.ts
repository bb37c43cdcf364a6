import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

const MODES = ['RAW', 'BITS', 'DECIMAL', 'MULTIPLE', 'SINGLE', 'SCALED_SINGLE', 'PRINTED_SINGLE', 'HALVES']
const TYPES = ['f64', 'f32', 'i32', 'i64']
const CODERS = ['CONSTANT', 'PACKED', 'CLASSES', 'DICTIONARY']

/** What a coded column is made of, in the words of docs/format.md: a second look at its bytes, for tests. */
export interface ColumnParts {
  type: string
  mode: string
  /** Of the 32-bit floats behind 64-bit ones. */
  singlesMode?: string
  flags: string[]
  /** Per group, for example "order 1 DICTIONARY step". */
  groups: string[]
}

export function partsOf(bytes: Uint8Array): ColumnParts {
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  const groups: string[] = []
  const readGroups = (words: number, isLast: boolean): void => {
    for (let first = 0; first < words; first += 1024) {
      const plan = bytes[at++]
      const length = isLast && first + 1024 >= words ? bytes.length - at : varint()
      const parts = [`order ${plan & 3}`, CODERS[(plan >> 2) & 3]]
      if (plan & 16) parts.push('centre')
      if (plan & 32) parts.push('step')
      groups.push(parts.join(' '))
      at += length
    }
  }
  const head = bytes[at++]
  const count = varint()
  const parts: ColumnParts = { type: TYPES[head & 3], mode: MODES[(head >> 2) & 7], flags: [], groups }
  const readBody = (of: number, width: number): void => {
    const mode = (of >> 2) & 7
    if (of & 32) parts.flags.push('NEGATIVE_ZERO')
    if (of & 64) parts.flags.push('PATCHED')
    if (of & 128) parts.flags.push('STEPS')
    if (mode === 2 || mode === 6) at++
    if (mode === 3 || mode === 5) at += 8
    if (of & 64) {
      for (let patches = varint(); patches > 0; patches--) {
        varint()
        at += width
      }
    }
    if (mode === 7) {
      readGroups(count, false)
      readGroups(count, true)
    } else if (mode >= 4) {
      const inner = bytes[at++]
      parts.singlesMode = MODES[(inner >> 2) & 7]
      readBody(inner, 4)
    } else if (width === 8) {
      varint()
      if (of & 128) varint()
      readGroups(of & 128 ? count - 1 : count, true)
    } else readGroups(count, true)
  }
  if (parts.mode !== 'RAW') readBody(head, parts.type.endsWith('64') ? 8 : 4)
  return parts
}

/** Columns of numbers of a CSV file, by name; cells that are none are left out. */
export function columnsOfFile(path: string): Map<string, string[]> {
  const file = readFileSync(path)
  const text = (path.endsWith('.gz') ? gunzipSync(file) : file).toString()
  const [header, ...rows] = text.trim().split('\n')
  const names = header.split(',').map((name) => name.replaceAll('"', ''))
  const cells = rows.map((row) => row.split(','))
  return new Map(names.map((name, index) => [name, cells.map((row) => row[index])]))
}
