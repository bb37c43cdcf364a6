import { type ParseArgsConfig, parseArgs } from 'node:util'
import { UsageError } from './failure.js'

type OptionSpec = NonNullable<ParseArgsConfig['options']>[string] & {
  /** Name of the value in the help: `DIR`. */
  value?: string
  help: string
}

export interface CommandSpec {
  name: string
  /** What stands behind the name in the usage line. */
  usage: string
  summary: string
  details?: string
  options: Record<string, OptionSpec>
}

/** One verb of the command line. */
export interface Command extends CommandSpec {
  run(args: CommandArguments): Promise<number>
}

/** Arguments of a verb, each read by its type. */
export class CommandArguments {
  readonly positionals: string[]
  readonly #values: Record<string, unknown>

  constructor(positionals: string[], values: Record<string, unknown>) {
    this.positionals = positionals
    this.#values = values
  }

  text(name: string): string | undefined {
    return this.#values[name] as string | undefined
  }

  texts(name: string): string[] {
    return (this.#values[name] as string[] | undefined) ?? []
  }

  isGiven(name: string): boolean {
    return this.#values[name] !== undefined
  }

  has(name: string): boolean {
    return this.#values[name] === true
  }

  /** @throws UsageError when the option is missing. */
  required(name: string, remedy: string): string {
    const value = this.text(name)
    if (value === undefined) throw new UsageError(`--${name} is missing: ${remedy}`)
    return value
  }

  /** @throws UsageError when the option is no number. */
  number(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (text.trim() === '' || Number.isNaN(value))
      throw new UsageError(`--${name} expected a number, got ${JSON.stringify(text)}`)
    return value
  }
}

/** @throws UsageError | TypeError of parseArgs for options the verb does not know. */
export function parseCommand(spec: CommandSpec, argv: string[]): CommandArguments {
  const options = Object.fromEntries(
    Object.entries({ ...spec.options, help: { type: 'boolean', short: 'h', help: '' } as OptionSpec }).map(
      ([name, { help: _help, value: _value, ...option }]) => [name, option],
    ),
  )
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true, strict: true })
  return new CommandArguments(positionals, values)
}

export function helpOf(spec: CommandSpec): string {
  const rows = Object.entries(spec.options).map(([name, option]) => {
    const short = option.short ? `-${option.short}, ` : '    '
    const value = option.type === 'string' ? ` ${option.value ?? 'TEXT'}` : ''
    return [`  ${short}--${name}${value}`, option.help + (option.multiple ? ' (repeatable)' : '')] as const
  })
  rows.push(['  -h, --help', 'print this'])
  const width = Math.max(...rows.map(([left]) => left.length)) + 2
  return [
    `usage: kymograph ${spec.name} ${spec.usage}`,
    '',
    spec.summary,
    ...(spec.details ? ['', spec.details] : []),
    '',
    'options:',
    ...rows.map(([left, right]) => left.padEnd(width) + right),
    '',
  ].join('\n')
}
