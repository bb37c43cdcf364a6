import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KymographError } from '../../src/errors.js'
import type { Kernels } from '../../src/kernels/types.js'
import { generatedColumn } from './column-generator.js'
import {
  bytesOf,
  implementations,
  referenceKernels,
  seededRandom,
  typicalColumns,
  wasmKernels,
} from './implementations.js'

/** What decoding makes of bytes, in a form that can be compared. */
function outcome(kernels: Kernels, bytes: Uint8Array): string {
  try {
    const values = kernels.decodeColumn(bytes)
    return `${values[Symbol.toStringTag]} ${Buffer.from(bytesOf(values)).toString('hex')}`
  } catch (error) {
    if (!(error instanceof KymographError)) throw error
    expect(['malformed', 'truncated']).toContain(error.code)
    expect(error.offset).toBeGreaterThanOrEqual(0)
    expect(error.offset).toBeLessThanOrEqual(bytes.length)
    return `${error.code} ${error.offset}`
  }
}

function expectAgreement(bytes: Uint8Array): string {
  const given = outcome(referenceKernels, bytes)
  expect(outcome(wasmKernels, bytes)).toBe(given)
  return given
}

/** One of each mode and coder, and more. */
const coded = [
  ...Object.values(typicalColumns(200, 7)).map((values) => wasmKernels.encodeColumn(values)),
  ...Array.from({ length: 60 }, (_, seed) => wasmKernels.encodeColumn(generatedColumn(seed + 1))),
  ...Array.from({ length: 30 }, (_, seed) => wasmKernels.encodeColumn(generatedColumn(seed + 1), { level: 'fast' })),
].filter((bytes) => bytes.length < 1500)

/** Changes a few bytes: mostly the first ones, which say how the others are to be read. */
function mutate(bytes: Uint8Array, random: () => number): Uint8Array {
  const below = (n: number): number => Math.floor(random() * n)
  const mutant = bytes.slice(0, random() < 0.1 ? below(bytes.length + 1) : bytes.length)
  for (let change = 1 + below(3); change > 0 && mutant.length > 0; change--) {
    const at = random() < 0.6 ? below(Math.min(28, mutant.length)) : below(mutant.length)
    const kind = below(4)
    if (kind === 0) mutant[at] ^= 1 << below(8)
    else if (kind === 1) mutant[at] = below(256)
    else if (kind === 2) mutant[at] += below(2) * 2 - 1
    else mutant[at] = [0, 1, 127, 128, 255][below(5)]
  }
  return mutant
}

/** Not for once, since the machine was at something else. */
function isSlowAgain(mutant: Uint8Array): boolean {
  return Array.from({ length: 3 }).every(() => {
    const startedMs = performance.now()
    outcome(wasmKernels, mutant)
    return performance.now() - startedMs > SLOWEST_MS
  })
}

/** In the millions when asked for: HOSTILE_COLUMNS=20 runs 20 million. */
const MUTANTS = 1_000_000 * Number(process.env.HOSTILE_COLUMNS ?? 2)
/** One in so many is decoded by the reference too, which takes longer. */
const COMPARED_SHARE = 25
const SLOWEST_MS = 250

