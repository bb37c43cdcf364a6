import { ChunkSequence } from '../read/chunk-sequence.js'
import type { Chunk, KymographError, StreamDescriptor } from '../read/index.js'
import { noWholeChunk } from './chunk-reader.js'
import type { Command } from './command.js'
import { gridText } from './format/grid.js'
import { formatBytes, formatCount, formatDuration, formatRate } from './format/quantity.js'
import { printable, renderTable } from './format/table.js'
import { openRecording } from './recording.js'
import { JSON_OPTION, STORE_OPTION, toJson } from './store-option.js'

interface StreamInfo {
  sessionId: string
  name: string
  clock: string
  channels: { name: string; type: string; unit?: string; precision?: number; bytesPerValue: number }[]
  /** Frames in the chunks: those of the grid, if resampled. */
  frames: number
  /** Of the frames that came. */
  effectiveRateHz: number
  resampledHz?: number
  resampleMethod?: StreamDescriptor['resampleMethod']
  resampleQuality?: StreamDescriptor['resampleQuality']
  gaps: number
  ingested: number
  received: number
  lost: Record<string, number>
  invalidValues: number
  repeatedTimestamps: number
  backwardTimestamps: number
  timeBytesPerFrame: number
  bytes: number
}

interface RecordingInfo {
  path: string
  bytes: number
  sessions: {
    id: string
    journeyId?: string
    labels: string[]
    metadata: Record<string, string>
    startedAt: Date
    endedAt: Date
    state: string
    chunks: number
    marks: number
  }[]
  streams: StreamInfo[]
  findings: { offset: number; byteLength: number; code: string; message: string }[]
}

export const info: Command = {
  name: 'info',
  usage: 'PATH|ID [--store DIR] [--json]',
  summary: 'says what is in a session file: streams, rates, gaps, loss, clocks, bytes per value',
  options: { store: STORE_OPTION, json: JSON_OPTION },
  async run(args) {
    const recording = await openRecording(args)
    const result: RecordingInfo = {
      path: recording.path,
      bytes: recording.byteLength,
      sessions: [],
      streams: [],
      findings: [],
    }
    const gatherer = new Gatherer(result)
    let firstDamage: KymographError | undefined
    for await (const item of recording.items()) {
      if (item.kind === 'chunk') gatherer.add(item.chunk)
      else {
        const { offset, byteLength, error } = item
        firstDamage ??= error
        result.findings.push({ offset, byteLength, code: error.code, message: error.message })
      }
    }
    gatherer.finish(recording.byteLength)
    if (result.sessions.length === 0) throw noWholeChunk(recording.path, firstDamage)
    process.stdout.write(args.has('json') ? toJson(result) : textOf(result))
    return result.findings.length === 0 ? 0 : 1
  },
}

/** Sums chunks up; counts in them are cumulative, so the last one speaks. */
class Gatherer {
  readonly #info: RecordingInfo
  readonly #columnBytes = new Map<string, { time: number; columns: number[]; values: number[] }>()
  readonly #streams = new Map<string, StreamInfo>()
  readonly #sequence = new ChunkSequence()
  readonly #sessions = new Map<string, RecordingInfo['sessions'][number]>()
  readonly #labelsRevisions = new Map<string, number>()

  constructor(result: RecordingInfo) {
    this.#info = result
  }

  add(chunk: Chunk): void {
    const isRepeated = this.#sequence.isRepeated(chunk)
    const oddity = this.#sequence.next(chunk)
    if (oddity) this.#info.findings.push({ offset: 0, byteLength: 0, code: 'sequence', message: oddity })
    if (isRepeated) return
    let session = this.#sessions.get(chunk.sessionId)
    if (!session) {
      session = {
        id: chunk.sessionId,
        ...(chunk.journeyId === undefined ? {} : { journeyId: chunk.journeyId }),
        labels: [],
        metadata: Object.fromEntries(chunk.metadata),
        startedAt: new Date(0),
        endedAt: new Date(0),
        state: 'recovered',
        chunks: 0,
        marks: 0,
      }
      this.#info.sessions.push(session)
      this.#sessions.set(session.id, session)
    }
    session.chunks += 1
    session.marks += chunk.marks.length
    const revision = this.#labelsRevisions.get(session.id) ?? 0
    if (chunk.labelsRevision >= revision) {
      this.#labelsRevisions.set(session.id, chunk.labelsRevision)
      session.labels = chunk.labels
    }
    if (chunk.amendment) return
    session.startedAt = new Date(Number(chunk.startedAtNs / 1_000_000n))
    session.endedAt = new Date(Number(chunk.endedAtNs / 1_000_000n))
    if (chunk.final) session.state = 'stopped'
    this.#addStreams(chunk)
  }

