export { KymographError } from '../errors.js'
export { type LoadKernelsOptions, loadKernels } from './load.js'
export type {
  ColumnArray,
  EncodeColumnOptions,
  Frames,
  KernelBuild,
  Kernels,
  Resampled,
  ResampledKind,
  Resampler,
  ResamplerMethod,
  ResamplerOptions,
  ResamplerQuality,
  RingBuffer,
  RingBufferOptions,
  UniformResampler,
  UniformResamplerOptions,
} from './types.js'
