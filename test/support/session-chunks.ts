import { encodeColumn } from '../../src/kernels/reference/column.js'
import type { SessionStore } from '../../src/store/port.js'
import { encodeChunk, encodeFrame } from '../../src/wire/index.js'
import type { Chunk } from '../../src/wire/model.js'

export interface SampleSession {
  id: string
  journeyId?: string
  labels?: string[]
  metadata?: Record<string, string>
  /** Minutes after 2026-01-01T00:00Z. */
  startMinute: number
  durationMs?: number
  stream?: string
  chunks?: number
  isFinal?: boolean
}

/** A session id that sorts by number. */
export function sessionId(number: number): string {
  return `0199d3c2-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
}

/** The chunks of a small session. */
export function chunksOf(session: SampleSession): Chunk[] {
  const count = session.chunks ?? 1
  const startedAtNs = BigInt(Date.UTC(2026, 0, 1) + session.startMinute * 60_000) * 1_000_000n
  return Array.from(
    { length: count },
    (_, seq): Chunk => ({
      sessionId: session.id,
      epoch: 0,
      seq,
      final: seq === count - 1 && session.isFinal !== false,
      amendment: false,
      ...(session.journeyId === undefined ? {} : { journeyId: session.journeyId }),
      labels: session.labels ?? [],
      labelsRevision: 0,
      metadata: new Map(Object.entries(session.metadata ?? {})),
      startedAtNs,
      endedAtNs: startedAtNs + BigInt(session.durationMs ?? 1000) * 1_000_000n,
      clocks: [{ monotonicNs: 0n, wallNs: startedAtNs }],
      streams: [
        {
          descriptor: { name: session.stream ?? 'imu', clock: 'monotonic', channels: [{ name: 'x', type: 'f64' }] },
          firstFrame: 2 * seq,
          frameCount: 2,
          time: encodeColumn(BigInt64Array.of(1n, 2n)),
          columns: [{ column: encodeColumn(Float64Array.of(seq, seq + 0.5)) }],
          counts: {
            received: 2 * seq + 2,
            ingested: 2 * seq + 2,
            produced: 2 * seq + 2,
            lost: {},
            invalidValues: 0,
            repeatedTimestamps: 0,
            backwardTimestamps: 0,
            gaps: 0,
            bytes: 10 * (seq + 1),
          },
          gaps: [],
          effectiveRateHz: 100,
        },
      ],
      marks: [],
    }),
  )
}

/** Writes a session into a store as a worker would. */
export async function store(target: SessionStore, session: SampleSession): Promise<void> {
  for (const chunk of chunksOf(session)) await target.append(chunk, encodeFrame(chunk, encodeChunk(chunk)))
  await target.release(session.id)
}
