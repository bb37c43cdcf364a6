// npm run test:crash: the tests of test/crash with many kills in place of a few.
import { spawnSync } from 'node:child_process'

const { status } = spawnSync('npx', ['--no-install', 'vitest', 'run', 'test/crash', ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, KYMOGRAPH_CRASH: 'thorough' },
})
process.exitCode = status ?? 1
