import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { resolve } from 'node:path'
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite'

/** Published files and the modules they are made of: one self-contained ESM file each. */
const BROWSER_ENTRIES = {
  index: 'src/index.ts',
  recorder: 'src/browser-recorder.ts',
  'in-thread': 'src/worker/in-thread.ts',
  'page-side': 'src/worker/page-side.ts',
  'auto-journey': 'src/session/auto-journey.ts',
  worker: 'src/worker/entry.ts',
  read: 'src/read/index.ts',
  kernels: 'src/kernels/index.ts',
  store: 'src/store/index.ts',
  sinks: 'src/sinks/index.ts',
  export: 'src/export/index.ts',
  sources: 'src/sources/index.ts',
  // after the worker, whose text it carries
  inline: 'src/inline.ts',
}
const NODE_ENTRIES = {
  node: 'src/node/index.ts',
  'node-in-thread': 'src/node/in-thread.ts',
  'node-worker': 'src/node/worker-entry.ts',
  cli: 'src/cli/main.ts',
}

/** Optional peer dependencies: loaded from where the library is installed, when a format asks for them. */
const PEERS = ['apache-arrow', 'hyparquet-writer', '@mcap/core']

/** Dynamic imports that stay what they are: of files of their own, by the module that has them. */
const KEPT_IMPORTS: Record<string, Record<string, string>> = {
  'src/index.ts': {
    './browser-recorder.js': './recorder.js',
    './worker/in-thread.js': './in-thread.js',
    './worker/page-side.js': './page-side.js',
    './session/auto-journey.js': './auto-journey.js',
  },
  'src/node/index.ts': {
    './in-thread.js': './node-in-thread.js',
    '../worker/page-side.js': './page-side.js',
  },
}

/** What the recorder's file has in common with the page entry, which loads it: there is one of each class on a page. */
const IN_PAGE_ENTRY = ['src/errors.ts', 'src/session/events.ts']

/**
 * Worker spawns and imports on demand must reach the bundlers of consumers as literals: `new Worker(new URL("./…js",
 * import.meta.url), { type: "module" })` and `import("./…js")`. They are hidden from Vite, which rewrites the one and
 * wraps the other in its preloader, and put back after rendering.
 */
function keepLiterals(): Plugin {
  const hidden = (name: string) => new RegExp(`${name}\\(\\s*["'\`]([^"'\`]+)["'\`]\\s*\\)`, 'g')
  return {
    name: 'kymograph:keep-literals',
    enforce: 'pre',
    transform(code, id) {
      const imports = Object.entries(KEPT_IMPORTS).find(([file]) => id === resolve(file))?.[1] ?? {}
      const kept = code
        .replace(/new URL\('(\.\/[\w-]+\.js)', import\.meta\.url\)/g, '__KYMOGRAPH_URL__("$1")')
        .replace(/import\('([^']+)'\)/g, (text, path) =>
          path in imports ? `__KYMOGRAPH_IMPORT__("${imports[path]}")` : text,
        )
      return kept === code ? null : { code: kept, map: null }
    },
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== 'chunk') continue
        file.code = file.code
          .replace(hidden('__KYMOGRAPH_IMPORT__'), 'import("$1")')
          .replace(hidden('__KYMOGRAPH_URL__'), 'new URL("$1", import.meta.url)')
          .replace(/(import\.meta\.url\)),\s*\{\s*type:\s*["'`]module["'`]\s*\}/g, '$1, { type: "module" }')
      }
    },
  }
}

/** `kymograph:worker-code` is the text of the worker as it was built. */
function carryWorkerCode(): Plugin {
  const id = 'kymograph:worker-code'
  return {
    name: 'kymograph:carry-worker-code',
    resolveId: (specifier) => (specifier === id ? `\0${id}` : null),
    load: async (resolved) =>
      resolved === `\0${id}` ? `export default ${JSON.stringify(await readFile('dist/worker.js', 'utf8'))}` : null,
  }
}

/**
 * What we do not use of packages that bundlers keep whole: their code, and what stands in its place.
 *
 * The loader also assigns `Object.hasOwn` to itself, for engines of long ago: where a page has frozen its globals that
 * throws, and nothing could be recorded there without a worker.
 */
const UNUSED_PARTS: Record<string, [code: RegExp, replacement: string][]> = {
  // the instance is all we want: no imports for other modules, no wrapped exports, no readers of strings and arrays
  '@assemblyscript/loader/': [
    [/^Object\.hasOwn = Object\.hasOwn \|\| function[\s\S]*?^\};$/m, ''],
    [/^const utf16 = .*$/m, ''],
    [/\bpreInstantiate\(imports\);$/gm, 'imports;'],
    [/\bpostInstantiate\(extended, (.*)\);$/gm, '$1.exports;'],
    [/\bisResponse\(source = await source\)/g, 'false'],
  ],
  // methods are called, with plain data: nothing is set, constructed or handed over as a proxy
  '/comlink/': [
    [/^ *\["proxy", proxyTransferHandler\],$/m, ''],
    [/^ *case "(SET|CONSTRUCT|ENDPOINT)"[\s\S]*?^ *break;$/gm, ''],
    [/^ {8}(set|construct)\(_target[\s\S]*?^ {8}\},$/gm, ''],
  ],
}

