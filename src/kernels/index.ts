export { KymographError } from '../errors'
export { type LoadKernelsOptions, loadKernels } from './load'
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
} from './types'
