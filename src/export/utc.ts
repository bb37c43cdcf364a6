import { KymographError } from '../errors.js'
import type { Chunk, ClockName, ClockSnapshot } from '../wire/model.js'

/**
 * Times of a stream as Unix nanoseconds: those of the monotonic clock through the latest snapshot of the page's clocks
 * before each, relative ones as if the stream's zero were the start of the session.
 *
 * @throws KymographError `export-unfit` where the chunk has no snapshot.
 */
export function utcOf(timestampsNs: BigInt64Array, clock: ClockName, chunk: Chunk): BigInt64Array {
  if (clock === 'unix') return timestampsNs
  if (clock === 'relative') return timestampsNs.map((timestampNs) => chunk.startedAtNs + timestampNs)
  const { clocks } = chunk
  if (clocks.length === 0) {
    throw new KymographError(
      'export-unfit',
      `chunk ${chunk.seq} does not say how its monotonic clock stood to UTC; export times of the stream's own clock`,
    )
  }
  return timestampsNs.map((timestampNs) => timestampNs + offsetAt(clocks, timestampNs))
}

/** Wall time less monotonic time, as last read. */
function offsetAt(clocks: readonly ClockSnapshot[], monotonicNs: bigint): bigint {
  const { monotonicNs: readAtNs, wallNs } = clocks.findLast((clock) => clock.monotonicNs <= monotonicNs) ?? clocks[0]!
  return wallNs - readAtNs
}
