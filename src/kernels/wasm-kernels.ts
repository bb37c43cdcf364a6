import { expectBytes, expectColumnValues, expectEncodeOptions } from './arguments.js'
import type {
  ColumnArray,
  EncodeColumnOptions,
  Kernels,
  Resampler,
  ResamplerOptions,
  RingBuffer,
  RingBufferOptions,
} from './types.js'
import { WasmArena } from './wasm-arena.js'
import { decodeColumnIn, encodeColumnIn } from './wasm-column.js'
import { WasmResampler } from './wasm-resampler.js'
import { WasmRingBuffer } from './wasm-ring-buffer.js'

/** Memory an idle instance may keep; after a larger column the next one starts on a fresh instance. */
const KEPT_MAX_BYTES = 8 * 1024 * 1024
const CRC_STAGE_BYTES = 65_536

/** The kernels as WebAssembly: one instance for columns and checksums, one for each ring and resampler. */
export class WasmKernels implements Kernels {
  readonly build = 'wasm'
  readonly #module: WebAssembly.Module
  #arena: WasmArena | undefined

  constructor(module: WebAssembly.Module) {
    this.#module = module
  }

  encodeColumn(values: ColumnArray, options: EncodeColumnOptions = {}): Uint8Array {
    expectColumnValues(values)
    expectEncodeOptions(options)
    return this.#run((arena) => encodeColumnIn(arena, values, options.level === 'fast'))
  }

  decodeColumn(bytes: Uint8Array): ColumnArray {
    expectBytes('bytes', bytes)
    return this.#run((arena) => decodeColumnIn(arena, bytes))
  }

  crc32c(bytes: Uint8Array): number {
    expectBytes('bytes', bytes)
    return this.#run((arena) => {
      arena.reserve(CRC_STAGE_BYTES)
      let crc = 0
      for (let first = 0; first < bytes.length; first += CRC_STAGE_BYTES) {
        const piece = bytes.subarray(first, first + CRC_STAGE_BYTES)
        arena.bytes(arena.basePtr, piece.length).set(piece)
        crc = arena.exports.crc32c(arena.basePtr, piece.length, crc)
      }
      return crc >>> 0
    })
  }

  createRingBuffer(options: RingBufferOptions): RingBuffer {
    return new WasmRingBuffer(this.#module, options)
  }

  createResampler(options: ResamplerOptions): Resampler {
    return new WasmResampler(this.#module, options)
  }

  #run<Result>(work: (arena: WasmArena) => Result): Result {
    let arena = this.#arena
    if (!arena) {
      arena = WasmArena.create(this.#module)
      arena.exports.crc32cInit()
    }
    // Put back only after success: an instance that trapped is never used again.
    this.#arena = undefined
    try {
      return work(arena)
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) arena = undefined
      throw error
    } finally {
      if (arena && arena.byteLength <= KEPT_MAX_BYTES) this.#arena = arena
    }
  }
}
