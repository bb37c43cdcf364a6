import { BATCH_BYTES } from '../limits.js'

/**
 * Views on the buffer frames travel in from page to worker.
 *
 *     0                     timeBytes                                   BATCH_BYTES
 *     | time × capacity     | (absent mask, value × channels) × capacity |
 *
 * Times are f64 milliseconds or i64 nanoseconds, as the message says. Each frame has one 64-bit word whose bit c says
 * that channel c is absent, then one 64-bit slot per channel: f64 and i64 fill it; f32 bits, i32, enum index and text
 * code stand in its low half.
 */
export class Batch {
  readonly capacityFrames: number
  /** 64-bit slots per frame: mask and channels. */
  readonly stride: number
  readonly timesMs: Float64Array
  readonly timesNs: BigInt64Array
  readonly timeHalves: Int32Array
  readonly slots: Float64Array
  readonly slots64: BigInt64Array
  readonly slotHalves: Int32Array
  readonly slotFloats: Float32Array

  constructor(
    readonly buffer: ArrayBuffer,
    channels: number,
  ) {
    this.stride = channels + 1
    this.capacityFrames = batchCapacityFrames(channels)
    const timeBytes = this.capacityFrames * 8
    const slots = this.capacityFrames * this.stride
    this.timesMs = new Float64Array(buffer, 0, this.capacityFrames)
    this.timesNs = new BigInt64Array(buffer, 0, this.capacityFrames)
    this.timeHalves = new Int32Array(buffer, 0, this.capacityFrames * 2)
    this.slots = new Float64Array(buffer, timeBytes, slots)
    this.slots64 = new BigInt64Array(buffer, timeBytes, slots)
    this.slotHalves = new Int32Array(buffer, timeBytes, slots * 2)
    this.slotFloats = new Float32Array(buffer, timeBytes, slots * 2)
  }
}

/** Frames of `channels` values that fit into one batch. */
export function batchCapacityFrames(channels: number): number {
  return Math.floor(BATCH_BYTES / (8 * (channels + 2)))
}
