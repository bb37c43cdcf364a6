import { createReadStream, type Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { KymographError } from '../errors.js'
import { type Kernels, loadKernels } from '../kernels/index.js'
import { type ReadItem, readChunks } from '../read/index.js'
import type { CommandArguments } from './command.js'
import { UsageError } from './failure.js'
import { Progress } from './format/progress.js'
import { printable } from './format/table.js'

const SESSION_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const PIECE_BYTES = 1 << 20

/** A session file named by path, or by id and store. */
export class Recording {
  readonly path: string
  readonly byteLength: number
  readonly kernels: Kernels
  readonly #isFile: boolean

  constructor(path: string, found: Stats, kernels: Kernels) {
    this.path = path
    this.byteLength = found.size
    this.kernels = kernels
    this.#isFile = found.isFile()
  }

  /** @throws UsageError when it is a pipe, of which nothing is left for a second reading. */
  expectFile(): void {
    if (this.#isFile) return
    throw new UsageError(`${JSON.stringify(this.path)} is no file, and this reads it twice; save it to a file first`)
  }

  /** Chunks and damage in the order of the file, with progress on a terminal; each call reads anew. */
  async *items(verb = 'reading'): AsyncGenerator<ReadItem, void, undefined> {
    const progress = new Progress(`${verb} ${printable(basename(this.path))}`, 'B')
    const source = createReadStream(this.path, { highWaterMark: PIECE_BYTES })
    let bytesRead = 0
    source.on('data', (piece) => progress.update((bytesRead += piece.length), this.byteLength))
    try {
      yield* readChunks(source, { kernels: this.kernels })
    } finally {
      progress.end()
    }
  }
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
  return recordingOf(name, args.text('store'))
}

/** Finds the session file that a path, or an id in a store, names. @throws as {@link openRecording}. */
export async function recordingOf(name: string, store: string | undefined): Promise<Recording> {
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
  if (found.isFile() && found.size === 0) {
    throw new KymographError('not-kymo', `${JSON.stringify(path)} is empty, not a session file`)
  }
  return new Recording(path, found, await loadKernels())
}
