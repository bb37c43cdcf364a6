import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ColumnArray } from '../../src/kernels/types.js'
import { generatedColumn } from './column-generator.js'
import { partsOf } from './column-parts.js'
import { bytesOf, implementations, wasmKernels } from './implementations.js'

/** Coded columns, one of each kind, never rewritten: what was once written stays readable. */
interface Golden {
  kind: string
  type: string
  /** Hexadecimal: the coded column, and its values' bytes. */
  coded: string
  values: string
}

const FILE = 'test/golden/columns-v1.json'
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOfHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

function kindOf(coded: Uint8Array): string {
  const { type, mode, singlesMode, flags, groups } = partsOf(coded)
  return [type, mode, singlesMode, ...flags, groups[0]].filter(Boolean).join(' ')
}

/** Adds kinds that the file has not: run with WRITE_GOLDEN=1 when the format has gained one. */
function addMissing(goldens: Golden[]): Golden[] {
  const byKind = new Map(goldens.map((golden) => [golden.kind, golden]))
  for (let seed = 1; seed <= 30_000; seed++) {
    const values = generatedColumn(seed)
    if (values.length > 40) continue
    const coded = wasmKernels.encodeColumn(values, { level: seed % 5 === 0 ? 'fast' : 'dense' })
    const kind = kindOf(coded)
    if (!byKind.has(kind))
      byKind.set(kind, { kind, type: values.constructor.name, coded: hex(coded), values: hex(bytesOf(values)) })
  }
  const all = [...byKind.values()]
  writeFileSync(FILE, `[\n${all.map((golden) => JSON.stringify(golden)).join(',\n')}\n]\n`)
  return all
}

const stored = (): Golden[] => JSON.parse(readFileSync(FILE, 'utf8'))
const goldens = process.env.WRITE_GOLDEN ? addMissing(stored()) : stored()

describe.each(implementations)('golden columns decoded by %s', (_, kernels) => {
  it.each(goldens.map((golden) => [golden.kind, golden] as const))('%s', (_kind, golden) => {
    const decoded: ColumnArray = kernels.decodeColumn(bytesOfHex(golden.coded))
    expect(decoded.constructor.name).toBe(golden.type)
    expect(hex(bytesOf(decoded))).toBe(golden.values)
  })
})

it('there is a golden column of every mode, coder and flag', () => {
  const kinds = goldens.map(({ kind }) => kind).join('\n')
  const modes = ['RAW', 'BITS', 'DECIMAL', 'MULTIPLE', ' SINGLE', 'SCALED_SINGLE', 'PRINTED_SINGLE', 'HALVES']
  const parts = ['CONSTANT', 'PACKED', 'CLASSES', 'DICTIONARY', 'NEGATIVE_ZERO', 'PATCHED', 'STEPS', 'centre', 'step']
  for (const part of [...modes, ...parts, 'order 0', 'order 1', 'order 2', 'order 3']) expect(kinds).toContain(part)
})