  finish(byteLength: number): void {
    this.#info.streams = [...this.#streams.values()]
    for (const { id, state } of this.#info.sessions) {
      if (state === 'stopped') continue
      this.#info.findings.push({
        offset: byteLength,
        byteLength: 0,
        code: 'no-final-chunk',
        message: `session ${id} has no final chunk: it was cut short or is being recorded`,
      })
    }
  }

  #addStreams(chunk: Chunk): void {
    for (const piece of chunk.streams) {
      const { descriptor, counts } = piece
      const key = `${chunk.sessionId}/${descriptor.name}`
      const sums = this.#columnBytes.get(key) ?? {
        time: 0,
        columns: descriptor.channels.map(() => 0),
        values: descriptor.channels.map(() => 0),
      }
      this.#columnBytes.set(key, sums)
      sums.time += piece.time.length
      piece.columns.forEach(({ column, validity, dictionary }, c) => {
        const texts = dictionary?.reduce((sum, text) => sum + Buffer.byteLength(text), 0) ?? 0
        sums.columns[c]! += column.length + (validity?.length ?? 0) + texts
        sums.values[c]! += piece.frameCount
      })
      const frames = counts.produced
      this.#streams.set(key, {
        sessionId: chunk.sessionId,
        name: descriptor.name,
        clock: descriptor.clock,
        channels: descriptor.channels.map(({ name, type, unit, precision }, c) => ({
          name,
          type,
          ...(unit === undefined ? {} : { unit }),
          ...(precision === undefined ? {} : { precision }),
          bytesPerValue: sums.values[c] ? sums.columns[c]! / sums.values[c]! : 0,
        })),
        frames,
        effectiveRateHz: piece.effectiveRateHz,
        resampledHz: descriptor.resampledHz,
        resampleMethod: descriptor.resampleMethod,
        resampleQuality: descriptor.resampleQuality,
        gaps: counts.gaps,
        ingested: counts.ingested,
        received: counts.received,
        lost: counts.lost,
        invalidValues: counts.invalidValues,
        repeatedTimestamps: counts.repeatedTimestamps,
        backwardTimestamps: counts.backwardTimestamps,
        timeBytesPerFrame: frames > 0 ? sums.time / frames : 0,
        bytes: counts.bytes,
      })
    }
  }
}

function textOf({ path, bytes, sessions, streams, findings }: RecordingInfo): string {
  const lines = [`${printable(path)}  ${formatBytes(bytes)}`]
  for (const session of sessions) {
    if (session !== sessions[0]) lines.push('')
    lines.push(
      `session   ${session.id}  ${session.state}, ${formatCount(session.chunks, 'chunk')}, ${formatCount(session.marks, 'mark')}`,
      `started   ${session.startedAt.toISOString()}, ${formatDuration(session.endedAt.getTime() - session.startedAt.getTime())}`,
      `journey   ${printable(session.journeyId ?? '–')}`,
      `labels    ${printable(session.labels.join(', ')) || '–'}`,
      ...Object.entries(session.metadata).map(([key, value]) => printable(`metadata  ${key} = ${value}`)),
      ...streamLines(streams.filter(({ sessionId }) => sessionId === session.id)),
    )
  }
  for (const { offset, byteLength, code, message } of findings) {
    lines.push(`finding: ${code}${byteLength > 0 ? `, ${byteLength} bytes from byte ${offset}` : ''}: ${message}`)
  }
  return `${lines.join('\n')}\n`
}

/** A table of the streams of a session, and what is odd about them. */
function streamLines(streams: readonly StreamInfo[]): string[] {
  const lines = ['']
  const rows = streams.flatMap((stream) => [
    [
      stream.name,
      stream.clock,
      '',
      String(stream.frames),
      formatRate(stream.effectiveRateHz),
      String(stream.gaps),
      lossText(stream),
      stream.timeBytesPerFrame.toFixed(3),
    ],
    ...stream.channels.map(({ name, type, unit, precision, bytesPerValue }) => [
      `  ${name}`,
      // what is recorded within a precision is not what was given
      precision === undefined ? type : `${type} ±${precision / 2}`,
      unit ?? '',
      '',
      '',
      '',
      '',
      bytesPerValue.toFixed(3),
    ]),
  ])
  if (rows.length > 0)
    lines.push(renderTable(['stream', 'clock', 'unit', 'frames', 'rate', 'gaps', 'lost', 'B/value'], rows).trimEnd())
  for (const stream of streams) lines.push(...gridText(stream.name, { ...stream, produced: stream.frames }))
  for (const stream of streams) {
    const remarks = [
      stream.repeatedTimestamps > 0 ? `${stream.repeatedTimestamps} repeated timestamps` : '',
      stream.backwardTimestamps > 0 ? `${stream.backwardTimestamps} steps back` : '',
      stream.invalidValues > 0 ? `${stream.invalidValues} values that did not fit` : '',
    ].filter((remark) => remark !== '')
    if (remarks.length > 0) lines.push(`${stream.name}: ${remarks.join(', ')}`)
  }
  return lines
}

function lossText({ lost }: StreamInfo): string {
  const parts = Object.entries(lost).map(([reason, frames]) => `${frames} ${reason}`)
  return parts.length > 0 ? parts.join(', ') : '0'
}
