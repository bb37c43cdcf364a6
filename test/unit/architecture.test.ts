import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const SOURCE = resolve('src')

/** What a folder may import besides itself, errors and limits (DESIGN.md 3); entries are folders or single files. */
const MAY_KNOW: Record<string, string[]> = {
  kernels: [],
  wire: ['kernels/reference', 'kernels/types.ts'],
  read: ['wire', 'kernels/reference', 'kernels/types.ts'],
  pipeline: ['kernels', 'wire'],
  store: ['wire'],
  sinks: ['store', 'wire', 'kernels/reference'],
  worker: ['pipeline', 'store', 'sinks', 'kernels', 'wire'],
  session: ['worker/protocol.ts', 'worker/client.ts', 'worker/page-side.ts', 'worker/frame-memory.ts', 'worker/checks'],
  sources: ['session/index.ts'],
  node: ['session', 'store', 'sinks', 'worker', 'wire', 'read'],
  export: ['read', 'wire/model.ts', 'kernels/types.ts'],
  cli: ['node', 'read', 'export', 'kernels/index.ts'],
  // the page entry
  '.': [
    'browser-recorder.ts',
    'page-surface.ts',
    'session',
    'worker/client.ts',
    'worker/page-side.ts',
    'worker/web-worker.ts',
    'worker/inline-web-worker.ts',
    'worker/protocol.ts',
    'worker/in-thread.ts',
  ],
}

const ONLY_HERE: [packageName: RegExp, folders: string[]][] = [
  [/^flatbuffers$/, ['wire']],
  [/^comlink$/, ['worker']],
  [/^idb$/, ['store']],
  [/^@assemblyscript\/loader$/, ['kernels']],
  [/^node:/, ['node', 'cli']],
]

interface Import {
  from: string
  specifier: string
  isTypeOnly: boolean
  isDynamic: boolean
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/generated/'))
}

function importsOf(file: string): Import[] {
  const code = readFileSync(file, 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
  const imports: Import[] = []
  for (const match of code.matchAll(/(?:^|\n)\s*(import|export)\s+(type\s+)?[^'"`;]*?from\s+'([^']+)'/g)) {
    imports.push({ from: file, specifier: match[3]!, isTypeOnly: match[2] !== undefined, isDynamic: false })
  }
  for (const match of code.matchAll(/\bimport\('([^']+)'\)/g)) {
    imports.push({ from: file, specifier: match[1]!, isTypeOnly: false, isDynamic: true })
  }
  return imports
}

const folderOf = (path: string) => (path.includes('/') ? path.slice(0, path.indexOf('/')) : '.')
const all = sourceFiles(SOURCE).flatMap(importsOf)

describe('import directions', () => {
  it('finds the imports of the tree', () => {
    expect(all.length).toBeGreaterThan(50)
  })

  it('point forward only', () => {
    const wrong = all.filter(({ from, specifier, isTypeOnly }) => {
      if (!specifier.startsWith('.')) return false
      const source = relative(SOURCE, from)
      const target = relative(SOURCE, resolve(dirname(from), specifier)).replace(/\.js$/, '.ts')
      if (target.startsWith('..'))
        return folderOf(source) !== 'kernels' || !/^\.\.\/(build\/kernels|assembly\/layout)/.test(target)
      if (target === 'errors.ts' || target === 'limits.ts') return false
      const folder = folderOf(source)
      if (folder === folderOf(target)) return false
      // an interface is not a dependency at run time: the port types of a lower layer may be named
      if (isTypeOnly && folder === 'worker') return false
      return !(MAY_KNOW[folder] ?? []).some((known) => target === known || target.startsWith(`${known}/`))
    })
    expect(wrong.map(({ from, specifier }) => `${relative(SOURCE, from)} → ${specifier}`)).toEqual([])
  })

  it('let sources name what a session is, not load it', () => {
    const loaded = all.filter(({ from, specifier, isTypeOnly }) => {
      return folderOf(relative(SOURCE, from)) === 'sources' && specifier.startsWith('../') && !isTypeOnly
    })
    expect(loaded.map(({ specifier }) => specifier).filter((path) => !path.endsWith('/limits.js'))).toEqual([])
  })

  it('keep each package to its one folder', () => {
    const wrong = all.filter(({ from, specifier }) =>
      ONLY_HERE.some(([name, folders]) => name.test(specifier) && !folders.includes(folderOf(relative(SOURCE, from)))),
    )
    expect(wrong.map(({ from, specifier }) => `${relative(SOURCE, from)} → ${specifier}`)).toEqual([])
  })

  it.each(['index.ts', 'browser-recorder.ts'])('keep wasm and flatbuffers out of what a page loads by %s', (entry) => {
    const reached = new Set<string>()
    const visit = (file: string): void => {
      if (reached.has(file)) return
      reached.add(file)
      for (const { specifier, isTypeOnly, isDynamic } of importsOf(file)) {
        if (isTypeOnly || isDynamic) continue
        if (!specifier.startsWith('.')) expect(['comlink']).toContain(specifier)
        else visit(resolve(dirname(file), specifier).replace(/\.js$/, '.ts'))
      }
    }
    visit(join(SOURCE, entry))
    const folders = new Set([...reached].map((file) => folderOf(relative(SOURCE, file))))
    expect(['.', 'session', 'worker']).toEqual(expect.arrayContaining([...folders]))
  })
})
