import { utcOf } from '../export/utc.js'
import { frameOfChunk, type RemovedFrames, withoutFrames } from '../read/chunk-cut.js'
import { type Chunk, framesOf, KymographError, type StreamPiece } from '../read/index.js'
import { expectReadable } from './chunk-copy.js'
import { ChunkReader } from './chunk-reader.js'
import type { Command, CommandArguments } from './command.js'
import { UsageError } from './failure.js'
import { formatBytes, formatCount } from './format/quantity.js'
import { FORCE_OPTION, withOutputs } from './output-file.js'
import { openRecording, type Recording } from './recording.js'
import { STORE_OPTION } from './store-option.js'
import { parseIsoTime } from './tabular/iso-time.js'

/** What stays. */
interface Choice {
  sessions: ReadonlySet<string>
  streams: readonly string[]
  fromNs: bigint | undefined
  toNs: bigint | undefined
}

export const filter: Command = {
  name: 'filter',
  usage: 'PATH|ID -o FILE [--label L]… [--journey J] [--stream S]… [--from TIME] [--to TIME]',
  summary: 'writes a file with some of the sessions, streams or frames of another',
  details: [
    'Frames before --from, and at or after --to, are taken out and counted as lost: "redacted". Their times in UTC count,',
    'found through the clocks each chunk tells. Everything else stays as it was recorded, chunk by chunk.',
  ].join('\n'),
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'file to write' },
    label: {
      type: 'string',
      multiple: true,
      value: 'LABEL',
      help: 'sessions with this label; with several, any of them',
    },
    journey: { type: 'string', value: 'ID', help: 'sessions of this journey' },
    stream: { type: 'string', multiple: true, value: 'NAME', help: 'only this stream' },
    from: { type: 'string', value: 'TIME', help: 'frames at or after, ISO 8601; UTC where it names no zone' },
    to: { type: 'string', value: 'TIME', help: 'frames before, likewise' },
    store: STORE_OPTION,
    force: FORCE_OPTION,
  },
  async run(args) {
    const output = args.required('output', 'name the file to write, for example -o part.kymo')
    const [fromNs, toNs] = [instantOf(args, 'from'), instantOf(args, 'to')]
    if (fromNs !== undefined && toNs !== undefined && fromNs >= toNs)
      throw new UsageError('--from expected before --to')
    const recording = await openRecording(args)
    recording.expectFile()
    const sessions = await sessionsOf(recording, args)
    return withOutputs([output], args.has('force'), async ([file]) => {
      const reader = new ChunkReader(recording)
      const cutter = new Cutter({ sessions, streams: args.texts('stream'), fromNs, toNs })
      let chunks = 0
      for await (const { chunk, bytes } of reader.items('filtering')) {
        if (!sessions.has(chunk.sessionId)) continue
        await file!.write(cutter.frame(chunk, bytes))
        chunks += 1
      }
      cutter.expectStreams()
      await expectReadable(file!, chunks, recording)
      const counts = `${formatCount(sessions.size, 'session')}, ${formatCount(chunks, 'chunk')}`
      file!.announce(`${formatBytes(file!.bytesWritten)}, ${counts}`)
      return reader.report('what is whole has been filtered')
    })
  },
}

/** Sessions with the labels and journey that were asked for. @throws KymographError `not-found` when there is none. */
async function sessionsOf(recording: Recording, args: CommandArguments): Promise<Set<string>> {
  const [labels, journey] = [args.texts('label'), args.text('journey')]
  const found = new Map<string, { labels: string[]; revision: number; journeyId?: string }>()
  for await (const { chunk } of new ChunkReader(recording).items('reading')) {
    const known = found.get(chunk.sessionId) ?? { labels: [], revision: -1 }
    if (chunk.labelsRevision >= known.revision) {
      known.labels = chunk.labels
      known.revision = chunk.labelsRevision
    }
    known.journeyId ??= chunk.journeyId
    found.set(chunk.sessionId, known)
  }
  const wanted = [...found].filter(
    ([, session]) =>
      (labels.length === 0 || labels.some((label) => session.labels.includes(label))) &&
      (journey === undefined || session.journeyId === journey),
  )
  if (wanted.length === 0) {
    const which = [
      ...labels.map((label) => `label ${JSON.stringify(label)}`),
      ...(journey ? [`journey ${JSON.stringify(journey)}`] : []),
    ]
    throw new KymographError('not-found', `no session with ${which.join(' and ')} in ${JSON.stringify(recording.path)}`)
  }
  return new Set(wanted.map(([sessionId]) => sessionId))
}

/** Takes streams and frames out of chunks. */
class Cutter {
  readonly #choice: Choice
  readonly #removed = new Map<string, RemovedFrames>()
  readonly #seen = new Set<string>()

  constructor(choice: Choice) {
    this.#choice = choice
  }

  /** A chunk in its frame, with what stays of it. */
  frame(chunk: Chunk, bytes: Uint8Array): Uint8Array {
    const { streams, fromNs, toNs } = this.#choice
    for (const { descriptor } of chunk.streams) this.#seen.add(descriptor.name)
    const kept =
      streams.length === 0 ? chunk.streams : chunk.streams.filter(({ descriptor }) => streams.includes(descriptor.name))
    const isTimed = fromNs !== undefined || toNs !== undefined
    if (!isTimed && kept.length === chunk.streams.length) return bytes
    const removed = this.#removed.get(chunk.sessionId) ?? new Map()
    this.#removed.set(chunk.sessionId, removed)
    const marks = chunk.marks.filter(({ wallNs }) => this.#isInside(wallNs))
    const keeps = (piece: StreamPiece) => (isTimed ? this.#keeps(chunk, piece) : undefined)
    return frameOfChunk(withoutFrames({ ...chunk, streams: kept, marks }, keeps, removed))
  }

  /** @throws UsageError for a stream no session has. */
  expectStreams(): void {
    const missing = this.#choice.streams.find((name) => !this.#seen.has(name))
    if (missing === undefined) return
    throw new UsageError(`no stream ${JSON.stringify(missing)}; there are ${[...this.#seen].join(', ') || 'none'}`)
  }

  #keeps(chunk: Chunk, { descriptor, frameCount }: StreamPiece): Uint8Array {
    if (frameCount === 0) return new Uint8Array(0)
    const times = utcOf(framesOf(chunk, descriptor.name).timestampsNs, descriptor.clock, chunk)
    return Uint8Array.from(times, (timestampNs) => Number(this.#isInside(timestampNs)))
  }

  #isInside(unixNs: bigint): boolean {
    const { fromNs, toNs } = this.#choice
    return (fromNs === undefined || unixNs >= fromNs) && (toNs === undefined || unixNs < toNs)
  }
}

/** Unix nanoseconds of an option. @throws UsageError when it is no time. */
function instantOf(args: CommandArguments, name: string): bigint | undefined {
  const text = args.text(name)
  if (text === undefined) return undefined
  const time = parseIsoTime(text.trim())
  if (!time) {
    throw new UsageError(`--${name} expected a time such as 2026-01-31T12:00:00.5Z, got ${JSON.stringify(text)}`)
  }
  return time.timestampNs
}
