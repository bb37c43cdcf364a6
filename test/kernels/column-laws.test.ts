import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ColumnArray } from '../../src/kernels/types.js'
import { generatedColumn } from './column-generator.js'
import {
  bytesOf,
  implementations,
  referenceKernels,
  seededRandom,
  typicalColumns,
  wasmKernels,
} from './implementations.js'

const MULTIPLE = 3
const modeOf = (bytes: Uint8Array): number => (bytes[0] >> 2) & 7

const LEVELS = ['dense', 'fast'] as const
const seeded = { seed: 20_260_101, numRuns: 300 }

/** Doubles of every kind by their bits: decimals, 32-bit floats, specials, anything. */
const doubleBits = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0x8000000000000000n, 0n, 0x7ff0000000000000n, 0xfff0000000000000n, 1n, 0x7ff8000000000000n),
  fc.constantFrom(
    0x7ff0000000000001n,
    0x7ff4000000000000n,
    0xfffc000020000000n,
    0x000fffffffffffffn,
    0x36a0000000000000n,
  ),
  fc.float().map((value) => new BigInt64Array(Float64Array.of(value).buffer)[0]),
  fc.integer({ min: -1e6, max: 1e6 }).map((value) => new BigInt64Array(Float64Array.of(value / 1000).buffer)[0]),
)

const floatBits = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.constantFrom(0, -(2 ** 31), 1, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fa00001, -1, 0x7f7fffff),
  fc.integer({ min: -9999, max: 9999 }).map((value) => new Int32Array(Float32Array.of(value / 100).buffer)[0]),
)

const columns: fc.Arbitrary<ColumnArray> = fc.oneof(
  fc.array(doubleBits, { maxLength: 300 }).map((bits) => new Float64Array(BigUint64Array.from(bits).buffer)),
  fc.array(floatBits, { maxLength: 300 }).map((bits) => new Float32Array(Int32Array.from(bits).buffer)),
  fc.array(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { maxLength: 300 }).map((all) => Int32Array.from(all)),
  fc
    .array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), { maxLength: 300 })
    .map((all) => BigInt64Array.from(all)),
  fc
    .array(fc.integer({ min: -1e6, max: 1e6 }), { maxLength: 600 })
    .map((all) => Float64Array.from(all, (k) => k / 100)),
  fc.array(fc.float({ noNaN: false }), { maxLength: 300 }).map((all) => Float64Array.from(all)),
  fc
    .tuple(fc.integer({ min: 0, max: 63 }), fc.array(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), { maxLength: 400 }))
    .map(([shift, all]) => BigInt64Array.from(all, (value) => value >> BigInt(shift))),
)

function expectSameColumn(decoded: ColumnArray, values: ColumnArray): void {
  expect(decoded.constructor).toBe(values.constructor)
  expect(Buffer.compare(bytesOf(decoded), bytesOf(values))).toBe(0)
}

