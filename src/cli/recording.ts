import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KymographError } from '../errors.js'
import { readChunks } from '../read/index.js'
import type { CommandArguments } from './command.js'
import { UsageError } from './failure.js'

const SESSION_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A session file named by path, or by id and store. */
export interface Recording {
  path: string
  byteLength: number
  /** Chunks and damage in the order of the file; each call reads anew. */
  items(): ReturnType<typeof readChunks>
}

/**
 * Finds what `PATH|ID` names.
 *
 * @throws UsageError without a name; KymographError `not-found`, `not-kymo` for what is no session file.
 */
export async function openRecording(args: CommandArguments): Promise<Recording> {
  const [name, ...rest] = args.positionals
  if (name === undefined) throw new UsageError('name a session file, or a session id with --store DIR')
  if (rest.length > 0) throw new UsageError(`one recording at a time, got ${args.positionals.length}`)
  const store = args.text('store')
  if (SESSION_ID.test(name) && store === undefined) {
    throw new UsageError(`${name} is a session id; say with --store DIR where it is`)
  }
  const path = SESSION_ID.test(name) && store !== undefined ? join(store, `${name}.kymo`) : name
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return undefined
    throw cause
  })
  if (!found)
    throw new KymographError(
      'not-found',
      `no session at ${JSON.stringify(path)}; "kymograph ls --store DIR" lists them`,
    )
  if (found.isDirectory()) {
    throw new KymographError(
      'not-kymo',
      `${JSON.stringify(path)} is a directory; name a session file, or use "kymograph ls --store"`,
    )
  }
  if (found.size === 0) throw new KymographError('not-kymo', `${JSON.stringify(path)} is empty, not a session file`)
  return { path, byteLength: found.size, items: () => readChunks(createReadStream(path)) }
}
