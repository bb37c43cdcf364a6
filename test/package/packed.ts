import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** What the published package leaves to its consumers to install. */
const RUNTIME_DEPENDENCIES = ['@assemblyscript/loader', 'comlink', 'flatbuffers']

/** A project that uses the packed library, in a directory of its own. */
export interface Consumer {
  directory: string
  at(path: string): string
  write(path: string, text: string): Promise<void>
}

/** The library as it would be published, and projects that have it installed. Needs `npm run build` before. */
export class Packed {
  readonly tarball: string
  readonly #directory: string

  private constructor(directory: string, tarball: string) {
    this.#directory = directory
    this.tarball = tarball
  }

  static async create(): Promise<Packed> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'kymograph-package-')))
    const output = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [{ filename }] = JSON.parse(output) as [{ filename: string }]
    return new Packed(directory, join(directory, filename))
  }

  /** A project with the tarball's content in node_modules and, beside it, the dependencies the project here has. */
  async consumer(name: string): Promise<Consumer> {
    const directory = join(this.#directory, name)
    const at = (path: string) => join(directory, path)
    await mkdir(at('node_modules/kymograph'), { recursive: true })
    execFileSync('tar', ['-xzf', this.tarball, '--strip-components=1', '-C', at('node_modules/kymograph')])
    for (const dependency of RUNTIME_DEPENDENCIES) {
      await mkdir(dirname(at(`node_modules/${dependency}`)), { recursive: true })
      await symlink(resolve('node_modules', dependency), at(`node_modules/${dependency}`))
    }
    const write = async (path: string, text: string) => {
      await mkdir(dirname(at(path)), { recursive: true })
      await writeFile(at(path), text)
    }
    await write('package.json', JSON.stringify({ name, private: true, type: 'module' }))
    return { directory, at, write }
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
  }
}
