import {
  CHUNK_AGE_DEFAULT_MS,
  CHUNK_AGE_MAX_MS,
  CHUNK_AGE_MIN_MS,
  CHUNK_SEAL_DEFAULT_BYTES,
  CHUNK_SEAL_MAX_BYTES,
  CHUNK_SEAL_MIN_BYTES,
  DURATION_MAX_MS,
  PRE_TRIGGER_MAX_MS,
} from '../../limits.js'
import type { SessionSettings } from '../protocol.js'
import { declareStreams, type StreamOptions } from './declaration.js'
import { type JourneyFields, resolveJourneyId } from './journey.js'
import { labelWarnings, normalizeLabels } from './labels.js'
import { sessionMetadata } from './metadata.js'
import { describe, ownFields, refuseUnknownFields } from './text.js'

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
  /**
   * `{ preTriggerMs }` makes the session a flight recorder: it keeps the last stretch of every stream, in at most 8 MiB,
   * and writes nothing until `trigger()`; then the past and what follows is recorded. The stretch ends at the trigger on
   * the `monotonic` clock; on the others, which are not the page's, at the stream's newest frame.
   */
  mode?: { preTriggerMs: number }
  /** Stops the session when aborted. */
  signal?: AbortSignal
  /** `false`: the session waits for `start()`. */
  autoStart?: boolean
  /** Imports: when the recording began, Unix nanoseconds; live sessions begin when they start. */
  importedStartNs?: bigint
}

/** Session options as they reach the worker, unchecked, and the facts the page adds. */
export interface SessionRequest {
  options: unknown
  facts: [key: string, value: string][]
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
  'mode',
  'signal',
  'autoStart',
  'importedStartNs',
]

/** @throws TypeError | RangeError naming the option, what was expected and the value. */
export function checkSessionOptions({ options: given, facts }: SessionRequest): SessionSettings {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`session options expected an object, got ${describe(given)}`)
  }
  refuseUnknownFields('session options', given, FIELDS)
  const options = ownFields(given) as Partial<SessionOptions>
  const { duration, chunk = {}, mode, autoStart = true, importedStartNs } = options
  if (typeof options.streams !== 'object' || options.streams === null) {
    throw new TypeError(`"streams" expected an object of stream declarations, got ${describe(options.streams)}`)
  }
  refuseUnknownFields('"chunk"', chunk, ['maxMs', 'maxBytes'])
  const { maxMs = CHUNK_AGE_DEFAULT_MS, maxBytes = CHUNK_SEAL_DEFAULT_BYTES } = ownFields(chunk) as typeof chunk
  const declarations = declareStreams(options.streams)
  const labels = normalizeLabels(options.labels)
  const journeyId = resolveJourneyId(options)
  return {
    durationMs: duration === undefined ? undefined : checkRange('duration', duration, 1, DURATION_MAX_MS),
    labels,
    journeyId,
    metadata: sessionMetadata(options.metadata, options.autoMetadata === false ? [] : facts),
    streams: declarations.map(({ plan }) => plan),
    overflows: declarations.map(({ overflow }) => overflow),
    chunkMaxMs: checkRange('chunk.maxMs', maxMs, CHUNK_AGE_MIN_MS, CHUNK_AGE_MAX_MS),
    chunkMaxBytes: Math.floor(checkRange('chunk.maxBytes', maxBytes, CHUNK_SEAL_MIN_BYTES, CHUNK_SEAL_MAX_BYTES)),
    preTriggerMs: mode === undefined ? undefined : checkMode(mode),
    autoStart,
    importedStartNs,
    warnings: labelWarnings(labels),
  }
}

function checkMode(mode: unknown): number {
  if (typeof mode !== 'object' || mode === null) {
    throw new TypeError(`"mode" expected { preTriggerMs }, got ${describe(mode)}`)
  }
  refuseUnknownFields('"mode"', mode, ['preTriggerMs'])
  return checkRange('mode.preTriggerMs', ownFields(mode).preTriggerMs, 1, PRE_TRIGGER_MAX_MS)
}

function checkRange(field: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') throw new TypeError(`"${field}" expected a number, got ${describe(value)}`)
  if (!(value >= min && value <= max)) throw new RangeError(`"${field}" expected ${min}–${max}, got ${value}`)
  return value
}
