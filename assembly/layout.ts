// Numbers both compilers read: plain constants only.

/** Grows with every change of an export or a struct; checked when a build is loaded. */
export const ABI_VERSION = 4

// Statuses: kernels return a count >= 0 or one of these.
/** A decoded integer does not fit the column's type. */
export const STATUS_OUT_OF_RANGE = -1
/** A group of a column holds what is none. */
export const STATUS_DAMAGED_GROUP = -2

// Columns (docs/format.md, columns).
export const COLUMN_TYPE_F64 = 0
export const COLUMN_TYPE_F32 = 1
export const COLUMN_TYPE_I32 = 2
export const COLUMN_TYPE_I64 = 3
export const COLUMN_MODE_RAW = 0
/** The values' own bits, in their order, as integers. */
export const COLUMN_MODE_BITS = 1
export const COLUMN_MODE_DECIMAL = 2
export const COLUMN_MODE_MULTIPLE = 3
/** 64-bit floats made of 32-bit ones: a column of those follows. */
export const COLUMN_MODE_SINGLE = 4
export const COLUMN_MODE_SCALED_SINGLE = 5
export const COLUMN_MODE_PRINTED_SINGLE = 6
/** 64-bit integers, or floats' bits, as their high words and then their low ones. */
export const COLUMN_MODE_HALVES = 7
export const COLUMN_MODE_SHIFT = 2
export const COLUMN_MODE_MASK = 7
/** Flags of the head byte. */
export const COLUMN_NEGATIVE_ZERO = 32
export const COLUMN_PATCHED = 64
/** 64-bit integers as steps from one to the next, not as distances from the smallest. */
export const COLUMN_STEPS = 128
export const COLUMN_LEVEL_DENSE = 0
export const COLUMN_LEVEL_FAST = 1
/** 10^17 is the last power that leaves the integer room for one digit before the point. */
export const DECIMAL_EXPONENT_MAX = 17
/** Room one column may take beyond its raw values: head and count. */
export const COLUMN_OVERHEAD_BYTES = 16

// Groups of words.
export const GROUP_WORDS = 1024
export const GROUP_ORDER_MAX = 3
export const GROUP_CODER_SHIFT = 2
export const GROUP_CENTRE = 16
export const GROUP_STEP = 32
export const CODER_CONSTANT = 0
export const CODER_PACKED = 1
export const CODER_CLASSES = 2
export const CODER_DICTIONARY = 3
// Which coders a writer tries.
export const EFFORT_PACKED = 0
export const EFFORT_CLASSES = 1
export const EFFORT_ALL = 2
export const PACKED_BLOCK_WORDS = 128
export const PACKED_EXCEPTIONS = 128
export const CLASS_SPLIT_MAX = 4
/** Classes at the finest split: 16 + 28 × 8. */
export const CLASS_MAX_COUNT = 240
export const DICTIONARY_MAX_COUNT = 255
/** Room for the symbols of any alphabet. */
export const SYMBOLS_MAX_COUNT = 256
export const TABLE_LOG_MIN = 5
export const TABLE_LOG_MAX = 9

// Ring buffer.
export const RING_DROP_NEWEST = 0
export const RING_DROP_OLDEST = 1

// Resampler.
export const METHOD_SINC = 0
export const METHOD_LINEAR = 1
export const METHOD_CUBIC = 2
export const METHOD_HOLD = 3
export const KIND_VALUE = 0
export const KIND_DEGREES = 1
export const KIND_RADIANS = 2
/** Four channels in a row. */
export const KIND_QUATERNION = 3
/** Intervals whose median is the nominal period. */
export const RESAMPLER_NOMINAL_INTERVALS = 64
/** Nominal periods without a frame that make a gap, unless the caller says otherwise. */
export const RESAMPLER_GAP_PERIODS = 4
/** Newest frames that wait to be put in order. */
export const RESAMPLER_SORTED_FRAMES = 8
/** Late frames in a row, advancing among themselves, that make a clock reset. */
export const RESAMPLER_RESET_FRAMES = 8
/** Room for frames: those of 64 intervals, one more per reset (each brings 8 intervals), and the ones that wait. */
export const RESAMPLER_QUEUE_FRAMES = 128
/** No stretch longer than this many output periods is ever bridged: bounds what one frame can produce. */
export const RESAMPLER_GAP_LIMIT_OUTPUTS = 65536
/** Frames per output period up to which the filter keeps up; what is closer is merged. */
export const RESAMPLER_DECIMATION_MAX = 1024
/** Frames closer than this part of the nominal period are merged. */
export const RESAMPLER_MERGE_DIVISOR = 8
/** Half periods without a frame beyond which so many nodes do not hold together. */
export const RESAMPLER_HOLE_HALF_PERIODS = 5
/** Nodes a polynomial goes through. */
export const LAGRANGE_NODES = 8
/** Sum of the weights' magnitudes beyond which the polynomial is not to be trusted: noise grows by as much. */
export const LAGRANGE_GAIN_MAX = 10
/** Nodes of a segment that are held before those passed are let go of. */
export const RESAMPLER_NODES = 64
/** A push or pull that stopped because the nominal period is known now and the filter is not there. */
export const STATUS_FILTER_MISSING = -1
