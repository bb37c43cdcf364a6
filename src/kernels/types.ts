/** Arrays a column can be coded from, and comes back as. */
export type ColumnArray = Float64Array | Float32Array | Int32Array | BigInt64Array

/** Which implementation runs: the wasm build, or plain TypeScript with the same bytes. */
export type KernelBuild = 'wasm' | 'reference'

export interface RingBufferOptions {
  /** Frames the ring holds; fixed for its life. */
  capacityFrames: number
  /** 64-bit values per frame, 1–64. */
  channels: number
  /** What gives way when the ring is full: the frames offered (default) or the oldest held. */
  overflow?: 'drop-newest' | 'drop-oldest'
}

/** Frames read from a ring: fresh arrays, owned by the caller. */
export interface Frames {
  /** One per frame. */
  timestampsNs: BigInt64Array
  /** frames × channels, interleaved. */
  values: Float64Array
}

/** A fixed-capacity first-in first-out buffer of frames. Values are moved as 64-bit patterns, never as numbers. */
export interface RingBuffer {
  readonly capacityFrames: number
  readonly channels: number
  /** Frames held now. */
  readonly lengthFrames: number
  /** Frames lost to overflow since the start, offered or held ones as `overflow` says. */
  readonly droppedFrames: number
  /** Appends frames (arrays borrowed until return) and returns how many of the given ones the ring now holds or took. */
  write(timestampsNs: BigInt64Array, values: Float64Array): number
  /** Removes and returns up to `maxFrames` of the oldest frames. */
  read(maxFrames: number): Frames
  dispose(): void
}

export interface ResamplerOptions {
  /** Output rate. */
  rateHz: number
  /** Values per frame, 1–64. */
  channels: number
  /** Only `linear` for now. */
  method?: 'linear'
  /** A longer stretch without a frame starts a new segment; default: four nominal periods. */
  maxGapMs?: number
}

/** Frames on the uniform grid: fresh arrays, owned by the caller. */
export interface Resampled extends Frames {
  /** Where a new segment begins: index of its first frame in these arrays. */
  segments: number[]
}

/** Irregular frames in, frames on a uniform grid out; any split of the input gives the same output. */
export interface Resampler {
  readonly rateHz: number
  readonly channels: number
  /** Frames whose timestamp repeats the one before: the last wins. */
  readonly repeatedFrames: number
  /** Frames lost because their timestamp is older than what was already used. */
  readonly lateFrames: number
  push(timestampsNs: BigInt64Array, values: Float64Array): Resampled
  flush(): Resampled
  dispose(): void
}

export interface EncodeColumnOptions {
  /** `dense` (default) tries every mode, `fast` only bit-packing. */
  level?: 'dense' | 'fast'
}

/** The kernels, for direct use and for the pipeline. */
export interface Kernels {
  readonly build: KernelBuild
  encodeColumn(values: ColumnArray, options?: EncodeColumnOptions): Uint8Array
  decodeColumn(bytes: Uint8Array): ColumnArray
  crc32c(bytes: Uint8Array): number
  createRingBuffer(options: RingBufferOptions): RingBuffer
  createResampler(options: ResamplerOptions): Resampler
}
