import { runSeed } from './run.js'

const [from = 0, to = 0, step = 1, isVerbose = 0] = process.argv.slice(2).map(Number)

/** Runs every `step`-th seed from `from` to `to` and tells the parent of each that fails, and how far it is. */
async function main(): Promise<void> {
  let done = 0
  let failed = 0
  let steps = 0
  for (let seed = from; seed < to; seed += step) {
    const run = await runSeed(seed, isVerbose ? console.log : undefined).catch((error: Error) => ({
      findings: [`threw ${error.stack}`],
      steps: 0,
      virtualMs: 0,
    }))
    done += 1
    steps += run.steps
    if (run.findings.length > 0) {
      failed += 1
      console.log(`seed ${seed}: ${run.findings.slice(0, 5).join('\n  ')}`)
    }
    if (done % 10 === 0) process.send?.({ done, failed, steps, nextSeed: seed + step })
  }
  process.send?.({ done, failed, steps })
}

process.on('unhandledRejection', (error) => {
  console.log(`unhandled rejection: ${error instanceof Error ? error.stack : String(error)}`)
  process.exitCode = 1
})
await main()
process.disconnect?.()