describe('hostile columns', () => {
  it('are refused at every length short of the whole', () => {
    for (const bytes of coded) {
      for (let length = 0; length < bytes.length; length += 1 + (length >> 6)) {
        expect(expectAgreement(bytes.subarray(0, length))).toMatch(/^(truncated|malformed) \d+$/)
      }
    }
  })

  it('give a coded error or values, and the same from both builds, when bytes are changed', {
    timeout: 600_000,
  }, () => {
    const random = seededRandom(51)
    let accepted = 0
    for (let round = 0; round < MUTANTS; round++) {
      const mutant = mutate(coded[round % coded.length], random)
      if (round % COMPARED_SHARE === 0) {
        expectAgreement(mutant)
        continue
      }
      const startedMs = performance.now()
      try {
        wasmKernels.decodeColumn(mutant)
        accepted++
      } catch (error) {
        const isCoded = error instanceof KymographError && (error.code === 'malformed' || error.code === 'truncated')
        if (!isCoded || !(error.offset! >= 0 && error.offset! <= mutant.length)) {
          expect.fail(`mutant ${round}, ${Buffer.from(mutant).toString('hex')}: ${error}`)
        }
      }
      // a guard against hanging: these columns are decoded in microseconds
      if (performance.now() - startedMs > SLOWEST_MS && isSlowAgain(mutant)) {
        expect.fail(`mutant ${round}, ${Buffer.from(mutant).toString('hex')} took too long`)
      }
    }
    expect(accepted).toBeGreaterThan(MUTANTS / 50)
  })

  it('give a coded error or values, the same from both builds, when bytes are random', () => {
    const withHead = fc.tuple(
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: 0, max: 200 }),
      fc.uint8Array({ maxLength: 60 }),
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 80 }),
          withHead.map(([head, count, rest]) => Uint8Array.of(head, count & 127, ...rest)),
        ),
        (bytes) => {
          expectAgreement(bytes)
        },
      ),
      { seed: 52, numRuns: 5000 },
    )
  })

  // heads: type | mode << 2 | flags; 06: 32-bit integers, 07: 64-bit integers, 08: doubles as decimals
  it.each<[name: string, hex: string, expected: string]>([
    ['no bytes', '', 'truncated 0'],
    ['a mode its type has not', '0a00', 'malformed 0'],
    ['SINGLE for 32-bit floats', '1100', 'malformed 0'],
    ['a flag on RAW', '2000', 'malformed 0'],
    ['negative zeros of integers', '260100', 'malformed 0'],
    ['steps of 32-bit integers', '860200', 'malformed 0'],
    ['steps of one value', '87010000', 'malformed 0'],
    ['no count', '00', 'truncated 1'],
    ['a count in more bytes than it needs', '008000', 'malformed 1'],
    ['a count above the limit', '0081808008', 'malformed 1'],
    ['a count of five bytes', '00ffffffff01', 'malformed 1'],
    ['no values in a mode other than RAW', '0600', 'malformed 1'],
    ['raw values that end early', '0202010203040506', 'truncated 8'],
    ['a byte after an empty column', '000000', 'malformed 2'],
    ['a byte after raw values', '02010102030405', 'malformed 6'],
    ['no exponent', '0801', 'truncated 2'],
    ['exponent 18', '08011200', 'malformed 2'],
    ['a quantum that is cut', '0c01000000', 'truncated 5'],
    ['a quantum of 0', '0c010000000000000000', 'malformed 2'],
    ['a negative quantum', '0c01000000000000f0bf', 'malformed 2'],
    ['a factor that is NaN', '1401000000000000f87f', 'malformed 2'],
    ['8 digits', '180108', 'malformed 2'],
    ['no head of the 32-bit floats', '1001', 'truncated 2'],
    ['a RAW head of 32-bit floats', '100101', 'malformed 2'],
    ['a head of 32-bit integers inside doubles', '100106', 'malformed 2'],
    ['no first integer', '0701', 'truncated 2'],
    ['a first integer of more than 64 bits', '0701ffffffffffffffffff02', 'malformed 2'],
    ['a first integer that is not in its shortest form', '07018000', 'malformed 2'],
    ['no patches where the head says so', '460100', 'malformed 2'],
    ['more patches than values', '460102', 'malformed 2'],
    ['a patch past the last value', '46010101', 'malformed 3'],
    ['a patch that is cut', '4601010001', 'truncated 5'],
    ['no group', '0601', 'truncated 2'],
    ['unknown bits in a plan', '060140', 'malformed 2'],
    ['an order above the words', '060102', 'malformed 2'],
    ['a coder for no codes', '060105', 'malformed 2'],
    ['a length past the end', '1f01040500', 'truncated 5'],
    ['no second group of halves', '1f010000', 'truncated 4'],
    ['something in a constant group', '06010000', 'malformed 2'],
    ['a head of more than 32 bits', '060101ffffffff1f', 'malformed 2'],
    ['a step that is not in its shortest form', '0601208000', 'malformed 2'],
    ['a width of 33 bits', '060104210000000000', 'malformed 2'],
    ['a block that ends early', '0602040801', 'malformed 2'],
    ['padding bits that are set', '060104030f', 'malformed 2'],
    ['no exceptions where the width says so', '060104830100', 'malformed 2'],
    ['an exception past the block', '06010483010101', 'malformed 2'],
    ['an exception of 0', '0601048301010000', 'malformed 2'],
    ['split 5', '0602080501', 'malformed 2'],
    ['no classes', '0602080000', 'malformed 2'],
    ['34 classes of split 0', '060208002200', 'malformed 2'],
    ['a last class that does not occur', '060208000110', 'malformed 2'],
    ['no distinct values', '06020c00', 'malformed 2'],
    ['a gap past 2^31', '06020c02feffffff17', 'malformed 2'],
    ['an integer beyond 53 bits', '080100ffffffffffffffff7f00', 'malformed 2'],
  ])('with %s are refused where the damage is', (_, hex, expected) => {
    expect(expectAgreement(Uint8Array.from(Buffer.from(hex, 'hex')))).toBe(expected)
  })

  it('cannot claim more values than their bytes hold', () => {
    // 2^24 values, one group
    const bomb = Uint8Array.from(Buffer.from('0780808008000000', 'hex'))
    for (let round = 0; round < 1000; round++) expect(expectAgreement(bomb)).toBe('truncated 8')
  })

  it('accept a first integer of the full 64 bits', () => {
    const bytes = Uint8Array.from(Buffer.from('0701ffffffffffffffffff0100', 'hex'))
    for (const [, kernels] of implementations) {
      expect(kernels.decodeColumn(bytes)).toEqual(BigInt64Array.of(-(2n ** 63n)))
    }
  })
})
