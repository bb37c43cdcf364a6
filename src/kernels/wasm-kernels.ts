import { expectBytes, expectColumnSettings, expectColumnValues, isShared } from './arguments.js'
import { ReferenceKernels } from './reference/reference-kernels.js'
import { isUniform } from './resampler-plan.js'
import type {
  ColumnArray,
  EncodeColumnOptions,
  Kernels,
  Resampler,
  ResamplerOptions,
  RingBuffer,
  RingBufferOptions,
  UniformResampler,
  UniformResamplerOptions,
} from './types.js'
import { isInstanceFailure, WasmArena } from './wasm-arena.js'
import { decodeColumnIn, encodeColumnIn } from './wasm-column.js'
import { WasmResampler } from './wasm-resampler.js'
import { WasmRingBuffer } from './wasm-ring-buffer.js'
import { WasmUniformResampler } from './wasm-uniform-resampler.js'

/** Memory an idle instance may keep; after a larger column the next one starts on a fresh instance. */
const KEPT_MAX_BYTES = 8 * 1024 * 1024
const CRC_STAGE_BYTES = 65_536

/**
 * The kernels as WebAssembly: one instance for columns and checksums, one for each ring and resampler.
 *
 * An instance that trapped or got no memory is never used again. Work without state of its own is done again by the
 * reference, with the same bytes; a ring or resampler is lost and says so (`wasm-trap`).
 */
export class WasmKernels implements Kernels {
  readonly build = 'wasm'
  readonly #module: WebAssembly.Module
  readonly #onTrap: (cause: unknown) => void
  readonly #reference = new ReferenceKernels()
  #arena: WasmArena | undefined

  constructor(module: WebAssembly.Module, onTrap: (cause: unknown) => void) {
    this.#module = module
    this.#onTrap = onTrap
  }

  encodeColumn(values: ColumnArray, options: EncodeColumnOptions = {}): Uint8Array {
    expectColumnValues(values)
    const settings = expectColumnSettings(options)
    return this.#run(
      (arena) => encodeColumnIn(arena, values, settings),
      () => this.#reference.encodeColumn(values, options),
    )
  }

  decodeColumn(bytes: Uint8Array): ColumnArray {
    expectBytes('bytes', bytes)
    if (isShared(bytes)) return this.decodeColumn(new Uint8Array(bytes))
    return this.#run(
      (arena) => decodeColumnIn(arena, bytes),
      () => this.#reference.decodeColumn(bytes),
    )
  }

  crc32c(bytes: Uint8Array): number {
    expectBytes('bytes', bytes)
    return this.#run(
      (arena) => {
        arena.reserve(CRC_STAGE_BYTES)
        let crc = 0
        for (let first = 0; first < bytes.length; first += CRC_STAGE_BYTES) {
          const piece = bytes.subarray(first, first + CRC_STAGE_BYTES)
          arena.bytes(arena.basePtr, piece.length).set(piece)
          crc = arena.exports.crc32c(arena.basePtr, piece.length, crc)
        }
        return crc >>> 0
      },
      () => this.#reference.crc32c(bytes),
    )
  }

  createRingBuffer(options: RingBufferOptions): RingBuffer {
    return this.#create(
      () => new WasmRingBuffer(this.#module, options),
      () => this.#reference.createRingBuffer(options),
    )
  }

  createResampler(options: UniformResamplerOptions): UniformResampler
  createResampler(options: ResamplerOptions): Resampler
  createResampler(options: ResamplerOptions | UniformResamplerOptions): Resampler | UniformResampler {
    if (isUniform(options)) {
      return this.#create<UniformResampler>(
        () => new WasmUniformResampler(this.#module, options),
        () => this.#reference.createResampler(options),
      )
    }
    return this.#create<Resampler>(
      () => new WasmResampler(this.#module, options),
      () => this.#reference.createResampler(options),
    )
  }

  #run<Result>(work: (arena: WasmArena) => Result, again: () => Result): Result {
    const kept = this.#arena
    // put back only after success
    this.#arena = undefined
    try {
      const arena = kept ?? this.#createArena()
      const result = work(arena)
      if (arena.byteLength <= KEPT_MAX_BYTES) this.#arena = arena
      return result
    } catch (cause) {
      if (!isInstanceFailure(cause)) {
        this.#arena = kept
        throw cause
      }
      this.#onTrap(cause)
      return again()
    }
  }

  #create<Kernel>(create: () => Kernel, createReference: () => Kernel): Kernel {
    try {
      return create()
    } catch (cause) {
      if (!isInstanceFailure(cause)) throw cause
      this.#onTrap(cause)
      return createReference()
    }
  }

  #createArena(): WasmArena {
    const arena = WasmArena.create(this.#module)
    arena.exports.crc32cInit()
    arena.exports.columnInit()
    return arena
  }
}
