import { execFileSync, spawnSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const SOURCE = new URL('./power-cut.c', import.meta.url).pathname

/** What is there before is safe. */
async function keep(directory: string, shadow: string): Promise<void> {
  const lines: string[] = []
  for (const name of await readdir(directory)) {
    const path = join(directory, name)
    const found = await stat(path)
    lines.push(`${found.isDirectory() ? 'd' : 'f'} ${found.ino} ${name}\n`)
    if (found.isDirectory()) await keep(path, shadow)
    else await copyFile(path, join(shadow, `data-${found.ino}`))
  }
  await writeFile(join(shadow, `names-${(await stat(directory)).ino}`), lines.join(''))
}

/** Whether a power cut can be simulated here: that takes a compiler and `LD_PRELOAD`. */
export const canCutPower = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0

/** A directory of a process whose power can be cut: test/support/power-cut.c says what is left of it then. */
export class PoweredDirectory {
  readonly path: string
  readonly #shadow: string
  /** Environment of the process. */
  readonly env: Record<string, string>

  private constructor(path: string, shadow: string, library: string, names: 'posix' | 'journal') {
    this.path = path
    this.#shadow = shadow
    this.env = {
      LD_PRELOAD: library,
      KYMOGRAPH_DISK: path,
      KYMOGRAPH_DISK_SHADOW: shadow,
      KYMOGRAPH_DISK_NAMES: names,
    }
  }

  static async make(path: string, names: 'posix' | 'journal'): Promise<PoweredDirectory> {
    const shadow = await mkdtemp(join(tmpdir(), 'kymograph-shadow-'))
    const library = join(shadow, 'power-cut.so')
    execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'])
    await keep(path, shadow)
    return new PoweredDirectory(path, shadow, library, names)
  }

  /** Makes `target` what would be left. The process is dead. */
  async restore(target: string): Promise<void> {
    await this.#restore((await stat(this.path)).ino, target)
  }

  async #restore(inode: number | string, target: string): Promise<void> {
    await mkdir(target, { recursive: true })
    // machines take their time to start again
    const longAgo = Date.now() / 1000 - 60
    const names = await readFile(join(this.#shadow, `names-${inode}`), 'utf8').catch(() => '')
    for (const line of names.split('\n').slice(0, -1)) {
      const [, kind, entryInode, name] = /^([df]) (\d+) (.*)$/.exec(line)!
      const path = join(target, name!)
      if (kind === 'd') await this.#restore(entryInode!, path)
      // never synced: the name is there, nothing is in it
      else {
        await copyFile(join(this.#shadow, `data-${entryInode}`), path).catch(() => writeFile(path, ''))
        await utimes(path, longAgo, longAgo)
      }
    }
  }
}
