// npm run test:crash: many kills in place of a few, and 50,000 deliveries in place of 500.
import { spawnSync } from 'node:child_process'

const TESTS = ['test/crash', 'test/sinks/http-delivery.test.ts']
const { status } = spawnSync('npx', ['--no-install', 'vitest', 'run', ...TESTS, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, KYMOGRAPH_CRASH: 'thorough' },
})
process.exitCode = status ?? 1
