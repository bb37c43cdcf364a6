import { randomUUID } from 'node:crypto'
import type { SessionRecord, SessionState, StreamRecord } from '../store/record.js'
import type { ChannelDescriptor, ClockName } from '../wire/model.js'

/** What a line of the catalogue says: what a session's file holds, or that the session was removed. */
export type CatalogueEntry =
  | { kind: 'session'; record: SessionRecord; fileVersion: string }
  | { kind: 'removed'; id: string }

type Metadata = [key: string, value: string][]
type StreamShape = [name: string, clock: ClockName, channels: ChannelDescriptor[], resampledHz: number | null]
type StreamCells = [shape: string, frames: number, rateHz: number, gaps: number, lost: number, bytes: number]
type Line =
  | ['share', string, Metadata | StreamShape]
  | [
      'session',
      id: string,
      startedMs: number,
      endedMs: number,
      state: SessionState,
      journeyId: string | null,
      labels: string[],
      labelsRevision: number,
      metadata: string,
      chunks: number,
      bytes: number,
      fileVersion: string,
      streams: StreamCells[],
      tailMs?: number,
    ]
  | ['removed', id: string]

/** Parts that were written lately are referred to, not written again. */
const SHARED_MAX = 1000

/**
 * Turns entries into lines and back. What most sessions have in common, their metadata and the shape of their streams,
 * is a line of its own that others refer to: a catalogue is read in a third of the time and kept in a third of the space.
 */
export class CatalogueCoder {
  readonly #prefix = randomUUID().slice(0, 8)
  readonly #shared = new Map<string, Record<string, string> | StreamShape>()
  readonly #keys = new Map<string, string>()
  #count = 0

  encode(entry: CatalogueEntry): string[] {
    if (entry.kind === 'removed') return [JSON.stringify(['removed', entry.id] satisfies Line)]
    const { record, fileVersion } = entry
    const lines: string[] = []
    const metadata = this.#share(Object.entries(record.metadata), lines)
    const streams = record.streams.map(
      ({ name, clock, channels, resampledHz, frames, effectiveRateHz, gaps, lost, bytes }): StreamCells => [
        this.#share([name, clock, channels, resampledHz ?? null], lines),
        frames,
        effectiveRateHz,
        gaps,
        lost,
        bytes,
      ],
    )
    const { id, startedAt, endedAt, state, journeyId = null, labels, labelsRevision, chunks, bytes } = record
    const [startedMs, endedMs] = [startedAt.getTime(), endedAt.getTime()]
    const line: Line = [
      'session',
      id,
      startedMs,
      endedMs,
      state,
      journeyId,
      labels,
      labelsRevision,
      metadata,
      chunks,
      bytes,
      fileVersion,
      streams,
    ]
    if (record.tailMs !== undefined) line.push(record.tailMs)
    lines.push(JSON.stringify(line))
    return lines
  }

  /** The entry of a line; undefined for one that only helps others. @throws TypeError for one that makes no sense. */
  decode(json: string): CatalogueEntry | undefined {
    const line = JSON.parse(json) as Line
    if (line[0] === 'share') {
      this.#remember(line[2], JSON.stringify(line[2]), line[1])
      return undefined
    }
    if (line[0] === 'removed') return { kind: 'removed', id: line[1] }
    const [, id, startedMs, endedMs, state, journeyId, labels, labelsRevision, metadataKey, chunks, bytes] = line
    const record: SessionRecord = {
      id,
      journeyId: journeyId ?? undefined,
      labels,
      labelsRevision,
      metadata: this.#part(metadataKey) as Record<string, string>,
      startedAt: new Date(startedMs),
      endedAt: new Date(endedMs),
      state,
      chunks,
      bytes,
      streams: line[12].map((cells) => this.#stream(cells)),
    }
    if (line[13] !== undefined) record.tailMs = line[13]
    return { kind: 'session', record, fileVersion: line[11] }
  }

  #stream([shape, frames, effectiveRateHz, gaps, lost, bytes]: StreamCells): StreamRecord {
    const [name, clock, channels, resampledHz] = this.#part(shape) as StreamShape
    const record: StreamRecord = { name, clock, channels, frames, effectiveRateHz, gaps, lost, bytes }
    if (resampledHz !== null) record.resampledHz = resampledHz
    return record
  }

  #part(key: string): unknown {
    const part = this.#shared.get(key)
    if (!part) throw new TypeError(`the catalogue has no shared part ${JSON.stringify(key)}`)
    return part
  }

  #share(part: Metadata | StreamShape, lines: string[]): string {
    const json = JSON.stringify(part)
    let key = this.#keys.get(json)
    if (key === undefined) {
      key = `${this.#prefix}${this.#count++}`
      lines.push(JSON.stringify(['share', key, part] satisfies Line))
      this.#remember(part, json, key)
    }
    return key
  }

  #remember(part: Metadata | StreamShape, json: string, key: string): void {
    this.#shared.set(key, isShape(part) ? part : Object.fromEntries(part))
    if (this.#keys.size >= SHARED_MAX) this.#keys.delete(this.#keys.keys().next().value!)
    this.#keys.set(json, key)
  }
}

function isShape(part: Metadata | StreamShape): part is StreamShape {
  return typeof part[0] === 'string'
}
