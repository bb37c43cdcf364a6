// Everything there is to check, in order. Ends with a line "N passed, N failed".
import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { ensureBrowsers } from './browsers.mjs'
import { ensureCppVerifier } from './packages.mjs'

const RESULTS = '.test-results/vitest.json'
const STEPS = [
  ['lockfile', ['node', 'scripts/lockfile.mjs']],
  ['lint', ['npm', 'run', '--silent', 'lint']],
  ['build', ['npm', 'run', '--silent', 'build']],
  ['types', ['npm', 'run', '--silent', 'typecheck']],
  ['generated code is current', ['node', 'scripts/generate.mjs', '--check']],
  ['size', ['npm', 'run', '--silent', 'size']],
]

let passed = 0
let failed = 0
let skipped = 0

ensureBrowsers()
ensureCppVerifier()
for (const [title, [command, ...args]] of STEPS) {
  console.log(`\n── ${title}`)
  const startedMs = Date.now()
  const { status } = spawnSync(command, args, { stdio: 'inherit' })
  console.log(`${status === 0 ? '✓' : '✗'} ${title} (${((Date.now() - startedMs) / 1000).toFixed(1)} s)`)
  if (status === 0) passed += 1
  else failed += 1
}

console.log('\n── tests')
await mkdir('.test-results', { recursive: true })
await rm(RESULTS, { force: true })
const { status } = spawnSync(
  'npx',
  [
    '--no-install',
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${RESULTS}`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
)
const results = await readFile(RESULTS, 'utf8').then(JSON.parse, () => undefined)
passed += results?.numPassedTests ?? 0
failed += results?.numFailedTests ?? 0
skipped += (results?.numPendingTests ?? 0) + (results?.numTodoTests ?? 0)
// a suite that could not even be loaded has no failed test
if (status !== 0 && !(results?.numFailedTests > 0)) failed += 1

console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed === 0 ? 0 : 1
