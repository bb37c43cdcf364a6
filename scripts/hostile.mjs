// Reads millions of mutants of the corpus: --mutants N, --from K, --mutant K for a single one, with its stack.
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { runParts, withBundle } from './parts.mjs'

const { values } = parseArgs({
  options: {
    mutants: { type: 'string', default: '20000000' },
    from: { type: 'string', default: '0' },
    mutant: { type: 'string' },
  },
})
const from = Number(values.mutant ?? values.from)
const count = values.mutant === undefined ? Number(values.mutants) : 1
const parts = Math.min(cpus().length, count)

const startedMs = Date.now()
const sum = (progress, name) => progress.reduce((total, part) => total + (part?.[name] ?? 0), 0)
await withBundle('test/hostile/main.ts', [], async (file) => {
  const argumentLists = Array.from({ length: parts }, (_, part) => ['test/golden/v1', from + part, from + count, parts])
  const { progress, isFine } = await runParts(
    file,
    argumentLists,
    (now) => console.error(`${sum(now, 'mutants')} of ${count} mutants, ${sum(now, 'defects')} defects`),
    (last, [, first]) => console.log(`no end: a mutant from ${last?.number ?? first} on, every ${parts}`),
  )
  for (const text of progress.flatMap((part) => part?.messages ?? [])) console.log(text)
  const lost = count - sum(progress, 'mutants')
  const seconds = (Date.now() - startedMs) / 1000
  const slowest = Math.max(...progress.map((part) => part?.slowestMs ?? 0))
  console.error(`${sum(progress, 'refused')} refused, slowest ${slowest.toFixed(0)} ms, ${seconds.toFixed(0)} s`)
  console.log(`${sum(progress, 'mutants')} mutants, ${sum(progress, 'defects') + lost} failed`)
  process.exitCode = isFine && lost === 0 ? 0 : 1
})
