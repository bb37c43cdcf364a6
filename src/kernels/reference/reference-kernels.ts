import { expectBytes } from '../arguments.js'
import { isUniform } from '../resampler-plan.js'
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
} from '../types.js'
import { decodeColumn, encodeColumn } from './column.js'
import { crc32c } from './crc32c.js'
import { ReferenceResampler } from './resampler.js'
import { ReferenceRingBuffer } from './ring-buffer.js'
import { ReferenceUniformResampler } from './uniform-resampler.js'

/** The kernels in plain TypeScript: the fallback, and what the wasm build is held against. */
export class ReferenceKernels implements Kernels {
  readonly build = 'reference'

  encodeColumn(values: ColumnArray, options?: EncodeColumnOptions): Uint8Array {
    return encodeColumn(values, options)
  }

  decodeColumn(bytes: Uint8Array): ColumnArray {
    return decodeColumn(bytes)
  }

  crc32c(bytes: Uint8Array): number {
    expectBytes('bytes', bytes)
    return crc32c(bytes)
  }

  createRingBuffer(options: RingBufferOptions): RingBuffer {
    return new ReferenceRingBuffer(options)
  }

  createResampler(options: UniformResamplerOptions): UniformResampler
  createResampler(options: ResamplerOptions): Resampler
  createResampler(options: ResamplerOptions | UniformResamplerOptions): Resampler | UniformResampler {
    return isUniform(options) ? new ReferenceUniformResampler(options) : new ReferenceResampler(options)
  }
}
