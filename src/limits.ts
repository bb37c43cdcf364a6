/** Every limit of the library, in one place. Lengths of text are UTF-16 code units after normalisation. */

export const LABEL_MAX_LENGTH = 64
export const LABELS_MAX_COUNT = 32
export const JOURNEY_ID_MAX_LENGTH = 64
export const METADATA_MAX_COUNT = 32
export const METADATA_KEY_MAX_LENGTH = 50
export const METADATA_VALUE_MAX_LENGTH = 500
export const MARK_NAME_MAX_LENGTH = 50
export const PROPERTY_KEY_MAX_LENGTH = 50
export const PROPERTY_VALUE_MAX_LENGTH = 500
export const PROPERTIES_MAX_COUNT = 32
export const NAME_MAX_LENGTH = 64
export const STREAMS_MAX_COUNT = 64
export const CHANNELS_MAX_COUNT = 64
/** A ring also carries one word per frame that says which channels are absent. */
export const RING_CHANNELS_MAX_COUNT = CHANNELS_MAX_COUNT + 1
export const UNIT_MAX_LENGTH = 32
export const ENUM_VALUES_MAX_COUNT = 256
/** Longest value of a `text` channel; a longer one is absent and counted `invalid-value`. */
export const TEXT_VALUE_MAX_LENGTH = 4096
/** A journey shared by the pages of an origin ends when none of them has recorded for so long. */
export const JOURNEY_RENEW_DEFAULT_MS = 900_000
/** 24 days: below the 2^31−1 ms a timer can hold. */
export const DURATION_MAX_MS = 24 * 24 * 3_600_000
export const RATE_MAX_HZ = 1_000_000
/** Rates of a resampler, in and out. */
export const RESAMPLER_RATE_MIN_HZ = 0.001
/** Longest stretch a resampler bridges, in periods of its output. */
export const RESAMPLER_GAP_MAX_PERIODS = 65_536

/** One chunk as FlatBuffer, the largest that is written and read. */
export const CHUNK_MAX_BYTES = 1_048_576
/** All times and values of a chunk, decoded: a column of equal values takes 1/1024 of that. */
export const DECODED_MAX_BYTES = 64 * CHUNK_MAX_BYTES
/** Range and default of `chunk.maxBytes`: raw bytes of a chunk's frames before coding. */
export const CHUNK_SEAL_MIN_BYTES = 4096
export const CHUNK_SEAL_MAX_BYTES = 262_144
export const CHUNK_SEAL_DEFAULT_BYTES = 65_536
/** Range and default of `chunk.maxMs`: age of the oldest frame of an open chunk. */
export const CHUNK_AGE_MIN_MS = 20
export const CHUNK_AGE_MAX_MS = 3_600_000
export const CHUNK_AGE_DEFAULT_MS = 2000

/** Values one coded column may hold: more than a chunk's frames ever give. */
export const COLUMN_MAX_VALUES = 1 << 24

/** Size of the buffer a stream's frames are appended to on the page. */
export const BATCH_BYTES = 65_536
/** Frames wait on the page no longer than this before they are handed over. */
export const HANDOVER_MS = 100
/** Bytes of frames kept on the page until they are stored, per session; beyond it the stream's `overflow` policy applies. */
export const BACKLOG_MAX_BYTES = 8_388_608
/** Of them, bytes kept though their chunk is stored, since a resampler has more to give of their frames. */
export const RETAINED_MAX_BYTES = 1_048_576
/** Bytes handed to the worker and not yet taken up by it, per session. */
export const IN_FLIGHT_MAX_BYTES = 1_048_576
/** Bytes of buffers kept for reuse, per session. */
export const POOL_MAX_BYTES = 2_097_152
/** A shared ring holds this many chunks at least: its frames leave it only when their chunk is stored. */
export const RING_MIN_CHUNKS = 4
/** Bytes appended to a shared ring after which the worker is told to look at once. */
export const RING_NUDGE_BYTES = 131_072
/** Longest stretch a flight recorder keeps before its trigger: an hour. Its bytes are bounded by BACKLOG_MAX_BYTES. */
export const PRE_TRIGGER_MAX_MS = 3_600_000
/** How long sources keep what they hear before they write it, if chunks are not sealed sooner than every two seconds. */
export const COLLECT_MAX_MS = 500
/** How long a page that is closed, or frozen with its worker, waits for the worker to store what it has (ADR 14). */
export const LAST_WORDS_MS = 50
/** A worker that has not answered by then is given up. */
export const WORKER_START_MAX_MS = 2000
/** A control call that has not been answered by then is rejected. */
export const CALL_MAX_MS = 30_000
/** How often a worker with something to do is asked whether it lives. */
export const HEARTBEAT_MS = 1000
/** Heartbeats in a row without an answer after which a worker is replaced. */
export const HEARTBEATS_MISSED_MAX = 5
/** Workers started anew within RESTART_WINDOW_MS before the recorder stays on the page. */
export const RESTARTS_MAX = 3
export const RESTART_WINDOW_MS = 60_000
export const PAGE_DEFAULT_SESSIONS = 50
export const PAGE_MAX_SESSIONS = 1000
