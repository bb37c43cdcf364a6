import { loadKernels } from '../../src/kernels/index.js'
import type { ColumnArray, Kernels } from '../../src/kernels/types.js'

export const wasmKernels: Kernels = await loadKernels({ build: 'wasm' })
export const referenceKernels: Kernels = await loadKernels({ build: 'reference' })

/** Every kernel test loops over these. */
export const implementations: readonly (readonly [name: string, kernels: Kernels])[] = [
  ['wasm', wasmKernels],
  ['reference', referenceKernels],
]

/** Bytes behind any view, for comparing bit for bit. */
export function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** A small seeded generator (mulberry32): numbers in [0, 1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Columns as sensors give them: each stands for one mode or width. */
export function typicalColumns(count: number, seed = 1): Record<string, ColumnArray> {
  const random = seededRandom(seed)
  let walk = 0
  const steps = Array.from({ length: count }, () => (walk += Math.round((random() - 0.5) * 20)))
  const timestamps = new BigInt64Array(count)
  for (let index = 0, now = 1_700_000_000_000_000_000n; index < count; index++) {
    timestamps[index] = now
    now += 10_000_000n + BigInt(Math.round((random() - 0.5) * 200_000))
  }
  return {
    'decimals of one digit': Float64Array.from(steps, (step) => step / 10),
    'decimals of three digits': Float64Array.from(steps, (step) => step / 1000),
    'noise in 64 bits': Float64Array.from(steps, () => random() * 20 - 10),
    'noise in 32 bits, widened': Float64Array.from(steps, () => Math.fround(random() * 20 - 10)),
    'noise in 32 bits': Float32Array.from(steps, () => random() * 20 - 10),
    'decimals in 32 bits': Float32Array.from(steps, (step) => step / 10),
    'a walk of counts': Int32Array.from(steps),
    'any 32-bit integers': Int32Array.from(steps, () => Math.floor(random() * 4294967296)),
    'timestamps with jitter': timestamps,
    'one value throughout': new Float64Array(count).fill(9.81),
  }
}
