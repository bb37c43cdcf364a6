import {
  CHUNK_AGE_DEFAULT_MS,
  CHUNK_AGE_MAX_MS,
  CHUNK_AGE_MIN_MS,
  CHUNK_SEAL_DEFAULT_BYTES,
  CHUNK_SEAL_MAX_BYTES,
  CHUNK_SEAL_MIN_BYTES,
  DURATION_MAX_MS,
  JOURNEY_RENEW_DEFAULT_MS,
  PRE_TRIGGER_MAX_MS,
} from '../../limits.js'
import type { Source } from '../../session/source.js'
import type { SessionSettings } from '../protocol.js'
import { declareStreams, type StreamOptions } from './declaration.js'
import { type JourneyFields, resolveJourneyId } from './journey.js'
import { labelWarnings, normalizeLabels } from './labels.js'
import { sessionMetadata } from './metadata.js'
import { checkOneOf, describe, ownFields, refuseUnknownFields } from './text.js'

export interface SessionOptions extends JourneyFields {
  /** Milliseconds after which the session ends by itself; without it, it ends by `stop()`. */
  duration?: number
  /** Categories of the session, for lookup; not for dates, users or other unbounded sets. */
  labels?: string[]
  metadata?: Record<string, string> | Map<string, string>
  /** `false` leaves out library version, user agent, screen and locale. */
  autoMetadata?: boolean
  /** What the application pushes; may be left out where there are sources. */
  streams?: Record<string, StreamOptions>
  /** What is recorded by itself: `pointer()`, `motion()` and others of `kymograph/sources`, each with streams of its own. */
  sources?: readonly Source[]
  /** When a chunk is sealed: age of its oldest frame, raw bytes of its frames. */
  chunk?: { maxMs?: number; maxBytes?: number }
  /**
   * `{ preTriggerMs }` makes the session a flight recorder: it keeps the last stretch of every stream, in at most 8 MiB,
   * and writes nothing until `trigger()`; then the past and what follows is recorded. The stretch ends at the trigger on
   * the `monotonic` clock; on the others, which are not the page's, at the stream's newest frame.
   */
  mode?: { preTriggerMs: number }
  /**
   * `auto`: the session joins the journey that tabs and reloads of the page's origin share, unless `journeyId` names
   * another. It is renewed after 15 minutes, or `renewAfterMs`, in which none of them recorded.
   */
  journey?: 'auto' | { renewAfterMs: number }
  /**
   * What happens while the page is hidden: recording goes on as far as the browser lets it (`keep`, default), or pauses. A
   * flight recorder pauses from its trigger on.
   */
  whenHidden?: 'keep' | 'pause'
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
  /** Streams of sources. */
  sourceStreams?: Record<string, StreamOptions>[]
}

const FIELDS = [
  'duration',
  'labels',
  'journeyId',
  'clientSessionGroupId',
  'metadata',
  'autoMetadata',
  'streams',
  'sources',
  'chunk',
  'mode',
  'journey',
  'whenHidden',
  'signal',
  'autoStart',
  'importedStartNs',
]

/** @throws TypeError | RangeError naming the option, what was expected and the value. */
export function checkSessionOptions({ options: given, facts, sourceStreams = [] }: SessionRequest): SessionSettings {
  refuseUnknownFields('session options', given, FIELDS)
  const options = ownFields(given) as Partial<SessionOptions>
  const { duration, chunk = {}, mode, autoStart = true, whenHidden = 'keep', importedStartNs } = options
  checkOneOf('whenHidden', whenHidden, ['keep', 'pause'])
  const { streams = sourceStreams.length > 0 ? {} : undefined } = options
  if (typeof streams !== 'object' || streams === null) {
    const instead = streams === undefined ? '; or give "sources"' : ''
    throw new TypeError(`"streams" expected an object of stream declarations, got ${describe(streams)}${instead}`)
  }
  refuseUnknownFields('"chunk"', chunk, ['maxMs', 'maxBytes'])
  const { maxMs = CHUNK_AGE_DEFAULT_MS, maxBytes = CHUNK_SEAL_DEFAULT_BYTES } = ownFields(chunk) as typeof chunk
  const declarations = declareStreams(joinStreams([streams, ...sourceStreams]))
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
    journeyRenewMs: journeyId === undefined ? checkJourney(options.journey) : undefined,
    whenHidden,
    autoStart,
    importedStartNs,
    warnings: labelWarnings(labels),
  }
}

function joinStreams(parts: Record<string, StreamOptions>[]): Record<string, StreamOptions> {
  const entries = parts.flatMap((part) => Object.entries(part))
  const joined = new Map(entries)
  if (joined.size < entries.length) {
    const [twice] = entries.find(([name], index) => entries.findIndex(([other]) => other === name) < index)!
    throw new RangeError(`"sources" and "streams" have two streams "${twice}"; give one of them another name`)
  }
  return Object.fromEntries(joined)
}

function checkJourney(journey: unknown): number | undefined {
  if (journey === undefined) return undefined
  if (journey === 'auto') return JOURNEY_RENEW_DEFAULT_MS
  if (typeof journey !== 'object' || journey === null) {
    throw new TypeError(
      `"journey" expected 'auto' or { renewAfterMs }, got ${describe(journey)}; an id is given as "journeyId"`,
    )
  }
  refuseUnknownFields('"journey"', journey, ['renewAfterMs'])
  return checkRange('journey.renewAfterMs', ownFields(journey).renewAfterMs, 1, DURATION_MAX_MS)
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
