import type { Chunk } from '../wire/model.js'

/** What goes into a file's metadata: whose data these are. Keys begin with `kymograph.`, lists and maps are JSON. */
export class SessionFacts {
  readonly entries = new Map<string, string>()
  #labelsRevision = -1

  /** Takes note of a chunk: the labels of the highest revision hold, amendments come behind the last frames. */
  add(chunk: Chunk): void {
    const { entries } = this
    if (chunk.labelsRevision >= this.#labelsRevision) {
      this.#labelsRevision = chunk.labelsRevision
      entries.set('kymograph.labels', JSON.stringify(chunk.labels))
    }
    if (chunk.amendment) return
    entries.set('kymograph.session_id', chunk.sessionId)
    if (chunk.journeyId !== undefined) entries.set('kymograph.journey_id', chunk.journeyId)
    entries.set('kymograph.started_at', timeText(chunk.startedAtNs))
    entries.set('kymograph.ended_at', timeText(chunk.endedAtNs))
    entries.set('kymograph.metadata', objectText(chunk.metadata))
    entries.set('kymograph.streams', JSON.stringify(chunk.streams.map(({ descriptor }) => descriptor)))
    const clock = chunk.clocks[0]
    if (!clock || entries.has('kymograph.clock')) return
    const snapshot = { monotonicNs: String(clock.monotonicNs), wallNs: String(clock.wallNs) }
    entries.set('kymograph.clock', JSON.stringify(snapshot))
  }
}

/** ISO 8601 in UTC with nanoseconds; the bare number where no calendar reaches. */
function timeText(unixNs: bigint): string {
  const remainderNs = ((unixNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n
  const date = new Date(Number((unixNs - remainderNs) / 1_000_000n))
  if (Number.isNaN(date.getTime())) return `${unixNs}`
  return date.toISOString().replace(/\.\d+Z$/, `.${String(remainderNs).padStart(9, '0')}Z`)
}

/** JSON of a map; `__proto__` is a key like others. */
function objectText(map: Map<string, string>): string {
  return `{${[...map].map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`
}
