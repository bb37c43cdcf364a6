import type { SessionRecord } from '../node/index.js'
import type { Command } from './command.js'
import { formatDuration, formatRate } from './format/quantity.js'
import { renderTable } from './format/table.js'
import { LOOKUP_OPTIONS, lookupOf } from './lookup-options.js'
import { JSON_OPTION, STORE_OPTION, toJson, withDirectory } from './store-option.js'

export const ls: Command = {
  name: 'ls',
  usage: '--store DIR [options]',
  summary: 'lists sessions, the newest first',
  options: {
    store: STORE_OPTION,
    ...LOOKUP_OPTIONS,
    oldest: { type: 'boolean', help: 'the oldest first' },
    limit: { type: 'string', value: 'N', help: 'at most so many sessions' },
    json: JSON_OPTION,
  },
  async run(args) {
    const lookup = { ...lookupOf(args), order: args.has('oldest') ? 'oldest' : 'newest' }
    const sessions = await withDirectory(args, (directory) => directory.find(lookup, args.number('limit')))
    process.stdout.write(args.has('json') ? toJson(sessions) : tableOf(sessions))
    return 0
  },
}

function tableOf(sessions: SessionRecord[]): string {
  if (sessions.length === 0) return 'no sessions\n'
  return renderTable(
    ['session', 'started', 'duration', 'state', 'labels', 'journey', 'streams'],
    sessions.map((session) => [
      session.id,
      session.startedAt.toISOString(),
      formatDuration(session.endedAt.getTime() - session.startedAt.getTime()),
      session.state,
      session.labels.join(', '),
      session.journeyId ?? '',
      session.streams
        .map(
          ({ name, frames, effectiveRateHz, resampledHz = effectiveRateHz }) =>
            `${name} ${frames} @ ${formatRate(resampledHz)}`,
        )
        .join(', '),
    ]),
  )
}
