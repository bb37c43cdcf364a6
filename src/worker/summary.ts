import type { SessionPipeline } from '../pipeline/session-pipeline.js'
import type { Chunk, StreamCounts, StreamDescriptor } from '../wire/model.js'
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
      pipeline.streams.map(({ descriptor, effectiveRateHz, jitterMs }, index) =>
        streamSummary(descriptor, counts[index]!, effectiveRateHz, jitterMs),
      ),
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
      chunk.streams.map(({ descriptor, counts, effectiveRateHz }) =>
        streamSummary(descriptor, counts, effectiveRateHz),
      ),
    ),
  }
}

function streamSummary(
  { name, resampledHz, resampleMethod, resampleQuality }: StreamDescriptor,
  counts: StreamCounts,
  effectiveRateHz: number,
  jitterMs?: number,
): [name: string, StreamSummary] {
  return [name, { ...counts, pending: 0, effectiveRateHz, jitterMs, resampledHz, resampleMethod, resampleQuality }]
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