describe.each(implementations)('a column coded by %s', (_, kernels) => {
  it('decodes to the same bits, whatever they are, and stays within the bound', () => {
    fc.assert(
      fc.property(columns, fc.constantFrom(...LEVELS), (values, level) => {
        const bytes = kernels.encodeColumn(values, { level })
        expect(bytes.length).toBeLessThanOrEqual(values.byteLength + 16)
        expectSameColumn(kernels.decodeColumn(bytes), values)
      }),
      seeded,
    )
  })

  it('keeps NaN, infinities, −0, 1e39, 1e308 and denormals (F5)', () => {
    const numbers = [Number.NaN, Infinity, -Infinity, -0, 0, 1e39, 1e308, -1e308, 5e-324, 1e-45, 3e9, 0.1]
    for (const values of [Float64Array.from(numbers), Float32Array.from(numbers)]) {
      for (let index = 0; index < values.length; index++) {
        const one = values.subarray(index, index + 1)
        expectSameColumn(kernels.decodeColumn(kernels.encodeColumn(one)), one)
      }
      expectSameColumn(kernels.decodeColumn(kernels.encodeColumn(values)), values)
    }
  })

  it('keeps steps back, repeats and jumps over the whole range of 64-bit times (F6)', () => {
    const hourNs = 3_600_000_000_000n
    const times = BigInt64Array.of(
      5n,
      5n,
      4n,
      2n ** 53n + 1n,
      2n ** 53n + 1n + hourNs,
      -(2n ** 63n),
      2n ** 63n - 1n,
      0n,
      -1n,
    )
    expectSameColumn(kernels.decodeColumn(kernels.encodeColumn(times)), times)
  })

  it('keeps steps at the very edge of what words hold', () => {
    for (const edge of [2n ** 31n - 1n, 2n ** 31n, 2n ** 31n + 1n, 2n ** 32n]) {
      for (const sign of [1n, -1n]) {
        let time = 0n
        // most steps are 2^33: only steps, and those near the middle one, fit words
        const times = BigInt64Array.from(
          { length: 40 },
          (_, index) => (time += 2n ** 33n + (index === 20 ? sign * edge : 0n)),
        )
        const bytes = kernels.encodeColumn(times)
        expectSameColumn(kernels.decodeColumn(bytes), times)
        expect(bytes).toEqual(referenceKernels.encodeColumn(times))
      }
    }
  })

  it('takes the bytes of a view, not of its buffer', () => {
    const all = Float64Array.from({ length: 40 }, (_, index) => index / 8)
    const view = all.subarray(7, 23)
    const bytes = kernels.encodeColumn(view)
    expect(bytes).toEqual(kernels.encodeColumn(view.slice()))
    const wrapped = new Uint8Array(bytes.length + 9)
    wrapped.set(bytes, 5)
    expectSameColumn(kernels.decodeColumn(wrapped.subarray(5, 5 + bytes.length)), view)
  })

  it('is read from a Buffer, from the middle of one, and from shared memory', () => {
    // steps that go on from patches, doubles and 32-bit floats by a quantum: whatever reads bytes by itself
    const columns = [
      BigInt64Array.from({ length: 64 }, (_, index) => BigInt(index) * 1000n + (index >= 32 ? 1n << 60n : 0n)),
      Float64Array.from({ length: 64 }, (_, index) => (index === 40 ? Number.NaN : Math.fround(index * 0.0024))),
      Float64Array.from({ length: 64 }, (_, index) => Math.fround(Math.sin(index)) * 9.80665),
    ]
    for (const values of columns) {
      const bytes = kernels.encodeColumn(values)
      const padded = Buffer.concat([Buffer.alloc(3), bytes])
      const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
      shared.set(bytes)
      for (const given of [Buffer.from(bytes), padded.subarray(3), shared])
        expectSameColumn(kernels.decodeColumn(given), values)
    }
  })

  it('leaves its input as it was', () => {
    for (const values of Object.values(typicalColumns(200))) {
      const before = bytesOf(values).slice()
      const bytes = kernels.encodeColumn(values)
      const coded = bytes.slice()
      kernels.decodeColumn(bytes)
      expect(bytesOf(values)).toEqual(before)
      expect(bytes).toEqual(coded)
    }
  })

  it.each([1, 2, 3, 127, 128, 129, 130, 131, 256, 257, 70_000])(
    'round-trips every kind of column of %i values',
    (count) => {
      for (const values of Object.values(typicalColumns(count))) {
        expectSameColumn(kernels.decodeColumn(kernels.encodeColumn(values)), values)
      }
    },
  )

  it('keeps every width from 0 to 64 bits', () => {
    for (let width = 0; width <= 64; width++) {
      const values = BigInt64Array.from({ length: 260 }, (_, index) =>
        BigInt.asIntN(64, index % 2 ? ((1n << BigInt(width)) - 1n) >> 1n : -(1n << BigInt(width)) >> 1n),
      )
      expectSameColumn(kernels.decodeColumn(kernels.encodeColumn(values)), values)
    }
  })

  it('is refused with the argument, the expectation and the value when it cannot be coded', () => {
    expect(() => kernels.encodeColumn([1, 2] as never)).toThrow(
      new TypeError('"values" expected a Float64Array, Float32Array, Int32Array or BigInt64Array, got Array'),
    )
    expect(() => kernels.encodeColumn(new Float64Array(1), { level: 'best' as never })).toThrow(
      new RangeError(`"level" expected 'dense' | 'fast', got "best"`),
    )
    expect(() => kernels.encodeColumn(new Int32Array((1 << 24) + 1))).toThrow(
      new RangeError('"values.length" expected at most 16777216, got 16777217'),
    )
    expect(() => kernels.decodeColumn('x' as never)).toThrow(new TypeError('"bytes" expected a Uint8Array, got "x"'))
  })
})

