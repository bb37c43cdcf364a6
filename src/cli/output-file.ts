import { unlinkSync } from 'node:fs'
import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { UsageError } from './failure.js'

export const FORCE_OPTION = { type: 'boolean', help: 'replace an output that is there already' } as const

/** Files being written: removed when the process is told to end. */
const unfinished = new Set<string>()

/**
 * A file that is there whole or not at all: written under another name beside its own, renamed when it is done. Devices
 * and pipes are written as they are.
 */
export class OutputFile {
  readonly path: string
  bytesWritten = 0
  readonly #file: FileHandle
  /** Name of the file until it is done; undefined for devices. */
  readonly #partialPath: string | undefined
  readonly #mayReplace: boolean

  private constructor(path: string, file: FileHandle, partialPath: string | undefined, mayReplace: boolean) {
    this.path = path
    this.#file = file
    this.#partialPath = partialPath
    this.#mayReplace = mayReplace
  }

  /** @throws UsageError when something is there and may not be replaced; what the file system throws. */
  static async create(path: string, mayReplace: boolean): Promise<OutputFile> {
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory()) throw new UsageError(`${JSON.stringify(path)} is a directory; name a file to write`)
    if (found && !found.isFile()) return new OutputFile(path, await open(path, 'w'), undefined, true)
    if (found && !mayReplace) throw alreadyThere(path)
    const partialPath = `${path}.${process.pid}.partial`
    const file = await open(partialPath, 'wx').catch((cause: NodeJS.ErrnoException) => {
      throw cause.code === 'ENOENT'
        ? new UsageError(`no directory for ${JSON.stringify(path)}; create it first`)
        : cause
    })
    if (unfinished.size === 0) for (const signal of SIGNALS) process.once(signal, removeUnfinished)
    unfinished.add(partialPath)
    return new OutputFile(path, file, partialPath, mayReplace)
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten
    this.bytesWritten += bytes.length
  }

  /** Where what is written so far can be read. */
  get readPath(): string {
    return this.#partialPath ?? this.path
  }

  /** Gives the file its name. */
  async finish(): Promise<void> {
    const partialPath = this.#partialPath
    if (partialPath !== undefined) await this.#file.sync()
    await this.#file.close()
    if (partialPath === undefined) return
    if (this.#mayReplace) await rename(partialPath, this.path)
    else await this.#linkOnly(partialPath)
    unfinished.delete(partialPath)
  }

  /** Leaves nothing behind. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => {})
    if (this.#partialPath === undefined) return
    await unlink(this.#partialPath).catch(() => {})
    unfinished.delete(this.#partialPath)
  }

  /** A rename would replace what has come to be there meanwhile. */
  async #linkOnly(partialPath: string): Promise<void> {
    try {
      await link(partialPath, this.path)
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'EEXIST') throw alreadyThere(this.path)
      // file systems without links
      await rename(partialPath, this.path)
      return
    }
    await unlink(partialPath)
  }
}

/** Runs what writes to files; all of them are there behind it, or, when it throws, none. */
export async function withOutputs<T>(
  paths: readonly string[],
  mayReplace: boolean,
  run: (outputs: OutputFile[]) => Promise<T>,
): Promise<T> {
  const outputs: OutputFile[] = []
  try {
    for (const path of paths) outputs.push(await OutputFile.create(path, mayReplace))
    const result = await run(outputs)
    for (const output of outputs) await output.finish()
    return result
  } catch (cause) {
    for (const output of outputs) await output.discard()
    throw cause
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function removeUnfinished(signal: NodeJS.Signals): void {
  for (const path of unfinished) {
    try {
      unlinkSync(path)
    } catch {
      // gone already
    }
  }
  process.kill(process.pid, signal)
}

function alreadyThere(path: string): UsageError {
  return new UsageError(`${JSON.stringify(path)} is there already; name another file, or replace it with --force`)
}
