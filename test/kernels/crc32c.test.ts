import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32c } from '../../src/kernels/reference/crc32c.js'
import { implementations, referenceKernels, wasmKernels } from './implementations.js'

const text = (value: string): Uint8Array => new TextEncoder().encode(value)

describe.each(implementations)('crc32c of %s', (_, kernels) => {
  it('gives the values of RFC 3720, appendix B.4', () => {
    expect(kernels.crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    expect(kernels.crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
    expect(kernels.crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e)
    expect(kernels.crc32c(Uint8Array.from({ length: 32 }, (_, index) => 31 - index))).toBe(0x113fdb5c)
    expect(kernels.crc32c(text('123456789'))).toBe(0xe3069283)
    expect(kernels.crc32c(new Uint8Array(0))).toBe(0)
  })

  it('reads a view at its offset', () => {
    expect(kernels.crc32c(text('xx123456789yy').subarray(2, 11))).toBe(0xe3069283)
  })

  it('refuses anything but bytes', () => {
    expect(() => kernels.crc32c(new Float64Array(1) as never)).toThrow(
      new TypeError('"bytes" expected a Uint8Array, got Float64Array'),
    )
  })
})

describe('crc32c', () => {
  it('is the same from both builds, above the size of one stage too', () => {
    const big = Uint8Array.from({ length: 200_003 }, (_, index) => (index * 2654435761) >>> 13)
    expect(wasmKernels.crc32c(big)).toBe(referenceKernels.crc32c(big))
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        (bytes) => wasmKernels.crc32c(bytes) === referenceKernels.crc32c(bytes),
      ),
      { seed: 3720 },
    )
  })

  it('goes on over pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(), (bytes, cut) => {
        const at = cut % (bytes.length + 1)
        return crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at))) === crc32c(bytes)
      }),
      { seed: 3720 },
    )
  })
})
