import { afterEach, describe, expect, it, vi } from 'vitest'
import { loadKernels } from '../../src/kernels/index.js'
import { refuseMemoryNext, trapNext } from '../support/trapping-arena.js'

afterEach(() => vi.restoreAllMocks())

const VALUES = Float64Array.from({ length: 500 }, (_, i) => Math.round(Math.sin(i) * 100) / 10)
const TIMES = BigInt64Array.from({ length: 500 }, (_, i) => BigInt(i) * 10_000_000n)

async function load() {
  const traps: unknown[] = []
  const kernels = await loadKernels({ build: 'wasm', onTrap: (cause) => traps.push(cause) })
  const reference = await loadKernels({ build: 'reference' })
  return { kernels, reference, traps }
}

describe('a WebAssembly kernel that fails', () => {
  it.each(['columnEncode', 'columnDecode', 'crc32c'])(
    'in %s has its work done by the reference, and its instance is never used again (F24)',
    async (name) => {
      const { kernels, reference, traps } = await load()
      const coded = reference.encodeColumn(VALUES)
      const work = () => [kernels.encodeColumn(VALUES), kernels.decodeColumn(coded), kernels.crc32c(coded)]
      const { instances } = trapNext([name])
      expect(work()).toEqual([coded, VALUES, reference.crc32c(coded)])
      expect(traps).toHaveLength(1)
      expect(traps[0]).toBeInstanceOf(WebAssembly.RuntimeError)
      // what follows has a new instance, which does its work
      const before = instances()
      expect(work()).toEqual([coded, VALUES, reference.crc32c(coded)])
      expect(traps).toHaveLength(1)
      expect(instances() - before).toBeLessThanOrEqual(1)
    },
  )

  it('for want of memory is replaced by the reference (F26)', async () => {
    const { kernels, reference, traps } = await load()
    refuseMemoryNext()
    const many = Float64Array.from({ length: 100_000 }, Math.random)
    expect(kernels.encodeColumn(many)).toEqual(reference.encodeColumn(many))
    expect(traps).toMatchObject([{ code: 'wasm-oom' }])
    refuseMemoryNext()
    const ring = kernels.createRingBuffer({ capacityFrames: 100_000, channels: 3 })
    expect(ring.write(TIMES, new Float64Array(1500))).toBe(500)
    expect(traps).toHaveLength(2)
  })

  it('and had state says so, once and for good (F24)', async () => {
    const { kernels } = await load()
    trapNext(['ringWrite'])
    const ring = kernels.createRingBuffer({ capacityFrames: 8, channels: 1 })
    expect(() => ring.write(TIMES, VALUES)).toThrow(expect.objectContaining({ code: 'wasm-trap' }))
    expect(() => ring.read(1)).toThrow(expect.objectContaining({ code: 'disposed' }))
    trapNext(['resamplerPush'])
    const resampler = kernels.createResampler({ rateHz: 50, channels: 1 })
    expect(() => resampler.push(TIMES, VALUES)).toThrow(expect.objectContaining({ code: 'wasm-trap' }))
    expect(() => resampler.flush()).toThrow(expect.objectContaining({ code: 'disposed' }))
  })

  it('never sees its memory move: views are made anew after it has grown (F25)', async () => {
    const { kernels, reference } = await load()
    // each larger than all before: every call grows the memory between staging and reading
    for (let count = 1000; count < 400_000; count *= 3) {
      const values = Float64Array.from({ length: count }, (_, i) => i / 8)
      const coded = kernels.encodeColumn(values)
      expect(coded).toEqual(reference.encodeColumn(values))
      expect(kernels.decodeColumn(coded)).toEqual(values)
    }
  })
})
