import { closeSync, openSync, unlinkSync } from 'node:fs'
import { type FileHandle, link, open, rename, stat, unlink } from 'node:fs/promises'
import { UsageError } from './failure.js'
import { printable } from './format/table.js'

export const FORCE_OPTION = { type: 'boolean', help: 'replace an output that is there already' } as const

/** What this process has open, by its number: opened anew, a file behind it would be cut or replaced. */
const OWN_OUTPUT = /^\/(dev\/(stdout|stderr|fd\/\d+)|proc\/self\/fd\/\d+)$/

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
    if (found && (!found.isFile() || OWN_OUTPUT.test(path))) {
      return new OutputFile(path, await open(path, 'a'), undefined, true)
    }
    if (found && !mayReplace) throw alreadyThere(path)
    const partialPath = `${path}.${process.pid}.partial`
    try {
      createUnfinished(partialPath)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
      throw new UsageError(`no directory for ${JSON.stringify(path)}; create it first`)
    }
    return new OutputFile(path, await open(partialPath, 'r+'), partialPath, mayReplace)
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten
    this.bytesWritten += bytes.length
  }

  /** Where what is written so far can be read; undefined for devices and pipes, whose readers have it already. */
  get readPath(): string | undefined {
    return this.#partialPath
  }

  /** Says what has been written, behind the path; nothing where stdout may be what is written to. */
  announce(what: string): void {
    if (this.#partialPath !== undefined) process.stdout.write(`${printable(this.path)}  ${what}\n`)
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

/** All at once: a signal finds no file that is not known yet. */
function createUnfinished(path: string): void {
  if (unfinished.size === 0) for (const signal of SIGNALS) process.once(signal, removeUnfinished)
  closeSync(openSync(path, 'wx'))
  unfinished.add(path)
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
