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

/** Each of these seeds failed while the library had the fault. */
it.each([
  [48, 'a call about a session reached a new worker before the session'],
  [42, 'stop waited for a message that had given way'],
  [2, 'a flush left frames in the resampler and the page forgot them'],
  [784, 'flushes were answered in another order'],
  [1, 'numbers of frames had holes where batches gave way'],
  [487, 'marks were stored twice'],
  [8103, 'a mark was stored twice, a ring having filled chunks before it'],
  [23, 'frames refused after the end were counted in a chunk'],
  [18156, 'a worker that was lost after it had answered stop was replaced for good'],
  [30, 'a worker was started after dispose'],
  [2865, 'chunks were left out for who followed, those before having died with a worker'],
  [10755, 'a call for a chunk waited for ever, the worker having gone silent after the end'],
  [11790, 'calls of start that overlapped had clocks of their own, the later one that of a session under way'],
  [18515, 'chunks ended with a final chunk that had died with its worker'],
])('passes seed %i: %s', (seed) => {
  expect(simulate('--seed', String(seed))).toBe('1 seeds, 0 failed\n')
})
