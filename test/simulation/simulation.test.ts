import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

function simulate(...options: string[]): string {
  return spawnSync(process.execPath, ['scripts/simulate.mjs', ...options], { encoding: 'utf8' }).stdout
}

it('accounts for every frame whatever dies, waits or overflows, for 1,000 seeds', () => {
  expect(simulate('--seeds', '1000')).toBe('1000 seeds, 0 failed\n')
}, 120_000)

it('does the same again for the same seed', () => {
  const log = simulate('--seed', '7', '--verbose').replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'session')
  expect(log).toContain('stop')
  expect(simulate('--seed', '7', '--verbose').replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'session')).toBe(
    log,
  )
}, 60_000)
