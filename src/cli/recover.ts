import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ChunkSequence } from '../read/chunk-sequence.js'
import { KymographError, readChunks } from '../read/index.js'
import type { Command, CommandArguments } from './command.js'
import { UsageError } from './failure.js'
import { formatBytes, formatCount, formatDuration } from './format/quantity.js'
import { renderTable } from './format/table.js'
import { JSON_OPTION, STORE_OPTION, toJson, withDirectory } from './store-option.js'

export const recover: Command = {
  name: 'recover',
  usage: '--store DIR [--json] | PATH -o PATH',
  summary: 'closes the sessions whose recorder has died, or saves what is whole in a damaged file',
  options: {
    store: STORE_OPTION,
    output: { type: 'string', short: 'o', value: 'PATH', help: 'file for the whole chunks of a damaged one' },
    json: JSON_OPTION,
  },
  async run(args) {
    const [path, ...rest] = args.positionals
    if (rest.length > 0) throw new UsageError(`one file at a time, got ${args.positionals.length}`)
    if (path === undefined) return closeSessions(args)
    if (args.text('store') !== undefined) throw new UsageError('name a file or, with --store, a directory, not both')
    return saveChunks(path, args.required('output', 'name the file to write, for example -o whole.kymo'))
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

async function saveChunks(path: string, output: string): Promise<number> {
  const [from, to] = await Promise.all([path, output].map((name) => stat(name).catch(() => undefined)))
  if (!from) throw new KymographError('not-found', `no session at ${JSON.stringify(path)}`)
  if (to) throw new UsageError(`${JSON.stringify(output)} is there already; name another file`)
  const sequence = new ChunkSequence()
  let [chunks, skippedBytes] = [0, 0]
  async function* whole(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const item of readChunks(createReadStream(path))) {
      if (item.kind === 'damage') skippedBytes += item.byteLength
      else if (!sequence.isRepeated(item.chunk)) {
        sequence.next(item.chunk)
        chunks += 1
        yield item.bytes
      }
    }
  }
  await pipeline(Readable.from(whole()), createWriteStream(output, { flags: 'wx' }))
  process.stdout.write(`saved ${formatCount(chunks, 'chunk')}, left out ${formatBytes(skippedBytes)} of damage\n`)
  return chunks > 0 && skippedBytes === 0 ? 0 : 1
}
