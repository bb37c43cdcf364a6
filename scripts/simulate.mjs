// Runs the deterministic simulation over many seeds: --seeds N, --seed K for one of them, --from K, --verbose.
import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'vite'

const PROCESSES = 2
/** A part that says nothing for so long is caught in a loop. */
const SILENCE_MAX_MS = 20_000
const SOURCE_LIMITS = resolve('src/limits.ts')
const SMALL_LIMITS = resolve('test/simulation/limits.ts')

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const from = Number(values.seed ?? values.from)
const count = values.seed === undefined ? Number(values.seeds) : 1

/** The library under test reaches its limits after a few frames. */
const smallLimits = {
  name: 'small-limits',
  enforce: 'pre',
  async resolveId(specifier, importer) {
    if (!specifier.endsWith('/limits.js') || importer === SMALL_LIMITS) return null
    const resolved = await this.resolve(specifier, importer, { skipSelf: true })
    return resolved?.id === SOURCE_LIMITS ? SMALL_LIMITS : null
  },
}

async function bundle(folder) {
  await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    plugins: [smallLimits],
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      target: 'node20',
      rollupOptions: {
        input: { simulation: 'test/simulation/main.ts' },
        output: { format: 'es', entryFileNames: '[name].mjs', codeSplitting: false },
      },
    },
  })
  return join(folder, 'simulation.mjs')
}

function runPart(file, part, parts, report) {
  const args = [from + part, from + count, parts, values.verbose ? 1 : 0].map(String)
  return new Promise((settle) => {
    const child = fork(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    let last
    let timer
    const watch = () => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        console.log(`no end: a seed from ${last?.nextSeed ?? args[0]} on, every ${parts}`)
        child.kill('SIGKILL')
      }, SILENCE_MAX_MS)
    }
    watch()
    child.on('message', (progress) => {
      last = progress
      watch()
      report(part, progress)
    })
    child.on('exit', (code) => {
      clearTimeout(timer)
      settle(code)
    })
  })
}

const folder = await mkdtemp(join(tmpdir(), 'kymograph-simulation-'))
try {
  const startedMs = Date.now()
  const file = await bundle(folder)
  const parts = Math.min(PROCESSES, count)
  const progress = Array.from({ length: parts }, () => ({ done: 0, failed: 0, steps: 0 }))
  const sum = (name) => progress.reduce((total, part) => total + part[name], 0)
  let toldMs = 0
  const codes = await Promise.all(
    progress.map((_, part) =>
      runPart(file, part, parts, (index, now) => {
        progress[index] = now
        if (Date.now() - toldMs < 2000) return
        toldMs = Date.now()
        console.error(`${sum('done')} of ${count} seeds, ${sum('failed')} failed`)
      }),
    ),
  )
  const lost = count - sum('done')
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1)
  console.error(`${sum('steps')} steps in ${seconds} s`)
  console.log(`${sum('done')} seeds, ${sum('failed') + lost} failed`)
  process.exitCode = codes.every((code) => code === 0) && sum('failed') + lost === 0 ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
