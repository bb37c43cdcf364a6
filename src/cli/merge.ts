import { open } from 'node:fs/promises'
import { type ChunkPlace, ChunkSequence } from '../read/chunk-sequence.js'
import { type Chunk, chunkId, KymographError } from '../read/index.js'
import { expectReadable } from './chunk-copy.js'
import { reportFindings } from './chunk-reader.js'
import type { Command } from './command.js'
import { UsageError } from './failure.js'
import { formatBytes, formatCount } from './format/quantity.js'
import { FORCE_OPTION, type OutputFile, withOutputs } from './output-file.js'
import { type Recording, recordingOf } from './recording.js'
import { STORE_OPTION } from './store-option.js'

/** A chunk and where it lies. */
interface Place extends ChunkPlace, Pick<Chunk, 'journeyId' | 'startedAtNs'> {
  recording: Recording
  offset: number
  byteLength: number
  /** Of the payload: the same chunk twice has it twice. */
  checksum: number
}

export const merge: Command = {
  name: 'merge',
  usage: 'PATH|ID… -o FILE [--store DIR] [--force]',
  summary: 'puts several files of a session, or of the sessions of a journey, into one',
  details: [
    'Chunks stand session by session, oldest first, in the order they were made; one that is in several files is taken',
    'once. Exit code 1: something was damaged or missing, or two files say different things under the same id.',
  ].join('\n'),
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'file to write' },
    store: STORE_OPTION,
    force: FORCE_OPTION,
  },
  async run(args) {
    const output = args.required('output', 'name the file to write, for example -o journey.kymo')
    if (args.positionals.length < 2) throw new UsageError('name two files or more')
    const places = new Map<string, Place>()
    let exitCode = 0
    for (const name of args.positionals) {
      const recording = await recordingOf(name, args.text('store'))
      recording.expectFile()
      const findings = await gather(recording, places)
      exitCode = Math.max(exitCode, reportFindings(recording.path, findings, 'what is whole is merged'))
    }
    if (places.size === 0) throw new KymographError('not-kymo', 'there is no whole chunk in these files')
    const ordered = inOrder([...places.values()])
    exitCode = Math.max(exitCode, reportFindings(output, sequenceFindings(ordered), 'what is there is merged'))
    return withOutputs([output], args.has('force'), async ([file]) => {
      await copy(ordered, file!)
      await expectReadable(file!, ordered.length, ordered[0]!.recording)
      const sessions = new Set(ordered.map(({ sessionId }) => sessionId)).size
      const counts = `${formatCount(sessions, 'session')}, ${formatCount(ordered.length, 'chunk')}`
      file!.announce(`${formatBytes(file!.bytesWritten)}, ${counts}`)
      return exitCode
    })
  },
}

/** Adds the chunks of a file; returns what is odd about it. */
async function gather(recording: Recording, places: Map<string, Place>): Promise<string[]> {
  const findings: string[] = []
  for await (const item of recording.items()) {
    if (item.kind === 'damage') {
      findings.push(`${item.error.message} (${item.byteLength} bytes skipped from byte ${item.offset})`)
      continue
    }
    const { chunk, offset, bytes } = item
    const { sessionId, journeyId, epoch, seq, final, amendment, startedAtNs } = chunk
    const checksum = recording.kernels.crc32c(bytes)
    const known = places.get(chunkId(chunk))
    if (known && known.checksum !== checksum) {
      findings.push(`chunk ${chunkId(chunk)} is another one than in ${known.recording.path}`)
    }
    if (known) continue
    const byteLength = bytes.length
    const place = { sessionId, journeyId, epoch, seq, final, amendment, startedAtNs }
    places.set(chunkId(chunk), { ...place, recording, offset, byteLength, checksum })
  }
  return findings
}

function sequenceFindings(places: readonly Place[]): string[] {
  const sequence = new ChunkSequence()
  const oddities = places.map((place) => sequence.next(place)).filter((oddity) => oddity !== undefined)
  return [...oddities, ...sequence.unfinished.map((id) => `the final chunk of session ${id} is missing`)]
}

/** @throws UsageError when the sessions are not of one journey. */
function inOrder(places: Place[]): Place[] {
  const starts = new Map<string, bigint>()
  const journeys = new Map<string | undefined, string>()
  for (const { sessionId, journeyId, startedAtNs, amendment } of places) {
    if (amendment) continue
    starts.set(sessionId, startedAtNs)
    journeys.set(journeyId, sessionId)
  }
  if (journeys.size > 1 || (starts.size > 1 && journeys.has(undefined))) {
    const names = [...journeys.keys()].map((journey) => journey ?? 'none').join(', ')
    throw new UsageError(`the files are of different sessions and journeys (${names}); merge those of one`)
  }
  const startOf = ({ sessionId, startedAtNs }: Place) => starts.get(sessionId) ?? startedAtNs
  return places.sort(
    (a, b) =>
      Number(startOf(a) > startOf(b)) - Number(startOf(a) < startOf(b)) ||
      Number(a.sessionId > b.sessionId) - Number(a.sessionId < b.sessionId) ||
      a.seq - b.seq ||
      a.epoch - b.epoch,
  )
}

async function copy(places: readonly Place[], output: OutputFile): Promise<void> {
  for (let first = 0; first < places.length; ) {
    const { recording } = places[first]!
    const file = await open(recording.path)
    try {
      for (; first < places.length && places[first]!.recording === recording; first++) {
        const { offset, byteLength } = places[first]!
        const { buffer } = await file.read(Buffer.alloc(byteLength), 0, byteLength, offset)
        await output.write(buffer)
      }
    } finally {
      await file.close()
    }
  }
}
