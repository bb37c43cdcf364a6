import type { Command, CommandArguments } from './command.js'
import { UsageError } from './failure.js'
import { formatBytes, formatCount, parseBytes } from './format/quantity.js'
import { durationOf } from './lookup-options.js'
import { JSON_OPTION, STORE_OPTION, toJson, withDirectory } from './store-option.js'

export const prune: Command = {
  name: 'prune',
  usage: '--store DIR [--max-bytes SIZE] [--max-age TIME] [--json]',
  summary: 'removes the oldest sessions until the rest is young and small enough; those being recorded stay',
  options: {
    store: STORE_OPTION,
    'max-bytes': { type: 'string', value: 'SIZE', help: 'keep at most so much: 500MB, 2GB' },
    'max-age': { type: 'string', value: 'TIME', help: 'keep what ended no longer ago: 12h, 30d' },
    json: JSON_OPTION,
  },
  async run(args) {
    const maxBytes = bytesOf(args, 'max-bytes')
    const maxAgeMs = durationOf(args, 'max-age')
    if (maxBytes === undefined && maxAgeMs === undefined) {
      throw new UsageError('say with --max-bytes or --max-age what to keep')
    }
    const { sessions, bytes } = await withDirectory(args, (directory) => directory.prune({ maxBytes, maxAgeMs }))
    if (args.has('json')) process.stdout.write(toJson({ sessions: sessions.map(({ id }) => id), bytes }))
    else process.stdout.write(`removed ${formatCount(sessions.length, 'session')}, ${formatBytes(bytes)}\n`)
    return 0
  },
}

function bytesOf(args: CommandArguments, name: string): number | undefined {
  const text = args.text(name)
  if (text === undefined) return undefined
  const bytes = parseBytes(text)
  if (Number.isNaN(bytes)) {
    throw new UsageError(`--${name} expected a size such as 500MB or 2GB, got ${JSON.stringify(text)}`)
  }
  return bytes
}
