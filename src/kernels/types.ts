/** Arrays a column can be coded from, and comes back as. */
export type ColumnArray = Float64Array | Float32Array | Int32Array | BigInt64Array

/** Which implementation runs: the wasm build, or plain TypeScript with the same bytes. */
export type KernelBuild = 'wasm' | 'reference'

export interface RingBufferOptions {
  /** Frames the ring holds; fixed for its life. */
  capacityFrames: number
  /** 64-bit values per frame, 1–65: a stream's channels and a word for its absent ones. */
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
  /**
   * Appends frames.
   *
   * `timestampsNs`: one per frame. `values`: frames × channels, interleaved. Both borrowed until return. Returns how many
   * of the frames were taken: what fits with `drop-newest`; all with `drop-oldest`, where the oldest give way and are
   * counted in `droppedFrames`, given ones too when there are more of them than the capacity.
   *
   * @throws TypeError, RangeError for other arrays or lengths that do not match; KymographError `disposed`.
   */
  write(timestampsNs: BigInt64Array, values: Float64Array): number
  /**
   * Removes and returns up to `maxFrames` of the oldest frames, in fresh arrays.
   *
   * @throws TypeError, RangeError for `maxFrames`; KymographError `disposed`.
   */
  read(maxFrames: number): Frames
  dispose(): void
}

/** How values between the frames are found (see `ResamplerOptions`). */
export type ResamplerMethod = 'sinc' | 'linear' | 'cubic' | 'hold'

/** Stopband of the low-pass filter: at least 95, 110 or 135 dB. */
export type ResamplerQuality = 'fast' | 'standard' | 'best'

/** What a channel's values are: angles go on past a full turn, four channels in a row are one unit quaternion. */
export type ResampledKind = 'value' | 'degrees' | 'radians' | 'quaternion'

export interface ResamplerOptions {
  /** Output rate. */
  rateHz: number
  /** Values per frame, 1–64. */
  channels: number
  /**
   * `sinc` (default): band-limited; what lies above half the lower of both rates is taken out. The others look at
   * neighbouring frames only and let aliases in: `linear` (27 dB at a tenth of the input's rate), `cubic` (Hermite with
   * parabolic slopes, 48 dB), `hold` (the last frame's values, their bits untouched: for categories and text).
   */
  method?: ResamplerMethod
  /** Of `sinc`; default `standard`. */
  quality?: ResamplerQuality
  /** A longer stretch without a frame starts a new segment; default: four nominal periods. */
  maxGapMs?: number
  /** The input's rate as declared; default: that of the median of the first 64 intervals, which then stays. */
  nominalRateHz?: number
  /** One per channel; default: all `value`. Nothing to `hold`. */
  kinds?: readonly ResampledKind[]
}

/** Frames on the uniform grid: fresh arrays, owned by the caller. */
export interface Resampled extends Frames {
  /** Where a new segment begins: index of its first frame in these arrays. */
  segments: number[]
}

/**
 * Irregular frames in, frames on a uniform grid out; any split of the input gives the same output.
 *
 * The grid is absolute: its instants are the multiples of the output period, round(n × 10^9 / rateHz) ns, the rate taken
 * as an exact fraction, so that all resamplers of a rate share it. A segment has all instants from its first timestamp
 * to its last; no filter shifts them.
 *
 * A stretch longer than the gap threshold ends a segment, and nothing is made up across it. No stretch over 65,536 output
 * periods is ever bridged. `sinc` needs half its filter, 29 periods of the lower rate (standard; 20 fast, 88 best; half of
 * that without decimation), to each side of an instant; where a segment has ended or just begun, its frames reflected
 * about the last one stand in: such frames are counted as `edgeFrames`.
 *
 * The newest eight frames are put in order by time. Of a repeated timestamp the last frame wins. What is older is late
 * and dropped; but eight late frames in a row that advance among themselves are a clock reset and begin a new segment.
 * `sinc` merges frames closer than an eighth of the nominal period into their mean, and crosses holes over two and a half
 * periods by cubic.
 *
 * A value that is no number leaves its channel without one between the frames beside it, nowhere else.
 */
export interface Resampler {
  readonly rateHz: number
  readonly channels: number
  /** Rate of the input as declared or, once known, last measured. */
  readonly inputRateHz: number | undefined
  /** Frames whose timestamp repeats another's: the last wins. */
  readonly repeatedFrames: number
  /** Frames that came after later ones and were put in their place. */
  readonly sortedFrames: number
  /** Frames merged into the one before. */
  readonly mergedFrames: number
  /** Frames lost because their timestamp is older than what was already used. */
  readonly lateFrames: number
  /** Frames given whose filter reached beyond its segment. */
  readonly edgeFrames: number
  /**
   * Takes frames and returns those of the grid that are certain by now.
   *
   * `timestampsNs`: one per frame, within ±2^62 ns. `values`: frames × channels, interleaved. Both borrowed until return.
   * Returns fresh arrays.
   *
   * @throws TypeError, RangeError for other arrays, lengths that do not match or timestamps out of range, before any
   * frame of the call is used; KymographError `disposed`.
   */
  push(timestampsNs: BigInt64Array, values: Float64Array): Resampled

  /**
   * Ends the data and returns the rest. Frames pushed afterwards begin anew, as with a new resampler; the counts go on.
   *
   * @throws KymographError `disposed`.
   */
  flush(): Resampled
  dispose(): void
}

