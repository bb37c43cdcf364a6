// One process of the hostile run: FOLDER, first mutant, end, step; tells its parent how far it is.
import { loadKernels } from '../../src/kernels/index.js'
import { MutantRun } from './mutant-run.js'

const REPORT_MS = 500
const [folder, ...numbers] = process.argv.slice(2) as [string, string, string, string]
const [first, end, step] = numbers.map(Number) as [number, number, number]
// a third of the time would go into stacks that nobody reads
if (end - first > step) Error.stackTraceLimit = 0
const run = new MutantRun(folder, await loadKernels({ build: 'wasm' }))
const report = (number: number) => {
  const { mutants, refused, slowestMs, defects } = run.counts
  process.send?.({ mutants, refused, slowestMs, defects: defects.length, messages: defects.slice(0, 20), number })
}
let toldMs = performance.now()
for (let number = first; number < end; number += step) {
  await run.read(number)
  if (performance.now() - toldMs < REPORT_MS) continue
  toldMs = performance.now()
  report(number)
}
report(end)
process.exitCode = run.counts.defects.length === 0 ? 0 : 1
