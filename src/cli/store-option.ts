import { stat } from 'node:fs/promises'
import { createRecorder, type Recorder } from '../node/index.js'
import type { CommandArguments } from './command.js'
import { UsageError } from './failure.js'

export const STORE_OPTION = { type: 'string', value: 'DIR', help: 'directory of the recordings' } as const
export const JSON_OPTION = { type: 'boolean', help: 'print one JSON document' } as const

/** A recorder on the store a reading verb looks into: it has to be there already. */
export async function openExistingRecorder(args: CommandArguments): Promise<Recorder> {
  const directory = args.required('store', 'name the directory of the recordings, for example --store ./recordings')
  const found = await stat(directory).catch(() => undefined)
  if (!found) throw new UsageError(`no store at ${JSON.stringify(directory)}; record something into it first`)
  return createRecorder({ store: { directory } })
}

/** JSON as this CLI prints it: 64-bit integers as strings, NaN and infinities too. */
export function toJson(value: unknown): string {
  const replace = (_key: string, item: unknown): unknown => {
    if (typeof item === 'bigint') return item.toString()
    if (typeof item === 'number' && !Number.isFinite(item)) return String(item)
    return item
  }
  return `${JSON.stringify(value, replace, 2)}\n`
}
