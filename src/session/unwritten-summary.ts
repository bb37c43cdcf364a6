import type { ClockSnapshot, SessionSummary, StreamSummary } from '../worker/protocol.js'
import type { PageStream } from './streams.js'

/** What became of a flight recorder that was never triggered: nothing was written. */
export function unwrittenSummary(
  session: { id: string; journeyId: string | undefined; labels: readonly string[] },
  clock: ClockSnapshot,
  streams: readonly PageStream[],
): SessionSummary {
  return {
    id: session.id,
    journeyId: session.journeyId,
    labels: [...session.labels],
    startedAt: new Date(Number(clock.wallNs / 1_000_000n)),
    endedAt: new Date(),
    chunks: 0,
    bytes: 0,
    streams: Object.fromEntries(
      streams.map(({ writer }): [string, StreamSummary] => [
        writer.name,
        {
          ...writer.counts,
          ingested: 0,
          produced: 0,
          repeatedTimestamps: 0,
          backwardTimestamps: 0,
          gaps: 0,
          bytes: 0,
          pending: 0,
          effectiveRateHz: 0,
        },
      ]),
    ),
  }
}