function dropUnusedParts(): Plugin {
  return {
    name: 'kymograph:drop-unused-parts',
    apply: 'build',
    transform(code, id) {
      const [name, parts = []] = Object.entries(UNUSED_PARTS).find(([name]) => id.includes(name)) ?? []
      if (parts.length === 0) return null
      if (!parts.every(([part]) => code.search(part) >= 0)) this.error(`${name} has changed: what of it is unused?`)
      return { code: parts.reduce((rest, [part, replacement]) => rest.replace(part, replacement), code), map: null }
    },
  }
}

/**
 * Bundlers keep a class whole. What FlatBuffers and its compiler give is wide, and we use a part of it: methods whose
 * name nothing speaks that is left.
 */
function dropUnspokenMethods(): Plugin {
  const isWide = (id: string) => id.includes('/flatbuffers/') || id.includes('/wire/generated/')
  const classesIn = (code: string) => Array.from(code.matchAll(/([\w$]+) = class\b/g), ([, name]) => name)
  const namesIn = (code: string) => code.match(/[\w$]+/g) ?? []
  return {
    name: 'kymograph:drop-unspoken-methods',
    renderChunk(code, chunk) {
      const wide = new Set(
        Object.entries(chunk.modules).flatMap(([id, { code }]) => (isWide(id) ? classesIn(code ?? '') : [])),
      )
      const methods = this.parse(code)
        .body.flatMap((node) => (node.type === 'VariableDeclaration' ? node.declarations : []))
        .flatMap(({ id, init }) =>
          init?.type === 'ClassExpression' && id.type === 'Identifier' && wide.has(id.name) ? init.body.body : [],
        )
        .flatMap((member) =>
          member.type === 'MethodDefinition' && member.kind === 'method' && member.key.type === 'Identifier'
            ? [{ name: member.key.name, start: member.start, end: member.end }]
            : [],
        )
      const around = methods.map(({ start }, index) => code.slice(methods[index - 1]?.end ?? 0, start))
      const spoken = new Set([...around, code.slice(methods.at(-1)?.end ?? 0)].flatMap(namesIn))
      for (let size = 0; size < spoken.size; ) {
        size = spoken.size
        for (const { name, start, end } of methods) {
          if (spoken.has(name)) for (const inside of namesIn(code.slice(start, end))) spoken.add(inside)
        }
      }
      const dropped = methods.filter(({ name }) => !spoken.has(name)).reverse()
      const kept = dropped.reduce((rest, { start, end }) => rest.slice(0, start) + rest.slice(end), code)
      return { code: kept, map: null }
    },
  }
}

function shareWithPageEntry(): Plugin {
  return {
    name: 'kymograph:share-with-page-entry',
    enforce: 'pre',
    applyToEnvironment: ({ name }) => name === 'browser_recorder',
    async resolveId(specifier, importer) {
      if (!importer || !specifier.startsWith('.')) return null
      const file = resolve(importer, '..', specifier.replace(/\.js$/, '.ts'))
      return IN_PAGE_ENTRY.some((shared) => file === resolve(shared)) ? { id: './index.js', external: true } : null
    },
  }
}

function environment(name: string, input: string, isNode: boolean): EnvironmentOptions {
  return {
    consumer: isNode ? 'server' : 'client',
    ...(isNode ? { resolve: { noExternal: true } } : {}),
    build: {
      outDir: 'dist',
      emptyOutDir: false,
      copyPublicDir: false,
      target: isNode ? 'node20' : 'es2022',
      minify: !isNode,
      modulePreload: false,
      rollupOptions: {
        input: { [name]: input },
        preserveEntrySignatures: 'strict',
        external: isNode ? [...builtinModules, /^node:/, ...PEERS] : PEERS,
        output: {
          format: 'es',
          entryFileNames: '[name].js',
          codeSplitting: false,
          ...(name === 'cli' ? { banner: '#!/usr/bin/env node' } : {}),
        },
      },
    },
  }
}

const environments = Object.fromEntries([
  ...Object.entries(BROWSER_ENTRIES).map(([name, input]) => [
    `browser_${name.replaceAll('-', '_')}`,
    environment(name, input, false),
  ]),
  ...Object.entries(NODE_ENTRIES).map(([name, input]) => [
    `node_${name.replaceAll('-', '_')}`,
    environment(name, input, true),
  ]),
])

export default defineConfig({
  publicDir: false,
  plugins: [keepLiterals(), carryWorkerCode(), dropUnusedParts(), dropUnspokenMethods(), shareWithPageEntry()],
  environments,
  builder: {
    async buildApp(builder) {
      for (const name of Object.keys(environments)) {
        const one = builder.environments[name]
        if (one) await builder.build(one)
      }
    },
  },
})
