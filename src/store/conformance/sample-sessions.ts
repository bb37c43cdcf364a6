import { encodeChunk, encodeFrame } from '../../wire/index.js'
import type { Chunk } from '../../wire/model.js'
import type { SessionStore } from '../port.js'

/** A small session of one stream with two frames per chunk. */
export interface SampleSession {
  /** Gives the id, which sorts by it. */
  number: number
  /** After 2026-01-01T00:00Z. */
  startMinute: number
  durationMs?: number
  journeyId?: string
  labels?: string[]
  metadata?: [key: string, value: string][]
  stream?: string
  chunks?: number
  /** False: the final chunk is missing. */
  isFinal?: boolean
}

const START_MS = Date.UTC(2026, 0, 1)
/** Two 64-bit integers, 1 and 2, and two floats, 0.5 and −0 (docs/format.md, columns, RAW). */
const TIME = Uint8Array.from([0x03, 2, 1, 2, ...Array(14).fill(0)])
const VALUES = Uint8Array.from([0x00, 2, ...Array(12).fill(0), 0xe0, 0, 0x3f, 0x80])

export function sampleId(number: number): string {
  return `0199d3c2-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
}

export function numberOf(sessionId: string): number {
  return Number.parseInt(sessionId.slice(-12), 16)
}

export function startOf(startMinute: number): Date {
  return new Date(START_MS + startMinute * 60_000)
}

export function sampleChunks(session: SampleSession): Chunk[] {
  const { number, startMinute, durationMs = 1000, chunks = 1, isFinal = true } = session
  const startedAtNs = BigInt(startOf(startMinute).getTime()) * 1_000_000n
  return Array.from(
    { length: chunks },
    (_, seq): Chunk => ({
      sessionId: sampleId(number),
      epoch: 0,
      seq,
      final: isFinal && seq === chunks - 1,
      amendment: false,
      journeyId: session.journeyId,
      labels: session.labels ?? [],
      labelsRevision: 0,
      metadata: new Map(session.metadata),
      startedAtNs,
      endedAtNs: startedAtNs + BigInt(durationMs) * 1_000_000n,
      clocks: [{ monotonicNs: 0n, wallNs: startedAtNs }],
      streams: [
        {
          descriptor: { name: session.stream ?? 'imu', clock: 'monotonic', channels: [{ name: 'x', type: 'f64' }] },
          firstFrame: 2 * seq,
          frameCount: 2,
          time: TIME,
          columns: [{ column: VALUES }],
          counts: {
            received: 2 * seq + 3,
            ingested: 2 * seq + 2,
            produced: 2 * seq + 2,
            lost: { overflow: 1 },
            invalidValues: 0,
            repeatedTimestamps: 0,
            backwardTimestamps: 0,
            gaps: 0,
            bytes: (TIME.length + VALUES.length) * (seq + 1),
          },
          gaps: [],
          effectiveRateHz: 100,
        },
      ],
      marks: [],
    }),
  )
}

export function frameOf(chunk: Chunk): Uint8Array {
  return encodeFrame(chunk, encodeChunk(chunk))
}

/** Writes a whole session as a recorder does. */
export async function storeSample(store: SessionStore, session: SampleSession): Promise<void> {
  for (const chunk of sampleChunks(session)) await store.append(chunk, frameOf(chunk))
  await store.release(sampleId(session.number))
}
