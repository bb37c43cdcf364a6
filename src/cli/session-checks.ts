import { type Chunk, chunkId, KymographError, type StreamCounts, type StreamPiece } from '../read/index.js'

/** Something that should not be so; `note`s are facts of the recording, and no fault of the file. */
export interface Finding {
  code: string
  message: string
  isNote?: boolean
  /** Position in the file, and the bytes it is about, where there are some. */
  offset?: number
  byteLength?: number
}

/** Wall and monotonic clock may drift so far apart between two readings. */
const DRIFT_MAX_NS = 1_000_000_000n

/** What a chunk says of a stream, and what was counted in its frames. */
interface StreamState {
  counts: StreamCounts
  lastNs?: bigint
  repeated: number
  backward: number
}

/** Holds the chunks of one session against each other: counts, clocks, labels, times. */
export class SessionChecks {
  readonly #streams = new Map<string, StreamState>()
  #last: Chunk | undefined
  #clock: Chunk['clocks'][number] | undefined
  /** A chunk is missing: counts cannot be held against the frames any more. */
  #hasHole = false
  #first: Chunk | undefined;

  /** Findings of the next chunk, with the times of its streams that could be decoded. */
  *add(chunk: Chunk, times: ReadonlyMap<string, BigInt64Array>): Generator<Finding> {
    const id = chunkId(chunk)
    const last = this.#last
    if (chunk.seq !== (last ? last.seq + 1 : 0)) this.#hasHole = true
    yield* this.#checkFacts(chunk, id)
    this.#last = chunk
    if (chunk.amendment) return
    yield* this.#checkClocks(chunk, id)
    for (const piece of chunk.streams) {
      for (const message of this.#checkStream(piece, chunk, times.get(piece.descriptor.name)))
        yield { code: 'counts', message: `chunk ${id}, stream "${piece.descriptor.name}": ${message}` }
    }
  }

  *#checkFacts(chunk: Chunk, id: string): Generator<Finding> {
    const [first, last] = [this.#first ?? chunk, this.#last]
    this.#first = first
    const differing = (['journeyId', 'startedAtNs'] as const).filter((fact) => first[fact] !== chunk[fact])
    if (!chunk.amendment && differing.length > 0) {
      yield { code: 'facts', message: `chunk ${id} says otherwise than ${chunkId(first)}: ${differing.join(', ')}` }
    }
    if (!last) return
    const isSame = last.labels.join('\0') === chunk.labels.join('\0')
    if (chunk.labelsRevision < last.labelsRevision) {
      const message = `chunk ${id}: labels of revision ${chunk.labelsRevision} behind those of ${last.labelsRevision}`
      yield { code: 'labels', message }
    } else if (chunk.labelsRevision === last.labelsRevision && !isSame) {
      yield { code: 'labels', message: `chunk ${id}: other labels of the same revision ${chunk.labelsRevision}` }
    }
  }

  *#checkClocks(chunk: Chunk, id: string): Generator<Finding> {
    for (const clock of chunk.clocks) {
      const before = this.#clock
      this.#clock = clock
      if (!before) continue
      const monotonicNs = clock.monotonicNs - before.monotonicNs
      const driftNs = clock.wallNs - before.wallNs - monotonicNs
      // a page's clock begins anew with each page, and with each a session has an epoch
      if (monotonicNs < 0n) yield { code: 'clock', message: `chunk ${id}: the monotonic clock stepped back` }
      else if (driftNs > DRIFT_MAX_NS || driftNs < -DRIFT_MAX_NS) {
        const message = `chunk ${id}: the wall clock jumped by ${Number(driftNs / 1_000_000n)} ms`
        yield { code: 'clock-jump', message, isNote: true }
      }
    }
  }

  *#checkStream(piece: StreamPiece, chunk: Chunk, timestampsNs: BigInt64Array | undefined): Generator<string> {
    const { descriptor, counts, firstFrame, gaps } = piece
    const before = this.#streams.get(descriptor.name)
    const state: StreamState = before ?? { counts, repeated: 0, backward: 0 }
    if (before) {
      yield* decreased(before.counts, counts)
      if (!this.#hasHole && firstFrame !== before.counts.produced) {
        yield `begins with frame ${firstFrame}, ${before.counts.produced} came before`
      }
      if (!this.#hasHole && counts.gaps - before.counts.gaps !== gaps.length) {
        yield `${counts.gaps - before.counts.gaps} new gaps are counted, ${gaps.length} listed`
      }
    } else if (!this.#hasHole && firstFrame !== 0) yield `begins with frame ${firstFrame}, none came before`
    const pending = counts.received - counts.ingested - Object.values(counts.lost).reduce((sum, lost) => sum + lost, 0)
    if (chunk.final && pending > 0) yield `${pending} frames are neither ingested nor lost at the end`
    if (!timestampsNs) this.#hasHole = true
    for (const timestampNs of timestampsNs ?? []) {
      if (state.lastNs !== undefined && timestampNs < state.lastNs) state.backward += 1
      if (timestampNs === state.lastNs) state.repeated += 1
      state.lastNs = timestampNs
    }
    state.counts = counts
    this.#streams.set(descriptor.name, state)
    // on a grid, and where frames were taken out, these are of frames that are not here
    if (this.#hasHole || descriptor.resampledHz !== undefined || counts.lost.redacted) return
    if (state.repeated !== counts.repeatedTimestamps) {
      yield `${counts.repeatedTimestamps} repeated timestamps are counted, ${state.repeated} there`
    }
    if (state.backward !== counts.backwardTimestamps) {
      yield `${counts.backwardTimestamps} steps back are counted, ${state.backward} there`
    }
  }
}

/** Counts since the start of a session never go down. */
function* decreased(before: StreamCounts, now: StreamCounts): Generator<string> {
  const { lost: lostBefore, ...numbersBefore } = before
  for (const [name, count] of Object.entries({ ...numbersBefore, ...lostBefore })) {
    const current = { ...now, ...now.lost }[name as keyof typeof numbersBefore] ?? 0
    if (current < count) yield `${name} went from ${count} to ${current}`
  }
}

/** What a decoder objected to. @throws what is no KymographError. */
export function findingOf(error: unknown, offset?: number, byteLength?: number): Finding {
  if (!(error instanceof KymographError)) throw error
  return { code: error.code, message: error.message, offset, byteLength }
}
