import type { SessionPipeline } from '../pipeline/session-pipeline.js'
import type { Chunk } from '../wire/model.js'
import type { SessionOpening, SessionSummary, StreamSummary } from './protocol.js'

/** What became of a session whose final chunk is stored. */
export function summaryOf(
  { id, settings }: SessionOpening,
  pipeline: SessionPipeline,
  chunks: number,
  bytes: number,
): SessionSummary {
  const counts = pipeline.counts()
  return {
    ...identityOf(id, settings.journeyId, pipeline.labels, pipeline.startedAtNs, pipeline.endedAtNs),
    chunks,
    bytes,
    streams: Object.fromEntries(
      pipeline.streams.map((stream, index): [string, StreamSummary] => [
        stream.name,
        { ...counts[index]!, pending: 0, effectiveRateHz: stream.effectiveRateHz },
      ]),
    ),
  }
}

/** The same, from the final chunk itself. */
export function summaryOfFinal(chunk: Chunk, chunks: number, bytes: number): SessionSummary {
  return {
    ...identityOf(chunk.sessionId, chunk.journeyId, chunk.labels, chunk.startedAtNs, chunk.endedAtNs),
    chunks,
    bytes,
    streams: Object.fromEntries(
      chunk.streams.map(({ descriptor, counts, effectiveRateHz }): [string, StreamSummary] => [
        descriptor.name,
        { ...counts, pending: 0, effectiveRateHz },
      ]),
    ),
  }
}

function identityOf(id: string, journeyId: string | undefined, labels: string[], startNs: bigint, endNs: bigint) {
  return {
    id,
    journeyId,
    labels,
    startedAt: new Date(Number(startNs / 1_000_000n)),
    endedAt: new Date(Number(endNs / 1_000_000n)),
  }
}