/** Columns of the generator per run. */
const GENERATED = 6000

describe('any column', () => {
  it('is coded to the same bytes by both builds, and decoded to the same bits, within the bound', () => {
    for (let seed = 1; seed <= GENERATED; seed++) {
      const values = generatedColumn(seed)
      const level = LEVELS[seed % 4 === 0 ? 1 : 0]
      const like = seed % 3 === 0 ? referenceKernels.encodeColumn(generatedColumn(seed - 1)) : undefined
      const bytes = wasmKernels.encodeColumn(values, { level, like })
      const ofReference = referenceKernels.encodeColumn(values, { level, like })
      if (Buffer.compare(bytes, ofReference) !== 0) expect.fail(`seed ${seed}: the builds differ`)
      if (bytes.length > values.byteLength + 16)
        expect.fail(`seed ${seed}: ${bytes.length} of ${values.byteLength} bytes`)
      for (const [name, kernels] of implementations) {
        const decoded = kernels.decodeColumn(bytes)
        const isSame =
          decoded.constructor === values.constructor && Buffer.compare(bytesOf(decoded), bytesOf(values)) === 0
        if (!isSame) expect.fail(`seed ${seed}: other values from ${name}`)
      }
    }
  })

  it('keeps NaN, infinities and −0 wherever they stand', () => {
    for (const special of [Number.NaN, Infinity, -Infinity, -0, 5e-324]) {
      for (let position = 0; position < 24; position++) {
        const doubles = Float64Array.from({ length: 24 }, (_, index) => (index === position ? special : index / 10))
        const columns = [doubles, Float32Array.from(doubles), Float64Array.from(doubles, (value) => value * 0.002395)]
        for (const values of columns) {
          for (const [, kernels] of implementations) {
            for (const level of LEVELS)
              expectSameColumn(kernels.decodeColumn(kernels.encodeColumn(values, { level })), values)
          }
        }
      }
    }
  })

  it('gives the same values in any split', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const values = generatedColumn(seed)
      const parts: Uint8Array[] = []
      for (let first = 0, size = 1 + (seed % 37); first < values.length; first += size, size = (size * 7) % 300) {
        const decoded = wasmKernels.decodeColumn(
          wasmKernels.encodeColumn(values.subarray(first, first + Math.max(1, size))),
        )
        parts.push(bytesOf(decoded))
        size = Math.max(1, size)
      }
      expect(Buffer.compare(Buffer.concat(parts), bytesOf(values))).toBe(0)
    }
  })
})

/** Doubles as fractions of 2^-1100, exactly. */
function exact(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(Math.abs(value)).buffer)[0]
  const exponent = bits >> 52n
  const fraction = (bits & 0xfffffffffffffn) | (exponent > 0n ? 1n << 52n : 0n)
  const magnitude = fraction << ((exponent > 0n ? exponent : 1n) + 25n)
  return value < 0 ? -magnitude : magnitude
}

