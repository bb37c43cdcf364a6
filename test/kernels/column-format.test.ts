import { describe, expect, it } from 'vitest'
import { implementations, typicalColumns } from './implementations.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const MODE = { raw: 0, int: 1, decimal: 2, floatAsF32: 3, bits: 4 }

describe.each(implementations)('the column format as written by %s', (_, kernels) => {
  it('is the bytes of docs/format.md', () => {
    expect(hex(kernels.encodeColumn(Float64Array.of(9.8, 9.7, 9.9)))).toBe('08030408c4c2c6')
    expect(hex(kernels.encodeColumn(BigInt64Array.of(1000n, 2000n, 3001n)))).toBe('0703000dd007f4c95d')
    expect(hex(kernels.encodeColumn(Float32Array.of(-0, 1.5)))).toBe('01020000000000c0803f')
    expect(hex(kernels.encodeColumn(new Float64Array(0)))).toBe('0000')
    expect(hex(kernels.encodeColumn(new BigInt64Array(0)))).toBe('0300')
  })

  it('stores heads and residuals of a steady clock in a few bytes', () => {
    const times = BigInt64Array.from({ length: 130 }, (_, index) => 1000n + 10n * BigInt(index))
    // order 2, heads 1000 and 10, one block of width 0
    expect(hex(kernels.encodeColumn(times))).toBe('078201' + '02' + 'd00f' + '14' + '00')
  })

  it('uses the mode the values ask for', () => {
    const modes = Object.entries(typicalColumns(500)).map(([name, values]) => [
      name,
      kernels.encodeColumn(values)[0] >> 2,
    ])
    expect(Object.fromEntries(modes)).toEqual({
      'decimals of one digit': MODE.decimal,
      'decimals of three digits': MODE.decimal,
      'noise in 64 bits': MODE.raw,
      'noise in 32 bits, widened': MODE.floatAsF32,
      'noise in 32 bits': MODE.raw,
      'decimals in 32 bits': MODE.decimal,
      'a walk of counts': MODE.int,
      'any 32-bit integers': MODE.raw,
      'timestamps with jitter': MODE.int,
      'one value throughout': MODE.decimal,
    })
    const near = Float64Array.from({ length: 500 }, (_, index) => Math.PI + index * 2 ** -51)
    expect(kernels.encodeColumn(near)[0] >> 2).toBe(MODE.bits)
  })

  it('codes a walk of tenths in less than a byte per value', () => {
    expect(kernels.encodeColumn(typicalColumns(800)['decimals of one digit']).length).toBeLessThan(800 * 0.7)
  })
})
