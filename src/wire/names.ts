import type { ResamplerMethod, ResamplerQuality } from '../kernels/types.js'
import type { ChannelKind, ChannelType, ClockName } from './model.js'

/** Names by their number in chunk.fbs. */
export const CLOCK_NAMES: readonly ClockName[] = ['monotonic', 'unix', 'relative']
export const CHANNEL_TYPES: readonly ChannelType[] = ['f64', 'f32', 'i32', 'i64', 'enum', 'text']
/** 0 is a plain channel. */
export const CHANNEL_KINDS: readonly (ChannelKind | undefined)[] = [undefined, 'angle', 'quaternion']
export const RESAMPLE_METHODS: readonly ResamplerMethod[] = ['linear', 'sinc', 'cubic', 'hold']
export const RESAMPLE_QUALITIES: readonly ResamplerQuality[] = ['standard', 'fast', 'best']
