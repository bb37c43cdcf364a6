import { instantiate } from '@assemblyscript/loader'
import { ABI_VERSION } from '../../assembly/layout'
import { wasmText } from '../../build/kernels-wasm.js'
import { KymographError } from '../errors.js'
import { expectOneOf, ownOptions } from './arguments.js'
import { ReferenceKernels } from './reference/reference-kernels.js'
import type { KernelBuild, Kernels } from './types.js'
import { WasmArena } from './wasm-arena.js'
import { WasmKernels } from './wasm-kernels.js'

export interface LoadKernelsOptions {
  /** `auto` (default) takes the wasm build where it can run, else the reference. */
  build?: 'auto' | KernelBuild
  /**
   * `kernels.wasm` of this version, in place of the same inside the library. Bytes are borrowed until the promise
   * settles and compared one by one; of a compiled module only the interface can be checked.
   */
  wasm?: BufferSource | WebAssembly.Module
  /** Called each time a WebAssembly kernel traps or gets no memory and the reference does its work. */
  onTrap?: (cause: unknown) => void
}

/** Undoes what scripts/build-wasm does. */
function decodeText(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < bytes.length; index++) {
    const code = text.charCodeAt(index)
    bytes[index] = code >= 0x100 ? code : code >= 0x61 ? code - 0x2d : code - 0x28
  }
  return bytes
}

let ownModule: Promise<WebAssembly.Module> | undefined

/** Compiles the kernels inside the library once. A failure is not kept: the next call may succeed. */
function compileOwn(): Promise<WebAssembly.Module> {
  ownModule ??= WebAssembly.compile(decodeText(wasmText)).catch((error: unknown) => {
    ownModule = undefined
    throw error
  })
  return ownModule
}

/** Before anything of it runs: bytes that are damaged, tampered with or of another version would give wrong values. */
function expectOwnBytes(wasm: BufferSource): void {
  const given = ArrayBuffer.isView(wasm)
    ? new Uint8Array(wasm.buffer, wasm.byteOffset, wasm.byteLength)
    : new Uint8Array(wasm)
  const own = decodeText(wasmText)
  if (given.length !== own.length || given.some((byte, index) => byte !== own[index])) {
    throw new Error('the bytes are not kernels.wasm of this version')
  }
}

async function loadWasm(
  wasm: BufferSource | WebAssembly.Module | undefined,
  onTrap: (cause: unknown) => void,
): Promise<Kernels> {
  if (typeof WebAssembly === 'undefined') throw new Error('this engine has no WebAssembly')
  if (wasm !== undefined && !(wasm instanceof WebAssembly.Module)) expectOwnBytes(wasm)
  const { module, instance } = await instantiate(wasm ?? (await compileOwn()))
  if (typeof instance.exports.abiVersion !== 'function') throw new Error('the bytes are not the kernels')
  const version = new WasmArena(instance).exports.abiVersion()
  if (version !== ABI_VERSION) throw new Error(`the kernels have interface ${version}, expected ${ABI_VERSION}`)
  return new WasmKernels(module, onTrap)
}

/**
 * Loads the kernels: the WebAssembly build, or the TypeScript reference with the same output byte for byte.
 *
 * `wasm`: the bytes or module of `kernels.wasm`, borrowed until the promise settles. Left out, the build inside the
 * library is compiled once per realm.
 *
 * Returns kernels that own their memory. With `build: 'auto'` anything that keeps WebAssembly from running (no engine
 * support, a content security policy, a wrong `wasm`) leads to the reference; `kernels.build` says which it is.
 *
 * @throws TypeError, RangeError for a wrong option.
 * @throws KymographError `wasm-unavailable` with the `cause`, only with `build: 'wasm'`.
 *
 * Source: DESIGN.md 5, kernels.
 *
 * @example
 * const kernels = await loadKernels()
 * const bytes = kernels.encodeColumn(Float64Array.of(9.8, 9.7, 9.9))
 */
export async function loadKernels(options: LoadKernelsOptions = {}): Promise<Kernels> {
  const { build = 'auto', wasm, onTrap = () => {} } = ownOptions(options)
  expectOneOf('build', build, ['auto', 'wasm', 'reference'])
  if (build === 'reference') return new ReferenceKernels()
  try {
    return await loadWasm(wasm, onTrap)
  } catch (cause) {
    if (build === 'auto') return new ReferenceKernels()
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KymographError('wasm-unavailable', `the WebAssembly kernels cannot run: ${reason}`, { cause })
  }
}
