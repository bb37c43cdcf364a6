import { KymographError } from '../errors.js'
import type { Directory } from '../node/directory.js'
import type { Command } from './command.js'
import { messageOf, UsageError } from './failure.js'
import { formatCount } from './format/quantity.js'
import { hasLookup, LOOKUP_OPTIONS, lookupOf } from './lookup-options.js'
import { STORE_OPTION, withDirectory } from './store-option.js'

export const rm: Command = {
  name: 'rm',
  usage: '--store DIR ID… | --store DIR OPTIONS',
  summary: 'removes sessions: those named by id, or those the options describe',
  options: {
    store: STORE_OPTION,
    ...LOOKUP_OPTIONS,
    forget: { type: 'boolean', help: 'leave no trace of them in the directory' },
  },
  async run(args) {
    const ids = [...args.positionals]
    if (ids.length === 0 && !hasLookup(args)) {
      throw new UsageError('name sessions by id, or say with options such as --label which ones')
    }
    if (ids.length > 0 && hasLookup(args)) throw new UsageError('name sessions by id or describe them, not both')
    return withDirectory(args, async (directory) => {
      if (ids.length === 0) ids.push(...(await directory.find(lookupOf(args))).map(({ id }) => id))
      // what is no id is refused before anything is gone
      for (const id of ids) await directory.get(id)
      let removed = 0
      for (const id of ids) {
        if (await isRemoved(directory, id, args.has('forget'))) removed += 1
      }
      process.stdout.write(`removed ${formatCount(removed, 'session')}\n`)
      return removed === ids.length ? 0 : 1
    })
  },
}

/** False, and says why, for a session that is not there or that somebody else is writing: the others go all the same. */
async function isRemoved(directory: Directory, id: string, isForgotten: boolean): Promise<boolean> {
  try {
    if (await directory.delete(id, isForgotten)) return true
    process.stderr.write(`no session ${id}\n`)
  } catch (error) {
    if (!(error instanceof KymographError) || error.code !== 'session-locked') throw error
    process.stderr.write(`${messageOf(error)}\n`)
  }
  return false
}
