export * from '../../src/limits.js'

// Small enough that a few dozen frames fill a batch, a few hundred the backlog.
export const BATCH_BYTES = 1024
export const BACKLOG_MAX_BYTES = 6144
export const RETAINED_MAX_BYTES = 1536
export const IN_FLIGHT_MAX_BYTES = 2560
export const POOL_MAX_BYTES = 4096
export const RING_NUDGE_BYTES = 512
export const CHUNK_SEAL_MIN_BYTES = 128
