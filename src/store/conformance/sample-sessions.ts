import { encodeChunk, encodeFrame } from '../../wire/index.js'
import type { Chunk } from '../../wire/model.js'
import type { SessionStore } from '../port.js'

/** A session of one stream. */
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
  framesPerChunk?: number
  /** False: the final chunk is missing. */
  isFinal?: boolean
}

const START_MS = Date.UTC(2026, 0, 1)

export function sampleId(number: number): string {
  return `0199d3c2-0000-7000-8000-${number.toString(16).padStart(12, '0')}`
}

export function numberOf(sessionId: string): number {
  return Number.parseInt(sessionId.slice(-12), 16)
}

export function startOf(startMinute: number): Date {
  return new Date(START_MS + startMinute * 60_000)
}

/** What a recorder would make of it. */
export function sampleChunks(session: SampleSession): Chunk[] {
  const { number, startMinute, durationMs = 1000, chunks = 1, isFinal = true, framesPerChunk = 2 } = session
  const [time, column] = [rawColumn(TYPE_I64, framesPerChunk), rawColumn(TYPE_F64, framesPerChunk)]
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
          firstFrame: framesPerChunk * seq,
          frameCount: framesPerChunk,
          time,
          columns: [{ column }],
          counts: {
            received: framesPerChunk * (seq + 1) + 1,
            ingested: framesPerChunk * (seq + 1),
            produced: framesPerChunk * (seq + 1),
            lost: { overflow: 1 },
            invalidValues: 0,
            repeatedTimestamps: 0,
            backwardTimestamps: 0,
            gaps: 0,
            bytes: (time.length + column.length) * (seq + 1),
          },
          gaps: [],
          effectiveRateHz: 100,
        },
      ],
      marks: [],
    }),
  )
}

const TYPE_F64 = 0
const TYPE_I64 = 3

/** 64-bit values as they come, in planes (docs/format.md, columns, RAW); bytes that compress badly. */
function rawColumn(arrayType: number, count: number): Uint8Array {
  const head = count < 128 ? [arrayType, count] : [arrayType, (count & 127) | 128, count >> 7]
  const column = new Uint8Array(head.length + 8 * count)
  for (let i = 0; i < column.length; i++) column[i] = Math.imul(i + 1, 0x9e3779b1) >>> 25
  column.set(head)
  return column
}

export function frameOf(chunk: Chunk): Uint8Array {
  return encodeFrame(chunk, encodeChunk(chunk))
}

/** Writes a whole session as a recorder does. */
export async function storeSample(store: SessionStore, session: SampleSession): Promise<void> {
  for (const chunk of sampleChunks(session)) await store.append(chunk, frameOf(chunk))
  await store.release(sampleId(session.number))
}