describe('a precision', () => {
  it('bounds what floats may differ by, exactly, and leaves specials alone', () => {
    for (let seed = 1; seed <= 1500; seed++) {
      const values = generatedColumn(seed * 5 + 2)
      const precision = [0.01, 0.1, 1 / 3, 1e-9, 1e6, 5e-324, 1e300, 2 ** -20][seed % 8]
      const bytes = wasmKernels.encodeColumn(values, { precision })
      if (Buffer.compare(bytes, referenceKernels.encodeColumn(values, { precision })) !== 0) expect.fail(`seed ${seed}`)
      const decoded = wasmKernels.decodeColumn(bytes)
      if (!(values instanceof Float64Array || values instanceof Float32Array)) {
        expect(Buffer.compare(bytesOf(decoded), bytesOf(values))).toBe(0)
        continue
      }
      const width = values.BYTES_PER_ELEMENT
      for (let index = 0; index < values.length; index++) {
        const given: number = values[index]
        const back = decoded[index] as number
        const isSpecial = !Number.isFinite(given) || Object.is(given, -0)
        const at = index * width
        const isWithin = isSpecial
          ? Buffer.compare(bytesOf(decoded).subarray(at, at + width), bytesOf(values).subarray(at, at + width)) === 0
          : 2n * (exact(back) > exact(given) ? exact(back) - exact(given) : exact(given) - exact(back)) <=
            exact(precision)
        if (!isWithin) expect.fail(`seed ${seed}: ${given} came back as ${back} with precision ${precision}`)
      }
    }
  })

  it('takes fewer bytes than every bit does', () => {
    const values = Float64Array.from({ length: 1000 }, (_, index) => Math.sin(index / 50) * 9.81)
    for (const [, kernels] of implementations) {
      expect(kernels.encodeColumn(values, { precision: 0.01 }).length).toBeLessThan(1000)
      expect(kernels.encodeColumn(values).length).toBeGreaterThan(4000)
    }
  })

  it.each([0, -1, Number.NaN, Infinity])('of %d is refused', (precision) => {
    for (const [, kernels] of implementations) {
      expect(() => kernels.encodeColumn(new Float64Array(1), { precision })).toThrow(
        new RangeError(`"precision" expected a finite number > 0, got ${precision}`),
      )
    }
  })

  it('that is no number, and a like that is no bytes, are refused', () => {
    for (const [, kernels] of implementations) {
      expect(() => kernels.encodeColumn(new Float64Array(1), { precision: '1' as never })).toThrow(
        new TypeError('"precision" expected a finite number > 0, got "1"'),
      )
      expect(() => kernels.encodeColumn(new Float64Array(1), { like: 'x' as never })).toThrow(
        new TypeError('"like" expected a Uint8Array, got "x"'),
      )
    }
  })
})

describe('a column like another', () => {
  const quantum = Math.fround(0.0023942017)
  const steps = (length: number, seed: number): Float32Array =>
    Float32Array.from({ length }, (_, index) => quantum * Math.round(900 * Math.sin(index / 9 + seed)))

  it('finds its quantum where too few of its own values tell', () => {
    const like = wasmKernels.encodeColumn(steps(1000, 1))
    const few = Float32Array.from({ length: 200 }, (_, index) => (index % 40 === 39 ? quantum * 411 : quantum * 410))
    expect(modeOf(wasmKernels.encodeColumn(few))).not.toBe(MULTIPLE)
    expect(modeOf(wasmKernels.encodeColumn(steps(200, 2), { like }))).toBe(MULTIPLE)
  })

  it('decodes without it, whatever bytes were given as such', () => {
    const random = seededRandom(77)
    const values = steps(300, 3)
    for (let round = 0; round < 500; round++) {
      const like = Uint8Array.from({ length: round % 30 }, () => Math.floor(random() * 256))
      const bytes = wasmKernels.encodeColumn(values, { like })
      expect(bytes).toEqual(referenceKernels.encodeColumn(values, { like }))
      expectSameColumn(wasmKernels.decodeColumn(bytes), values)
    }
  })
})

describe('the wasm build and the reference', () => {
  it('code any column to the same bytes', () => {
    fc.assert(
      fc.property(columns, fc.constantFrom(...LEVELS), (values, level) => {
        expect(wasmKernels.encodeColumn(values, { level })).toEqual(referenceKernels.encodeColumn(values, { level }))
      }),
      seeded,
    )
  })

  it.each(LEVELS)('code typical columns to the same bytes, level %s', (level) => {
    for (const count of [1, 129, 800, 10_000]) {
      for (const values of Object.values(typicalColumns(count, count))) {
        expect(
          Buffer.compare(wasmKernels.encodeColumn(values, { level }), referenceKernels.encodeColumn(values, { level })),
        ).toBe(0)
      }
    }
  })

  it('find the same decimals at the edge of what 53 bits hold', () => {
    const edges = [
      2 ** 53 - 1,
      2 ** 53,
      2 ** 52 + 1,
      2 ** 51 + 0.5,
      0.5,
      1.5,
      2.5,
      1e17,
      1e-17,
      9007199254740.99,
      1e22,
      0.1 + 0.2,
    ]
    for (const one of edges) {
      for (const values of [Float64Array.of(one, -one), Float64Array.of(0.1, one, 3), Float32Array.of(one, 0.25)]) {
        expect(wasmKernels.encodeColumn(values)).toEqual(referenceKernels.encodeColumn(values))
        expectSameColumn(wasmKernels.decodeColumn(wasmKernels.encodeColumn(values)), values)
      }
    }
  })
})
