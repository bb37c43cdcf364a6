export { KymographError } from '../errors.js'
export { type LoadKernelsOptions, loadKernels } from './load.js'
export type {
  ColumnArray,
  EncodeColumnOptions,
  Frames,
  KernelBuild,
  Kernels,
  Resampled,
  Resampler,
  ResamplerOptions,
  RingBuffer,
  RingBufferOptions,
} from './types.js'
