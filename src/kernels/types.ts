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

/**
 * Irregular frames in, frames on a uniform grid out; any split of the input gives the same output.
 *
 * The grid is absolute: its instants are the multiples of the output period, round(n × 10^9 / rateHz) ns, the rate taken
 * as an exact fraction. A segment has the instants from its first timestamp to its last. At a frame's own instant its
 * values come out bit for bit; in between, linear.
 *
 * A stretch longer than the gap threshold ends a segment. Without `maxGapMs` the threshold is four times the median of
 * the first 64 intervals; frames are held until those are known. No stretch over 65,536 output periods is ever bridged.
 *
 * Repeated timestamps: the last frame wins. Steps back are late frames, dropped; but eight late frames in a row that
 * advance among themselves are a clock reset and begin a new segment.
 */
export interface Resampler {
  readonly rateHz: number
  readonly channels: number
  /** Frames whose timestamp repeats the one before: the last wins. */
  readonly repeatedFrames: number
  /** Frames lost because their timestamp is older than what was already used. */
  readonly lateFrames: number
  /**
   * Takes frames and returns those of the grid that are certain by now: the newest frame waits for the next one.
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
   * Creates a streaming resampler onto the uniform grid of a rate.
   *
   * Returns a resampler that owns its memory until `dispose()` or until it is collected.
   *
   * @throws TypeError, RangeError for a wrong option: `rateHz` in 0.001–1,000,000, `maxGapMs` up to 65,536 output periods.
   *
   * Source: DESIGN.md 5, irregular time; linear interpolation between neighbouring frames.
   *
   * @example
   * const resampler = kernels.createResampler({ rateHz: 50, channels: 3 })
   */
  createResampler(options: ResamplerOptions): Resampler
}
