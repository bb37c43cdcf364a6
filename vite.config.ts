import { builtinModules } from 'node:module'
import { defineConfig, type EnvironmentOptions, type Plugin } from 'vite'

/** Published files and the modules they are made of: one self-contained ESM file each. */
const BROWSER_ENTRIES = {
  index: 'src/index.ts',
  'in-thread': 'src/worker/in-thread.ts',
  worker: 'src/worker/entry.ts',
  read: 'src/read/index.ts',
  kernels: 'src/kernels/index.ts',
  store: 'src/store/index.ts',
}
const NODE_ENTRIES = {
  node: 'src/node/index.ts',
  'node-in-thread': 'src/node/in-thread.ts',
  'node-worker': 'src/node/worker-entry.ts',
  cli: 'src/cli/main.ts',
}

/** Dynamic imports that stay what they are: entries of their own. */
const FALLBACKS: Record<string, string> = {
  './worker/in-thread.js': './in-thread.js',
  './in-thread.js': './node-in-thread.js',
}

/** Worker spawns must reach bundlers as `new URL("./…js", import.meta.url)`: hidden from Vite, which rewrites them, and put back after rendering. */
function keepWorkerUrls(): Plugin {
  const placeholder = '__KYMOGRAPH_WORKER_URL__'
  const literal = /new URL\('(\.\/[\w-]+\.js)', import\.meta\.url\)/g
  return {
    name: 'kymograph:keep-worker-urls',
    enforce: 'pre',
    transform(code) {
      if (!literal.test(code)) return null
      return { code: code.replace(literal, (_, path) => `${placeholder}("${path}")`), map: null }
    },
    generateBundle(_, bundle) {
      const hidden = new RegExp(`${placeholder}\\(\\s*["'\`]([^"'\`]+)["'\`]\\s*\\)`, 'g')
      for (const file of Object.values(bundle)) {
        if (file.type === 'chunk')
          file.code = file.code.replace(hidden, (_, path) => `new URL("${path}", import.meta.url)`)
      }
    },
  }
}

function keepFallbacksApart(): Plugin {
  return {
    name: 'kymograph:keep-fallbacks-apart',
    enforce: 'pre',
    resolveDynamicImport(specifier) {
      const id = typeof specifier === 'string' ? FALLBACKS[specifier] : undefined
      return id ? { id, external: true } : null
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
  plugins: [keepWorkerUrls(), keepFallbacksApart()],
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
