import { instantiateSync } from '@assemblyscript/loader'
import type { instantiate as instantiateKernels } from '../../build/kernels.js'
import { KymographError } from '../errors.js'

/** The exports as the compiler declares them. */
export type KernelExports = Awaited<ReturnType<typeof instantiateKernels>>

const PAGE_BYTES = 65_536
/** What one trip between the arrays of the caller and a kernel carries. */
export const STAGE_BYTES = 65_536

/** Frames of one trip. */
export function stageFramesOf(channels: number): number {
  return Math.floor(STAGE_BYTES / (8 * (channels + 1)))
}

/** Rounds up to where any value may begin. */
export function aligned(byteLength: number): number {
  return Math.ceil(byteLength / 16) * 16
}

/** Whether the instance itself is at fault: it trapped, or the engine refused its memory. */
export function isInstanceFailure(cause: unknown): boolean {
  return cause instanceof WebAssembly.RuntimeError || (cause instanceof KymographError && cause.code === 'wasm-oom')
}

/**
 * Runs a step of a kernel that keeps state in its instance.
 *
 * @throws KymographError `wasm-trap` when the instance failed: it was discarded, and its state is lost.
 */
export function runStateful<Result>(step: () => Result, discard: () => void): Result {
  try {
    return step()
  } catch (cause) {
    if (!isInstanceFailure(cause)) throw cause
    discard()
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new KymographError('wasm-trap', `a WebAssembly kernel failed and was discarded: ${reason}`, { cause })
  }
}

/** One instance of the kernels and the memory behind its constants. Pointers begin at `basePtr`. */
export class WasmArena {
  readonly exports: KernelExports
  readonly basePtr: number
  readonly #memory: WebAssembly.Memory
  #memoryBytes: Uint8Array<ArrayBuffer> | undefined

  constructor(instance: WebAssembly.Instance) {
    // The loader's own export object wraps every function; the plain ones are quicker.
    this.exports = instance.exports as unknown as KernelExports
    this.#memory = this.exports.memory
    this.basePtr = this.exports.heapBase()
  }

  static create(module: WebAssembly.Module): WasmArena {
    return new WasmArena(instantiateSync(module).instance)
  }

  get byteLength(): number {
    return this.#memory.buffer.byteLength
  }

  /** Makes the bytes up to basePtr + byteLength usable; views made before are gone after it. */
  reserve(byteLength: number): void {
    const missing = this.basePtr + byteLength - this.byteLength
    if (missing <= 0) return
    try {
      this.#memory.grow(Math.ceil(missing / PAGE_BYTES))
    } catch (cause) {
      throw new KymographError('wasm-oom', `kernels: no memory for ${byteLength} bytes`, { cause })
    }
  }

  /** All memory; good until the next reserve, which may detach it. */
  get memoryBytes(): Uint8Array {
    const { buffer } = this.#memory
    if (this.#memoryBytes?.buffer !== buffer) this.#memoryBytes = new Uint8Array(buffer)
    return this.#memoryBytes
  }

  /** Views are for this moment only: the next reserve may detach them. */
  bytes(ptr: number, byteLength: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, ptr, byteLength)
  }

  timestamps(ptr: number, frames: number): BigInt64Array<ArrayBuffer> {
    return new BigInt64Array(this.#memory.buffer, ptr, frames)
  }

  singles(ptr: number, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#memory.buffer, ptr, count)
  }

  values(ptr: number, count: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#memory.buffer, ptr, count)
  }

  indices(ptr: number, count: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, ptr, count)
  }
}
