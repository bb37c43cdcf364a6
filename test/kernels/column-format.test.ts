import { describe, expect, it } from 'vitest'
import type { ColumnArray } from '../../src/kernels/types.js'
import { implementations, typicalColumns } from './implementations.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const MODE = { raw: 0, bits: 1, decimal: 2, multiple: 3, single: 4, scaledSingle: 5, printedSingle: 6, halves: 7 }
const modeOf = (bytes: Uint8Array): number => (bytes[0] >> 2) & 7

describe.each(implementations)('the column format as written by %s', (_, kernels) => {
  it('is the bytes of docs/format.md', () => {
    expect(hex(kernels.encodeColumn(Float64Array.of(9.8, 9.7, 9.9)))).toBe('080301c20104030201')
    expect(hex(kernels.encodeColumn(BigInt64Array.of(1000n, 2000n, 3001n)))).toBe('0703d00f040c00007da20f')
    const clock = BigInt64Array.from({ length: 130 }, (_, index) => 1000n + 10n * BigInt(index))
    expect(hex(kernels.encodeColumn(clock))).toBe('078201d00f31000a02')
    const codes = Int32Array.from({ length: 40 }, (_, index) => [0, 0, 1, 0, 5, 0, 0, 2][index % 8])
    expect(hex(kernels.encodeColumn(codes))).toBe('06280c0400204144ef80c99d6c1f30b901')
    expect(hex(kernels.encodeColumn(Float32Array.of(-0, 1.5)))).toBe('29020104 05c103'.replace(' ', ''))
    expect(hex(kernels.encodeColumn(new Float64Array(0)))).toBe('0000')
    expect(hex(kernels.encodeColumn(new BigInt64Array(0)))).toBe('0300')
  })

  it('uses the mode the values ask for', () => {
    const modes = Object.entries(typicalColumns(500)).map(([name, values]) => [
      name,
      modeOf(kernels.encodeColumn(values)),
    ])
    expect(Object.fromEntries(modes)).toEqual({
      'decimals of one digit': MODE.decimal,
      'decimals of three digits': MODE.decimal,
      'noise in 64 bits': MODE.halves,
      'noise in 32 bits, widened': MODE.single,
      'noise in 32 bits': MODE.bits,
      'decimals in 32 bits': MODE.decimal,
      'a walk of counts': MODE.bits,
      'any 32-bit integers': MODE.raw,
      'timestamps with jitter': MODE.bits,
      'one value throughout': MODE.decimal,
    })
    const near = Float64Array.from({ length: 500 }, (_, index) => Math.PI + index * 2 ** -51)
    expect(modeOf(kernels.encodeColumn(near))).toBe(MODE.bits)
  })

  it('finds what sensors and their drivers did to the values', () => {
    const walk = Int32Array.from({ length: 600 }, (_, index) =>
      Math.round(800 * Math.sin(index / 20) + 30 * Math.sin(index)),
    )
    const singles = Float32Array.from(walk, (k) => k * Math.fround(0.002395))
    const bytesPerValue = (values: Float32Array | Float64Array): number => kernels.encodeColumn(values).length / 600
    expect(modeOf(kernels.encodeColumn(singles))).toBe(MODE.multiple)
    expect(bytesPerValue(singles)).toBeLessThan(1)
    // Android, passed on as doubles, and as text that was read again
    expect(modeOf(kernels.encodeColumn(Float64Array.from(singles)))).toBe(MODE.single)
    expect(bytesPerValue(Float64Array.from(singles))).toBeLessThan(1)
    const printed = Float64Array.from(singles, (single) => Number(shortest(single)))
    expect(modeOf(kernels.encodeColumn(printed))).toBe(MODE.printedSingle)
    expect(bytesPerValue(printed)).toBeLessThan(1)
    // Core Motion: g as 32-bit floats, times standard gravity
    const gravity = Float64Array.from(walk, (k) => Math.fround(Math.sin(k) / 3) * 9.80665)
    expect(modeOf(kernels.encodeColumn(gravity))).toBe(MODE.scaledSingle)
    expect(bytesPerValue(gravity)).toBeLessThan(4)
  })

  it('codes what hardly changes in a few bytes', () => {
    const sizeOf = (values: ColumnArray): number => kernels.encodeColumn(values).length
    expect(sizeOf(new Float64Array(1024).fill(9.81))).toBeLessThanOrEqual(16)
    expect(sizeOf(new Float32Array(1024).fill(Math.PI))).toBeLessThanOrEqual(16)
    expect(sizeOf(new Float64Array(1024).fill(-0))).toBeLessThanOrEqual(16)
    expect(
      sizeOf(
        BigInt64Array.from({ length: 1024 }, (_, index) => 1_700_000_000_000_000_000n + BigInt(index) * 10_000_000n),
      ),
    ).toBeLessThanOrEqual(24)
    // a browser's clock: 100 µs steps, 60 Hz
    const frames = BigInt64Array.from({ length: 1024 }, (_, index) => BigInt(Math.round((index * 1000) / 6)) * 100_000n)
    expect(sizeOf(frames)).toBeLessThan(260)
    // long runs of the same value, seven changes
    const runs = Float64Array.from({ length: 1024 }, (_, index) => Math.floor(index / 128) / 10)
    expect(sizeOf(runs)).toBeLessThan(48)
    // one value that is none among tenths
    const patched = Float64Array.from({ length: 1024 }, (_, index) => (index === 500 ? Number.NaN : (index % 7) / 10))
    const whole = patched.map((value) => (Number.isNaN(value) ? 0.3 : value))
    expect(sizeOf(patched) - sizeOf(whole)).toBeLessThan(24)
    // enum codes: two bits of entropy
    const enums = Int32Array.from({ length: 1024 }, (_, index) => (index * 2654435761) >>> 30)
    expect(sizeOf(enums)).toBeLessThan(290)
  })
})

/** The decimals of fewest digits that give the 32-bit float back. */
function shortest(single: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const text = single.toPrecision(digits)
    if (Math.fround(Number(text)) === single) return text
  }
  return single.toPrecision(9)
}
