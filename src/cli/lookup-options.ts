import type { CommandArguments, CommandSpec } from './command.js'
import { UsageError } from './failure.js'
import { parseDuration } from './format/quantity.js'

/** Options that say which sessions are meant; all given have to hold. */
export const LOOKUP_OPTIONS: CommandSpec['options'] = {
  label: { type: 'string', multiple: true, value: 'LABEL', help: 'with this label; with several, any of them' },
  'all-labels': { type: 'boolean', help: 'with all labels given' },
  'not-label': { type: 'string', multiple: true, value: 'LABEL', help: 'without this label' },
  journey: { type: 'string', value: 'ID', help: 'of this journey' },
  since: { type: 'string', value: 'TIME', help: 'started at or after, ISO 8601' },
  until: { type: 'string', value: 'TIME', help: 'started at or before, ISO 8601' },
  state: { type: 'string', value: 'STATE', help: 'recording, stopped or recovered' },
  'min-duration': { type: 'string', value: 'TIME', help: 'as long or longer: 500ms, 15s, 2m, 1h' },
  'max-duration': { type: 'string', value: 'TIME', help: 'as long or shorter' },
  stream: { type: 'string', multiple: true, value: 'NAME', help: 'with this stream; with several, all of them' },
  metadata: { type: 'string', multiple: true, value: 'K=V', help: 'with this entry; with several, all of them' },
}

/** The lookup the options describe, for the store to check. @throws UsageError naming the option. */
export function lookupOf(args: CommandArguments): Record<string, unknown> {
  const lookup: Record<string, unknown> = {
    labels: args.texts('label'),
    labelsMode: args.has('all-labels') ? 'all' : 'any',
    notLabels: args.texts('not-label'),
    journeyId: args.text('journey'),
    since: args.text('since'),
    until: args.text('until'),
    state: args.text('state'),
    minDuration: durationOf(args, 'min-duration'),
    maxDuration: durationOf(args, 'max-duration'),
    streams: args.texts('stream'),
    metadata: new Map(args.texts('metadata').map(entryOf)),
  }
  return Object.fromEntries(Object.entries(lookup).filter(([, value]) => value !== undefined))
}

/** Whether any option was given that leaves sessions out: `--all-labels` alone would mean all of them. */
export function hasLookup(args: CommandArguments): boolean {
  return Object.keys(LOOKUP_OPTIONS).some((name) => name !== 'all-labels' && args.isGiven(name))
}

/** Milliseconds of an option such as `15s`. @throws UsageError when it is no duration. */
export function durationOf(args: CommandArguments, name: string): number | undefined {
  const text = args.text(name)
  if (text === undefined) return undefined
  const durationMs = parseDuration(text)
  if (Number.isNaN(durationMs)) {
    throw new UsageError(`--${name} expected a time such as 500ms, 15s, 2m, 1h or 30d, got ${JSON.stringify(text)}`)
  }
  return durationMs
}

function entryOf(text: string): [key: string, value: string] {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`--metadata expected KEY=VALUE, got ${JSON.stringify(text)}`)
  return [text.slice(0, at), text.slice(at + 1)]
}