export interface UniformResamplerOptions {
  /** Rate of the input, frames per second. */
  inputRateHz: number
  /** Output rate; from 1/1,024 of the input's to 65,536 times it. */
  rateHz: number
  /** Values per frame, 1–64. */
  channels: number
  /** Default `standard`. */
  quality?: ResamplerQuality
}

/**
 * Uniform samples in, uniform samples at another rate out, band-limited (`sinc`); any split of the input gives the same
 * output. The first output is at the instant of the first input, and N frames give ⌈N × rateHz / inputRateHz⌉.
 */
export interface UniformResampler {
  readonly inputRateHz: number
  readonly rateHz: number
  readonly channels: number
  /**
   * Takes frames and returns those that are certain by now, half a filter later.
   *
   * `values`: frames × channels, interleaved, borrowed until return; all 32-bit or all 64-bit until the next flush.
   * Returns a fresh array of the same kind.
   *
   * @throws TypeError, RangeError for other arrays, another kind than before, or part of a frame; KymographError
   * `disposed`.
   */
  pushUniform<Values extends Float32Array | Float64Array>(values: Values): { values: Values }

  /**
   * Ends the data and returns the rest, of the kind that was pushed. What is pushed afterwards begins anew.
   *
   * @throws KymographError `disposed`.
   */
  flush(): { values: Float32Array | Float64Array }
  dispose(): void
}

export interface EncodeColumnOptions {
  /**
   * `dense` (default): the fewest bytes. `fast`: packed bits only, several times as quick.
   */
  level?: 'dense' | 'fast'
  /**
   * Floats may differ from those given by half of this, in the values' unit, and take fewer bytes for it; NaN,
   * infinities and −0 stay what they are. Integers are exact whatever it is. Default: every bit is kept.
   */
  precision?: number
  /**
   * A coded column of the same sensor: the quantum found for it is tried before one is searched. Nothing of it is
   * needed for decoding.
   */
  like?: Uint8Array
}

/** The kernels, for direct use and for the pipeline. */
export interface Kernels {
  readonly build: KernelBuild

  /**
   * Codes a column of values. What decodes has the same bits, NaN payloads and −0 included, unless a `precision` allows
   * floats to differ by half of it.
   *
   * `values`: one column, borrowed until return. Returns fresh bytes, at most 16 more than the values themselves take;
   * the same bytes from every build. Columns of 60–1,024 values are what it is made for.
   *
   * @throws TypeError, RangeError for other arrays, more than 2^24 values, an unknown level, a precision that is not above
   * 0 or a `like` that is no Uint8Array.
   *
   * Source: docs/format.md, columns; J. Duda, arXiv:1311.2540 (symbols); docs/adr/0007.
   *
   * @example kernels.encodeColumn(Float64Array.of(9.8, 9.7, 9.9)).length // 9
   */
  encodeColumn(values: ColumnArray, options?: EncodeColumnOptions): Uint8Array

  /**
   * Decodes a column, of any origin: hostile bytes are refused before anything is allocated for them.
   *
   * `bytes`: exactly one coded column, borrowed until return. Returns a fresh array of the kind that was coded, up to
   * 4096 bytes for each byte given.
   *
   * @throws TypeError for anything but a Uint8Array.
   * @throws KymographError `truncated` or `malformed`, with the `offset` of the damage.
   *
   * Source: docs/format.md, columns.
   *
   * @example kernels.decodeColumn(kernels.encodeColumn(Int32Array.of(1, 2))) // Int32Array [1, 2]
   */
  decodeColumn(bytes: Uint8Array): ColumnArray

  /**
   * The CRC-32C (Castagnoli) of bytes.
   *
   * `bytes`: borrowed until return. Returns an unsigned 32-bit number.
   *
   * @throws TypeError for anything but a Uint8Array.
   *
   * Source: RFC 3720, appendix B.4.
   *
   * @example kernels.crc32c(new TextEncoder().encode('123456789')) // 0xe3069283
   */
  crc32c(bytes: Uint8Array): number

  /**
   * Creates a first-in first-out buffer of frames with fixed memory.
   *
   * Returns a ring that owns its memory until `dispose()` or until it is collected.
   *
   * @throws TypeError, RangeError for a wrong option; a ring holds less than 2 GiB.
   * @throws KymographError `wasm-unavailable` when the engine refuses the memory.
   *
   * Source: DESIGN.md 3.
   *
   * @example
   * const ring = kernels.createRingBuffer({ capacityFrames: 1024, channels: 3, overflow: 'drop-oldest' })
   */
  createRingBuffer(options: RingBufferOptions): RingBuffer

  /**
   * Creates a streaming resampler from one uniform rate to another.
   *
   * @throws TypeError, RangeError for a wrong option.
   *
   * @example
   * const uniform = kernels.createResampler({ inputRateHz: 48_000, rateHz: 44_100, channels: 1, quality: 'best' })
   */
  createResampler(options: UniformResamplerOptions): UniformResampler
  /**
   * Creates a streaming resampler of irregular frames onto the uniform grid of a rate.
   *
   * Returns a resampler that owns its memory until `dispose()` or until it is collected.
   *
   * @throws TypeError, RangeError for a wrong option: `rateHz` in 0.001–1,000,000, `maxGapMs` up to 65,536 output periods.
   *
   * Source: DESIGN.md 5, irregular time; docs/adr/0008.
   *
   * @example
   * const resampler = kernels.createResampler({ rateHz: 50, channels: 3 })
   */
  createResampler(options: ResamplerOptions): Resampler
}
