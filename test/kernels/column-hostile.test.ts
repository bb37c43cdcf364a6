import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KymographError } from '../../src/errors.js'
import type { Kernels } from '../../src/kernels/types.js'
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

const coded = Object.values(typicalColumns(200, 7)).map((values) => wasmKernels.encodeColumn(values))

describe('hostile columns', () => {
  it('are truncated at every length short of the whole', () => {
    for (const bytes of coded) {
      for (let length = 0; length < bytes.length; length++) {
        expect(expectAgreement(bytes.subarray(0, length))).toBe(`truncated ${length}`)
      }
    }
  })

  it('give a coded error or values, the same from both builds, when bytes are changed', () => {
    const random = seededRandom(51)
    for (let round = 0; round < 4000; round++) {
      const bytes = coded[round % coded.length].slice()
      const changes = 1 + Math.floor(random() * 4)
      for (let change = 0; change < changes; change++) {
        const at =
          random() < 0.5 ? Math.floor(random() * Math.min(12, bytes.length)) : Math.floor(random() * bytes.length)
        bytes[at] = random() < 0.5 ? bytes[at] ^ (1 << Math.floor(random() * 8)) : Math.floor(random() * 256)
      }
      expectAgreement(bytes)
    }
  })

  it('give a coded error or values, the same from both builds, when bytes are random', () => {
    const withHead = fc.tuple(
      fc.integer({ min: 0, max: 19 }),
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

  it.each<[name: string, bytes: number[], expected: string]>([
    ['no bytes', [], 'truncated 0'],
    ['an unknown mode', [0x14, 0], 'malformed 0'],
    ['INT for floats', [0x04, 0], 'malformed 0'],
    ['BITS for integers', [0x12, 0], 'malformed 0'],
    ['no count', [0x00], 'truncated 1'],
    ['a count in more bytes than it needs', [0x00, 0x80, 0x00], 'malformed 1'],
    ['a count above the limit', [0x00, 0x81, 0x80, 0x80, 0x08], 'malformed 1'],
    ['a count of five bytes', [0x00, 0xff, 0xff, 0xff, 0xff, 0x01], 'malformed 1'],
    ['a byte after an empty column', [0x00, 0x00, 0x00], 'malformed 2'],
    ['a byte after raw values', [0x02, 0x01, 1, 2, 3, 4, 5], 'malformed 6'],
    ['no plan', [0x06, 0x01], 'truncated 2'],
    ['delta order 3', [0x06, 0x04, 0x03, 0, 0, 0, 0], 'malformed 2'],
    ['an order above the count', [0x06, 0x01, 0x02, 0, 0], 'malformed 2'],
    ['an exponent for integers', [0x06, 0x01, 0x04, 0], 'malformed 2'],
    ['decimal exponent 18', [0x08, 0x01, 18 << 2, 0], 'malformed 2'],
    ['decimal exponent 11 in 32 bits', [0x09, 0x01, 11 << 2, 0], 'malformed 2'],
    ['a head of more than 64 bits', [0x07, 0x01, 0x01, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2], 'malformed 3'],
    ['a head that is not in its shortest form', [0x07, 0x01, 0x01, 0x80, 0], 'malformed 3'],
    ['a width of 65 bits', [0x07, 0x01, 0x00, 65], 'malformed 3'],
    ['a block that ends early', [0x07, 0x02, 0x00, 8, 1], 'truncated 5'],
    ['padding bits that are set', [0x06, 0x01, 0x00, 3, 0x0f], 'malformed 4'],
    ['an integer beyond 32 bits', [0x06, 0x01, 0x00, 33, 0xff, 0xff, 0xff, 0xff, 1], 'malformed 2'],
    ['a sum beyond 32 bits', [0x06, 0x02, 0x01, 0xfe, 0xff, 0xff, 0xff, 0x0f, 2, 2], 'malformed 2'],
    ['a decimal beyond 53 bits', [0x08, 0x01, 0x00, 55, 0, 0, 0, 0, 0, 0, 0x40], 'malformed 2'],
    ['a 32-bit float beyond 32 bits', [0x0c, 0x01, 0x00, 33, 0, 0, 0, 0, 1], 'malformed 2'],
    ['bits of a 32-bit float beyond 32 bits', [0x11, 0x01, 0x00, 33, 0, 0, 0, 0, 1], 'malformed 2'],
  ])('with %s are refused where the damage is', (_, bytes, expected) => {
    expect(expectAgreement(Uint8Array.from(bytes))).toBe(expected)
  })

  it('cannot claim more values than their bytes hold', () => {
    // 2^24 values in mode INT, order 0, with three blocks only
    const bomb = Uint8Array.of(0x07, 0x80, 0x80, 0x80, 0x08, 0x00, 0, 0, 0)
    const started = performance.now()
    for (let round = 0; round < 1000; round++) expect(expectAgreement(bomb)).toBe('truncated 9')
    expect(performance.now() - started).toBeLessThan(2000)
  })

  it('accept heads of the full 64 bits', () => {
    const bytes = Uint8Array.of(0x07, 0x01, 0x01, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1)
    for (const [, kernels] of implementations) {
      expect(kernels.decodeColumn(bytes)).toEqual(BigInt64Array.of(-(2n ** 63n)))
    }
  })
})
