import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { resolve } from 'node:path'
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite'

/** Published files and the modules they are made of: one self-contained ESM file each. */
const BROWSER_ENTRIES = {
  index: 'src/index.ts',
  recorder: 'src/browser-recorder.ts',
  'in-thread': 'src/worker/in-thread.ts',
  worker: 'src/worker/entry.ts',
  read: 'src/read/index.ts',
  kernels: 'src/kernels/index.ts',
  store: 'src/store/index.ts',
  sinks: 'src/sinks/index.ts',
  // after the worker, whose text it carries
  inline: 'src/inline.ts',
}
const NODE_ENTRIES = {
  node: 'src/node/index.ts',
  'node-in-thread': 'src/node/in-thread.ts',
  'node-worker': 'src/node/worker-entry.ts',
  cli: 'src/cli/main.ts',
}

/** Dynamic imports that stay what they are: of files of their own, by the module that has them. */
const KEPT_IMPORTS: Record<string, Record<string, string>> = {
  'src/index.ts': {
    './browser-recorder.js': './recorder.js',
    './worker/in-thread.js': './in-thread.js',
  },
  'src/node/index.ts': { './in-thread.js': './node-in-thread.js' },
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
 * The loader assigns `Object.hasOwn` to itself, for engines of long ago. Where a page has frozen its globals that
 * throws, and nothing could be recorded there without a worker.
 */
function leaveGlobalsAlone(): Plugin {
  const polyfill = /^Object\.hasOwn = Object\.hasOwn \|\| function[\s\S]*?^\};$/m
  return {
    name: 'kymograph:leave-globals-alone',
    transform(code, id) {
      if (!id.includes('@assemblyscript/loader/')) return null
      if (!polyfill.test(code)) this.error('the loader has changed: does it still assign Object.hasOwn?')
      return { code: code.replace(polyfill, ''), map: null }
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
        external: isNode ? [...builtinModules, /^node:/] : [],
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
  plugins: [keepLiterals(), carryWorkerCode(), leaveGlobalsAlone(), shareWithPageEntry()],
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
