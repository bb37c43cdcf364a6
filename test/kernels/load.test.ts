import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { loadKernels } from '../../src/kernels/index.js'
import { typicalColumns } from './implementations.js'

const wasm = readFileSync(new URL('../../build/kernels.wasm', import.meta.url))

/** A module with a memory, heapBase() = 16 and abiVersion() = 42. */
const otherVersion = Uint8Array.from(
  Buffer.from(
    '0061736d01000000' +
      '0105016000017f' +
      '0303020000' +
      '0503010001' +
      `07220306${Buffer.from('memory').toString('hex')}0200` +
      `0a${Buffer.from('abiVersion').toString('hex')}0000` +
      `08${Buffer.from('heapBase').toString('hex')}0001` +
      '0a0b020400412a0b040041100b',
    'hex',
  ),
)

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('loadKernels', () => {
  it('takes the wasm build where it can, and the one asked for', async () => {
    expect((await loadKernels()).build).toBe('wasm')
    expect((await loadKernels({ build: 'auto' })).build).toBe('wasm')
    expect((await loadKernels({ build: 'reference' })).build).toBe('reference')
  })

  it('takes bytes or a compiled module', async () => {
    for (const given of [wasm, await WebAssembly.compile(wasm)]) {
      const kernels = await loadKernels({ build: 'wasm', wasm: given })
      expect(kernels.crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
    }
  })

  it('falls back to the reference without WebAssembly (F27)', async () => {
    vi.stubGlobal('WebAssembly', undefined)
    expect((await loadKernels()).build).toBe('reference')
    await expect(loadKernels({ build: 'wasm' })).rejects.toThrow(expect.objectContaining({ code: 'wasm-unavailable' }))
  })

  it('falls back to the reference when compiling is forbidden, with the cause at hand (F27)', async () => {
    const cause = new WebAssembly.CompileError('blocked by the content security policy')
    vi.spyOn(WebAssembly, 'compile').mockRejectedValue(cause)
    expect((await loadKernels({ wasm })).build).toBe('reference')
    await expect(loadKernels({ build: 'wasm', wasm })).rejects.toThrow(
      expect.objectContaining({ code: 'wasm-unavailable', cause }),
    )
  })

  it('refuses bytes that are not the kernels of this version (F28)', async () => {
    const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)
    const modules = [empty, otherVersion].map((bytes) => new WebAssembly.Module(bytes))
    for (const given of [empty, otherVersion, wasm.subarray(0, 100), new Uint8Array(9), ...modules]) {
      await expect(loadKernels({ build: 'wasm', wasm: given })).rejects.toThrow(
        expect.objectContaining({ code: 'wasm-unavailable' }),
      )
      expect((await loadKernels({ wasm: given })).build).toBe('reference')
    }
    await expect(loadKernels({ build: 'wasm', wasm: modules[1]! })).rejects.toThrow(/interface 42, expected \d+$/)
  })

  it('refuses kernels with one changed bit, wherever it is, without compiling them (F28)', async () => {
    const compile = vi.spyOn(WebAssembly, 'instantiate')
    for (let at = 0; at < wasm.length; at += 97) {
      const changed = Uint8Array.from(wasm)
      changed[at]! ^= 1 << (at % 8)
      await expect(loadKernels({ build: 'wasm', wasm: changed.buffer })).rejects.toThrow(
        /are not kernels\.wasm of this version$/,
      )
    }
    expect(compile).not.toHaveBeenCalled()
  })

  it('names an option it refuses', async () => {
    await expect(loadKernels({ build: 'gpu' as never })).rejects.toThrow(
      new RangeError(`"build" expected 'auto' | 'wasm' | 'reference', got "gpu"`),
    )
    await expect(loadKernels(null as never)).rejects.toThrow(new TypeError('"options" expected an object, got null'))
  })

  it('needs no imports', async () => {
    expect(WebAssembly.Module.imports(await WebAssembly.compile(wasm))).toEqual([])
  })

  it('gives kernels that stay independent, after a column that needs much memory too', async () => {
    const pair = await Promise.all([loadKernels({ build: 'wasm' }), loadKernels({ build: 'wasm' })])
    const large = new Float64Array(1 << 19).fill(1.5)
    const small = Object.values(typicalColumns(100))
    const expected = small.map((values) => pair[0].encodeColumn(values))
    expect(pair[0].decodeColumn(pair[0].encodeColumn(large))).toEqual(large)
    for (const [index, values] of small.entries()) {
      for (const kernels of pair) {
        const bytes = kernels.encodeColumn(values)
        expect(bytes).toEqual(expected[index])
        expect(kernels.decodeColumn(bytes)).toEqual(values)
        expect(kernels.crc32c(bytes)).toBe(pair[1].crc32c(expected[index]))
      }
    }
  })
})
