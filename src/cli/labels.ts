import type { Command } from './command.js'
import { renderTable } from './format/table.js'
import { JSON_OPTION, STORE_OPTION, toJson, withDirectory } from './store-option.js'

export const labels: Command = {
  name: 'labels',
  usage: '--store DIR [--json]',
  summary: 'lists labels and how many sessions have each, the most used first',
  options: { store: STORE_OPTION, json: JSON_OPTION },
  async run(args) {
    const found = await withDirectory(args, (directory) => directory.labels())
    if (args.has('json')) process.stdout.write(toJson(found))
    else if (found.length === 0) process.stdout.write('no labels\n')
    else {
      const rows = found.map(({ label, sessions }) => [label, String(sessions)])
      process.stdout.write(renderTable(['label', 'sessions'], rows))
    }
    return 0
  },
}
