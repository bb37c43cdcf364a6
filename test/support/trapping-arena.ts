import { vi } from 'vitest'
import { WasmArena } from '../../src/kernels/wasm-arena.js'

// (module (func (export "trap") unreachable))
const TRAP = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[7, 8, 1, 4, 0x74, 0x72, 0x61, 0x70, 0, 0, 10, 5, 1, 3, 0, 0, 0x0b],
)
const { trap } = new WebAssembly.Instance(new WebAssembly.Module(TRAP)).exports as { trap: () => never }

/** The next kernel instance created has these exports trap; returns how many instances were created so far. */
export function trapNext(names: string[]): { instances: () => number } {
  const create = WasmArena.create.bind(WasmArena)
  const spy = vi.spyOn(WasmArena, 'create').mockImplementationOnce((module) => {
    const arena = create(module)
    const trapping = Object.fromEntries(names.map((name) => [name, () => trap()]))
    Object.defineProperty(arena, 'exports', { value: { ...arena.exports, ...trapping } })
    return arena
  })
  return { instances: () => spy.mock.calls.length }
}

/** The next kernel instance created gets no more memory. */
export function refuseMemoryNext(): void {
  const create = WasmArena.create.bind(WasmArena)
  vi.spyOn(WasmArena, 'create').mockImplementationOnce((module) => {
    const arena = create(module)
    const fixed = new WebAssembly.Memory({ initial: 1, maximum: 1 })
    // what the engine itself throws at its maximum
    arena.exports.memory.grow = () => fixed.grow(1)
    return arena
  })
}
