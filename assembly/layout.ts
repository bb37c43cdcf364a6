// Numbers both compilers read: plain constants only.

/** Grows with every change of an export or a struct; checked when a build is loaded. */
export const ABI_VERSION = 1

// Statuses: kernels return a count >= 0 or one of these.
/** A decoded integer does not fit the column's type. */
export const STATUS_OUT_OF_RANGE = -1

// Columns (docs/format.md, columns).
export const COLUMN_BLOCK_VALUES = 128
export const COLUMN_TYPE_F64 = 0
export const COLUMN_TYPE_F32 = 1
export const COLUMN_TYPE_I32 = 2
export const COLUMN_TYPE_I64 = 3
export const COLUMN_MODE_RAW = 0
export const COLUMN_MODE_INT = 1
export const COLUMN_MODE_DECIMAL = 2
export const COLUMN_MODE_FLOAT_AS_F32 = 3
export const COLUMN_MODE_BITS = 4
export const COLUMN_MODE_SHIFT = 2
export const COLUMN_ORDER_MAX = 2
/** The plan byte holds the delta order in its low bits and the decimal exponent above. */
export const COLUMN_EXPONENT_SHIFT = 2
export const COLUMN_LEVEL_DENSE = 0
export const COLUMN_LEVEL_FAST = 1
/** 10^17 is the last power that leaves a 53-bit integer room for one digit before the point. */
export const DECIMAL_EXPONENT_MAX_F64 = 17
/** Nine significant digits identify a 32-bit float; one more for values just below a power of ten. */
export const DECIMAL_EXPONENT_MAX_F32 = 10
/** Room one column may take beyond its raw values: mode byte and count. */
export const COLUMN_OVERHEAD_BYTES = 16

// Ring buffer.
export const RING_DROP_NEWEST = 0
export const RING_DROP_OLDEST = 1

// Resampler.
/** Intervals whose median is the nominal period. */
export const RESAMPLER_NOMINAL_INTERVALS = 64
/** Nominal periods without a frame that make a gap, unless the caller says otherwise. */
export const RESAMPLER_GAP_PERIODS = 4
/** Late frames in a row, advancing among themselves, that make a clock reset. */
export const RESAMPLER_RESET_FRAMES = 8
/** Frames held while the nominal period is unknown: 64 intervals, one frame more per reset (each brings 7), and one reset in flight. */
export const RESAMPLER_QUEUE_FRAMES = 96
/** No stretch longer than this many output periods is ever bridged: bounds what one frame can produce. */
export const RESAMPLER_GAP_LIMIT_OUTPUTS = 65536
