import { stat } from 'node:fs/promises'
import { type Directory, openDirectory } from '../node/directory.js'
import type { CommandArguments } from './command.js'
import { UsageError } from './failure.js'

export const STORE_OPTION = { type: 'string', value: 'DIR', help: 'directory of the recordings' } as const
const FINDINGS_MAX = 10
export const JSON_OPTION = { type: 'boolean', help: 'print one JSON document' } as const

/** Opens the store a verb looks into, which has to be there already, and closes it behind the verb. */
export async function withDirectory<T>(args: CommandArguments, run: (store: Directory) => Promise<T>): Promise<T> {
  const path = args.required('store', 'name the directory of the recordings, for example --store ./recordings')
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new UsageError(`no store at ${JSON.stringify(path)}; record something into it first`)
  const directory = await openDirectory(path)
  try {
    const result = await run(directory)
    report(directory.store.findings)
    return result
  } finally {
    await directory.close()
  }
}

/** Says on stderr what was passed over: a file that is left out in silence is taken for lost. */
function report(findings: string[]): void {
  for (const finding of findings.slice(0, FINDINGS_MAX)) process.stderr.write(`left out: ${finding}\n`)
  if (findings.length > FINDINGS_MAX) process.stderr.write(`left out: ${findings.length - FINDINGS_MAX} more\n`)
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
