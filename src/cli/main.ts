import { LIBRARY_VERSION } from '../node/index.js'
import { cat } from './cat.js'
import { type Command, helpOf, parseCommand } from './command.js'
import { convert } from './convert.js'
import { doctor } from './doctor.js'
import { exitCodeOf, messageOf, UsageError } from './failure.js'
import { filter } from './filter.js'
import { info } from './info.js'
import { journeys } from './journeys.js'
import { labels } from './labels.js'
import { ls } from './ls.js'
import { merge } from './merge.js'
import { prune } from './prune.js'
import { record } from './record.js'
import { recover } from './recover.js'
import { rm } from './rm.js'

const COMMANDS: Command[] = [
  record,
  ls,
  journeys,
  labels,
  info,
  doctor,
  cat,
  convert,
  merge,
  filter,
  rm,
  recover,
  prune,
]

function help(): string {
  const width = Math.max(...COMMANDS.map((command) => command.name.length)) + 2
  return [
    'usage: kymograph VERB [options]',
    '',
    'Records sessions of sensor data, finds them again and reads them back.',
    '',
    ...COMMANDS.map((command) => `  ${command.name.padEnd(width)}${command.summary}`),
    '',
    'kymograph VERB --help tells more about each. Exit codes: 0 fine, 1 findings or failure, 2 wrong usage.',
    '',
  ].join('\n')
}

async function main(argv: string[]): Promise<number> {
  const [verb, ...rest] = argv
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') {
    process.stdout.write(help())
    return verb === undefined ? 2 : 0
  }
  if (verb === '--version') {
    process.stdout.write(`${LIBRARY_VERSION}\n`)
    return 0
  }
  const command = COMMANDS.find(({ name }) => name === verb)
  if (!command) {
    throw new UsageError(
      `unknown verb ${JSON.stringify(verb)}; there are ${COMMANDS.map(({ name }) => name).join(', ')}`,
    )
  }
  const args = parseCommand(command, rest)
  if (args.has('help')) {
    process.stdout.write(helpOf(command))
    return 0
  }
  return command.run(args)
}

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // whoever reads has had enough: `kymograph cat … | head`
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`kymograph: nothing more can be written to stdout: ${messageOf(error)}\n`)
  process.exit(1)
})

main(process.argv.slice(2)).then(
  (exitCode) => {
    process.exitCode = exitCode
  },
  (error: unknown) => {
    // the same of an output that is a pipe: `kymograph convert … -o /dev/stdout --format csv | head`
    if ((error as NodeJS.ErrnoException | undefined)?.code === 'EPIPE') return
    process.stderr.write(`kymograph: ${messageOf(error)}\n`)
    process.exitCode = exitCodeOf(error)
  },
)
