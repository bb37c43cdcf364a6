/**
 * Frames of one stream as they stand in memory: `frameCount` of them, borrowed until return. Masks and values begin at
 * frame `from` of theirs.
 *
 * Masks have two halves per frame, bit c set when channel c is absent; values are 64-bit slots, channel after
 * channel, `stride` slots apart (src/worker/frame-memory.ts draws it).
 */
export interface FrameBlock {
  /** Int64 nanoseconds, from the first frame of the block on. */
  timeHalves: Int32Array
  masks: Int32Array
  valueHalves: Int32Array
  stride: number
  from: number
  frameCount: number
}

/** By text channel, the strings the values of a block are codes for. */
export type Dictionaries = ReadonlyMap<number, readonly string[]>

/** `frameCount` frames of a block from its frame `first` on. */
export function partOf(block: FrameBlock, first: number, frameCount: number): FrameBlock {
  return { ...block, timeHalves: block.timeHalves.subarray(2 * first), from: block.from + first, frameCount }
}

/** The block's times, a copy. */
export function timesOf({ timeHalves, frameCount }: FrameBlock): BigInt64Array<ArrayBuffer> {
  const timestampsNs = new BigInt64Array(frameCount)
  new Int32Array(timestampsNs.buffer).set(timeHalves.subarray(0, 2 * frameCount))
  return timestampsNs
}
