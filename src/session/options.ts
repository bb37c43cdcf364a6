import {
  CHUNK_AGE_DEFAULT_MS,
  CHUNK_AGE_MAX_MS,
  CHUNK_AGE_MIN_MS,
  CHUNK_SEAL_DEFAULT_BYTES,
  CHUNK_SEAL_MAX_BYTES,
  CHUNK_SEAL_MIN_BYTES,
  DURATION_MAX_MS,
} from '../limits.js'
import { declareStreams, type StreamDeclaration, type StreamOptions } from './declaration.js'
import { type JourneyFields, resolveJourneyId } from './journey.js'
import { normalizeLabels } from './labels.js'
import { sessionMetadata } from './metadata.js'
import { describe, refuseUnknownFields } from './text.js'

export interface SessionOptions extends JourneyFields {
  /** Milliseconds after which the session ends by itself; without it, it ends by `stop()`. */
  duration?: number
  /** Categories of the session, for lookup; not for dates, users or other unbounded sets. */
  labels?: string[]
  metadata?: Record<string, string> | Map<string, string>
  /** `false` leaves out library version, user agent, screen and locale. */
  autoMetadata?: boolean
  streams: Record<string, StreamOptions>
  /** When a chunk is sealed: age of its oldest frame, raw bytes of its frames. */
  chunk?: { maxMs?: number; maxBytes?: number }
  /** Stops the session when aborted. */
  signal?: AbortSignal
  /** `false`: the session waits for `start()`. */
  autoStart?: boolean
  /** Imports: when the recording began, Unix nanoseconds; live sessions begin when they start. */
  importedStartNs?: bigint
}

/** Session options, checked and with their defaults. */
export interface SessionSettings {
  durationMs: number | undefined
  labels: string[]
  journeyId: string | undefined
  metadata: Map<string, string>
  streams: StreamDeclaration[]
  chunkMaxMs: number
  chunkMaxBytes: number
  signal: AbortSignal | undefined
  autoStart: boolean
  importedStartNs: bigint | undefined
}

const FIELDS = [
  'duration',
  'labels',
  'journeyId',
  'clientSessionGroupId',
  'metadata',
  'autoMetadata',
  'streams',
  'chunk',
  'signal',
  'autoStart',
  'importedStartNs',
]

/** @throws TypeError | RangeError naming the option, what was expected and the value. */
export function checkSessionOptions(options: SessionOptions): SessionSettings {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`session options expected an object, got ${describe(options)}`)
  }
  refuseUnknownFields('session options', options, FIELDS)
  const { duration, chunk = {}, autoStart = true, importedStartNs } = options
  if (typeof options.streams !== 'object' || options.streams === null) {
    throw new TypeError(`"streams" expected an object of stream declarations, got ${describe(options.streams)}`)
  }
  refuseUnknownFields('"chunk"', chunk, ['maxMs', 'maxBytes'])
  return {
    durationMs: duration === undefined ? undefined : checkRange('duration', duration, 1, DURATION_MAX_MS),
    labels: normalizeLabels(options.labels),
    journeyId: resolveJourneyId(options),
    metadata: sessionMetadata(options.metadata, options.autoMetadata !== false),
    streams: declareStreams(options.streams),
    chunkMaxMs: checkRange('chunk.maxMs', chunk.maxMs ?? CHUNK_AGE_DEFAULT_MS, CHUNK_AGE_MIN_MS, CHUNK_AGE_MAX_MS),
    chunkMaxBytes: Math.floor(
      checkRange(
        'chunk.maxBytes',
        chunk.maxBytes ?? CHUNK_SEAL_DEFAULT_BYTES,
        CHUNK_SEAL_MIN_BYTES,
        CHUNK_SEAL_MAX_BYTES,
      ),
    ),
    signal: options.signal,
    autoStart,
    importedStartNs,
  }
}

function checkRange(field: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') throw new TypeError(`"${field}" expected a number, got ${describe(value)}`)
  if (!(value >= min && value <= max)) throw new RangeError(`"${field}" expected ${min}–${max}, got ${value}`)
  return value
}
