import type { SessionRecord } from '../node/index.js'
import type { Command } from './command.js'
import { formatDuration, formatRate } from './format/quantity.js'
import { renderTable } from './format/table.js'
import { JSON_OPTION, openExistingRecorder, STORE_OPTION, toJson } from './store-option.js'

export const ls: Command = {
  name: 'ls',
  usage: '--store DIR [options]',
  summary: 'lists sessions, the newest first',
  options: {
    store: STORE_OPTION,
    label: {
      type: 'string',
      multiple: true,
      value: 'LABEL',
      help: 'sessions with this label; with several, any of them',
    },
    'all-labels': { type: 'boolean', help: 'sessions that have all labels given' },
    journey: { type: 'string', value: 'ID', help: 'sessions of this journey' },
    since: { type: 'string', value: 'TIME', help: 'started at or after, ISO 8601' },
    until: { type: 'string', value: 'TIME', help: 'started at or before, ISO 8601' },
    limit: { type: 'string', value: 'N', help: 'at most so many sessions' },
    json: JSON_OPTION,
  },
  async run(args) {
    const limit = args.number('limit')
    const since = args.text('since')
    const until = args.text('until')
    const journeyId = args.text('journey')
    const recorder = await openExistingRecorder(args)
    try {
      const sessions: SessionRecord[] = []
      const found = recorder.sessions.find({
        labels: args.texts('label'),
        labelsMode: args.has('all-labels') ? 'all' : 'any',
        ...(journeyId === undefined ? {} : { journeyId }),
        ...(since === undefined ? {} : { since }),
        ...(until === undefined ? {} : { until }),
        ...(limit === undefined ? {} : { limit }),
      })
      for await (const session of found) sessions.push(session)
      process.stdout.write(args.has('json') ? toJson(sessions) : tableOf(sessions))
      return 0
    } finally {
      await recorder.dispose()
    }
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
