import { ChunkSequence } from '../read/chunk-sequence.js'
import { framesOf } from '../read/index.js'
import type { Command } from './command.js'
import { UsageError } from './failure.js'
import { formatBytes, formatCount } from './format/quantity.js'
import { printable, renderTable } from './format/table.js'
import { type Recording, recordingOf } from './recording.js'
import { type Finding, findingOf, SessionChecks } from './session-checks.js'
import { JSON_OPTION, STORE_OPTION, toJson } from './store-option.js'

interface Diagnosis {
  path: string
  bytes: number
  chunks: number
  frames: number
  sessions: string[]
  findings: Finding[]
}

export const doctor: Command = {
  name: 'doctor',
  usage: 'PATH|ID… [--store DIR] [--json]',
  summary: 'verifies checksums, sequence, counts, clocks and labels, and decodes every value',
  details: 'Notes, such as a jump of the wall clock, are facts of a recording: with notes only the exit code is 0.',
  options: { store: STORE_OPTION, json: JSON_OPTION },
  async run(args) {
    if (args.positionals.length === 0) throw new UsageError('name a session file, or a session id with --store DIR')
    const diagnoses: Diagnosis[] = []
    const isOne = args.positionals.length === 1
    for (const name of args.positionals) {
      const diagnosis = recordingOf(name, args.text('store')).then(diagnose)
      // one of several that is not there, or no session file, does not keep the others from being looked at
      diagnoses.push(await (isOne ? diagnosis : diagnosis.catch((error: unknown) => nothingFound(name, error))))
    }
    const [one] = diagnoses
    process.stdout.write(args.has('json') ? toJson(isOne ? one : diagnoses) : diagnoses.map(textOf).join('\n'))
    return diagnoses.some(({ findings }) => findings.some(({ isNote }) => !isNote)) ? 1 : 0
  },
}

/** @throws what is no fault of the file. */
function nothingFound(path: string, error: unknown): Diagnosis {
  return { path, bytes: 0, chunks: 0, frames: 0, sessions: [], findings: [findingOf(error)] }
}

async function diagnose(recording: Recording): Promise<Diagnosis> {
  const sequence = new ChunkSequence()
  const sessions = new Map<string, SessionChecks>()
  const findings: Finding[] = []
  let [chunks, frames] = [0, 0]
  for await (const item of recording.items('checking')) {
    if (item.kind === 'damage') {
      findings.push(findingOf(item.error, item.offset, item.byteLength))
      continue
    }
    const { chunk } = item
    const isRepeated = sequence.isRepeated(chunk)
    const oddity = sequence.next(chunk)
    if (oddity) findings.push({ code: 'sequence', message: oddity, offset: item.offset })
    if (isRepeated) continue
    const checks = sessions.get(chunk.sessionId) ?? new SessionChecks()
    sessions.set(chunk.sessionId, checks)
    chunks += 1
    const times = new Map<string, BigInt64Array>()
    for (const { descriptor, frameCount } of chunk.streams) {
      frames += frameCount
      try {
        times.set(descriptor.name, framesOf(chunk, descriptor.name, recording).timestampsNs)
      } catch (error) {
        // its checksums hold: it was written so
        findings.push(findingOf(error, item.offset, item.bytes.length))
      }
    }
    for (const finding of checks.add(chunk, times)) findings.push({ ...finding, offset: item.offset })
  }
  for (const sessionId of sequence.unfinished) {
    const message = `session ${sessionId} has no final chunk: it was cut short or is being recorded`
    findings.push({ code: 'no-final-chunk', message, offset: recording.byteLength })
  }
  if (chunks === 0) findings.push({ code: 'not-kymo', message: 'there is no whole chunk in it: not a session file' })
  return { path: recording.path, bytes: recording.byteLength, chunks, frames, sessions: [...sessions.keys()], findings }
}

function textOf({ path, bytes, chunks, frames, sessions, findings }: Diagnosis): string {
  const counts = `${formatCount(sessions.length, 'session')}, ${formatCount(chunks, 'chunk')}, ${formatCount(frames, 'frame')}`
  const head = `${printable(path)}  ${formatBytes(bytes)}, ${counts}`
  if (findings.length === 0) return `${head}: sound\n`
  const rows = findings.map(({ code, message, offset, byteLength, isNote }) => [
    isNote ? 'note' : 'finding',
    code,
    offset === undefined ? '' : String(offset),
    byteLength === undefined ? '' : String(byteLength),
    message,
  ])
  return `${head}\n\n${renderTable(['', 'code', 'at byte', 'bytes', 'what'], rows)}`
}
