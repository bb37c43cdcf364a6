/**
 * Frames of one stream as they stand in memory: `frameCount` of them from frame `from` on, borrowed until return.
 *
 * Masks have two halves per frame, bit c set when channel c is absent; values are 64-bit slots, frames × channels,
 * interleaved (src/worker/frame-memory.ts draws it).
 */
export interface FrameBlock {
  /** f64 milliseconds; undefined: int64 nanoseconds in `timeHalves`. */
  timesMs: Float64Array | undefined
  timeHalves: Int32Array
  masks: Int32Array
  valueHalves: Int32Array
  from: number
  frameCount: number
}

const TWO_32 = 4_294_967_296

/**
 * Writes milliseconds as int64 nanoseconds into 32-bit halves: exact below 104 days, beyond that to the resolution of
 * the number given.
 */
export function putMillisecondsAsNs(ms: number, halves: Int32Array, at: number): void {
  const ns = Math.round(ms * 1e6)
  if (ns <= Number.MAX_SAFE_INTEGER && ns >= -Number.MAX_SAFE_INTEGER) {
    const high = Math.floor(ns / TWO_32)
    halves[2 * at] = ns - high * TWO_32
    halves[2 * at + 1] = high
    return
  }
  const wholeMs = Math.floor(ms)
  const wide = BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((ms - wholeMs) * 1e6))
  halves[2 * at] = Number(BigInt.asIntN(32, wide))
  halves[2 * at + 1] = Number(BigInt.asIntN(32, wide >> 32n))
}
