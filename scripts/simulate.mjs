// Runs the deterministic simulation over many seeds: --seeds N, --seed K for one of them, --from K, --verbose.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { runParts, withBundle } from './parts.mjs'

const PROCESSES = 2
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

const sum = (progress, name) => progress.reduce((total, part) => total + (part?.[name] ?? 0), 0)
const startedMs = Date.now()
await withBundle('test/simulation/main.ts', [smallLimits], async (file) => {
  const parts = Math.min(PROCESSES, count)
  const argumentLists = Array.from({ length: parts }, (_, part) => [
    from + part,
    from + count,
    parts,
    values.verbose ? 1 : 0,
  ])
  const { progress, isFine } = await runParts(
    file,
    argumentLists,
    (now) => console.error(`${sum(now, 'done')} of ${count} seeds, ${sum(now, 'failed')} failed`),
    (last, [first]) => console.log(`no end: a seed from ${last?.nextSeed ?? first} on, every ${parts}`),
  )
  const lost = count - sum(progress, 'done')
  const seconds = ((Date.now() - startedMs) / 1000).toFixed(1)
  console.error(`${sum(progress, 'steps')} steps in ${seconds} s`)
  console.log(`${sum(progress, 'done')} seeds, ${sum(progress, 'failed') + lost} failed`)
  process.exitCode = isFine && sum(progress, 'failed') + lost === 0 ? 0 : 1
})
