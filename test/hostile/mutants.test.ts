import { expect, it } from 'vitest'
import { loadKernels } from '../../src/kernels/index.js'
import { MutantRun } from './mutant-run.js'

it('200,000 mutants of the corpus give coded errors or values, whatever stands around them and whoever decodes (F51)', async () => {
  const run = new MutantRun('test/golden/v1', await loadKernels({ build: 'wasm' }))
  for (let number = 0; number < 200_000; number++) await run.read(number)
  expect(run.counts.defects).toEqual([])
  expect(run.counts.refused / run.counts.mutants).toBeGreaterThan(0.3)
  expect(run.counts.refused / run.counts.mutants).toBeLessThan(0.98)
}, 180_000)
