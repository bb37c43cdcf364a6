import { mkdir, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ChunkSequence } from '../read/chunk-sequence.js'
import { type Chunk, framesOf, KymographError } from '../read/index.js'
import { expectReadable } from './chunk-copy.js'
import type { Command, CommandArguments } from './command.js'
import { UsageError } from './failure.js'
import { formatBytes, formatCount, formatDuration } from './format/quantity.js'
import { printable, renderTable } from './format/table.js'
import { FORCE_OPTION, withOutputs } from './output-file.js'
import { type Recording, recordingOf } from './recording.js'
import { JSON_OPTION, STORE_OPTION, toJson, withDirectory } from './store-option.js'

/** A file, and where what is whole in it goes. */
interface Job {
  path: string
  output: string
}

interface Recovery extends Job {
  /** Whole chunks that were saved, and their frames. */
  chunks: number
  frames: number
  /** Bytes of damage that were left out. */
  skippedBytes: number
  /** Why there is no output. */
  error?: string
}

export const recover: Command = {
  name: 'recover',
  usage: '--store DIR [--json] | PATH -o PATH [--force] [--json]',
  summary: 'closes the sessions whose recorder has died, or saves what is whole in a damaged file or directory',
  details: [
    'With --store the sessions of a directory whose recorder has died get their final chunk. With PATH and -o the whole',
    'chunks of a file, or of each session file in a directory, are written to another one; what was written is decoded',
    'again before success is claimed. A damaged byte costs at most the chunk it is in. Exit code 1: something was left out.',
  ].join('\n'),
  options: {
    store: STORE_OPTION,
    output: { type: 'string', short: 'o', value: 'PATH', help: 'file or directory for what is whole' },
    force: FORCE_OPTION,
    json: JSON_OPTION,
  },
  async run(args) {
    const [path, ...rest] = args.positionals
    if (rest.length > 0) throw new UsageError(`one file at a time, got ${args.positionals.length}`)
    if (path === undefined) return closeSessions(args)
    if (args.text('store') !== undefined) throw new UsageError('name a file or, with --store, a directory, not both')
    const output = args.required('output', 'name the file to write, for example -o whole.kymo')
    const isDirectory = (await stat(path).catch(() => undefined))?.isDirectory() === true
    const jobs = isDirectory ? await sessionFiles(path, output) : [{ path, output }]
    const recoveries: Recovery[] = []
    for (const job of jobs) {
      const recovery = saveChunks(job, args)
      // one file of a directory that holds nothing does not keep the others from being saved
      recoveries.push(await (isDirectory ? recovery.catch((error: unknown) => nothingSaved(job, error)) : recovery))
    }
    if (args.has('json')) process.stdout.write(toJson(isDirectory ? recoveries : recoveries[0]))
    return recoveries.every(({ chunks, skippedBytes }) => chunks > 0 && skippedBytes === 0) ? 0 : 1
  },
}

async function closeSessions(args: CommandArguments): Promise<number> {
  const recoveries = await withDirectory(args, (directory) => directory.recover())
  if (args.has('json')) process.stdout.write(toJson(recoveries))
  else if (recoveries.length === 0) process.stdout.write('no session to recover\n')
  else {
    const rows = recoveries.map(({ session, tailFrames }) => [
      session.id,
      session.startedAt.toISOString(),
      String(session.chunks),
      formatDuration(session.tailMs ?? 0),
      Object.entries(tailFrames)
        .map(([name, frames]) => `${name} ${frames}`)
        .join(', '),
    ])
    process.stdout.write(renderTable(['session', 'started', 'chunks', 'lost at most about', 'frames'], rows))
  }
  return 0
}

/** Session files of a directory, and where what is whole in them goes. */
async function sessionFiles(directory: string, output: string): Promise<Job[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.kymo')).sort()
  if (names.length === 0) throw new UsageError(`no session file (.kymo) in ${JSON.stringify(directory)}`)
  await mkdir(output, { recursive: true })
  return names.map((name) => ({ path: join(directory, name), output: join(output, name) }))
}

async function saveChunks({ path, output }: Job, args: CommandArguments): Promise<Recovery> {
  const recording = await recordingOf(path, undefined)
  return withOutputs([output], args.has('force'), async ([file]) => {
    const recovery: Recovery = { path, output, chunks: 0, frames: 0, skippedBytes: 0 }
    const sequence = new ChunkSequence()
    let firstDamage: Error | undefined
    for await (const item of recording.items('recovering')) {
      if (item.kind === 'damage' || !isWhole(item.chunk, recording)) {
        recovery.skippedBytes += item.kind === 'damage' ? item.byteLength : item.bytes.length
        if (item.kind === 'damage') firstDamage ??= item.error
        continue
      }
      if (sequence.isRepeated(item.chunk)) continue
      sequence.next(item.chunk)
      recovery.chunks += 1
      for (const { frameCount } of item.chunk.streams) recovery.frames += frameCount
      await file!.write(item.bytes)
    }
    if (recovery.chunks === 0) {
      const why = firstDamage ? `: ${firstDamage.message}` : ''
      throw new KymographError('not-kymo', `nothing is whole in ${JSON.stringify(path)}${why}`)
    }
    await expectReadable(file!, recovery.chunks, recording)
    if (!args.has('json')) file!.announce(textOf(recovery))
    return recovery
  })
}

/** Says so on stderr. @throws what is no fault of the file. */
function nothingSaved({ path, output }: Job, error: unknown): Recovery {
  if (!(error instanceof KymographError)) throw error
  process.stderr.write(`kymograph: ${printable(error.message)}; the other files are looked at all the same\n`)
  return { path, output, chunks: 0, frames: 0, skippedBytes: 0, error: error.message }
}

/** Whether every value of a chunk can be decoded: it may have been written damaged, with checksums of the damage. */
function isWhole(chunk: Chunk, { kernels }: Recording): boolean {
  try {
    for (const { descriptor } of chunk.streams) framesOf(chunk, descriptor.name, { kernels })
    return true
  } catch (error) {
    if (error instanceof KymographError) return false
    throw error
  }
}

function textOf({ chunks, frames, skippedBytes }: Recovery): string {
  const saved = `saved ${formatCount(chunks, 'chunk')} with ${formatCount(frames, 'frame')}`
  return `${saved}, left out ${formatBytes(skippedBytes)} of damage`
}
