import type { Command } from './command.js'
import { renderTable } from './format/table.js'
import { JSON_OPTION, STORE_OPTION, toJson, withDirectory } from './store-option.js'

export const journeys: Command = {
  name: 'journeys',
  usage: '--store DIR [--json]',
  summary: 'lists journeys, the latest first',
  options: { store: STORE_OPTION, json: JSON_OPTION },
  async run(args) {
    const found = await withDirectory(args, (directory) => directory.journeys())
    if (args.has('json')) process.stdout.write(toJson(found))
    else if (found.length === 0) process.stdout.write('no journeys\n')
    else {
      const rows = found.map((journey) => [
        journey.journeyId,
        String(journey.sessions),
        journey.firstStartedAt.toISOString(),
        journey.lastEndedAt.toISOString(),
        journey.labels.join(', '),
      ])
      process.stdout.write(renderTable(['journey', 'sessions', 'first start', 'last end', 'labels'], rows))
    }
    return 0
  },
}
