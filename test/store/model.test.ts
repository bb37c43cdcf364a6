import { describe, expect, it } from 'vitest'
import { FileStore } from '../../src/node/file-store.js'
import * as library from '../../src/store/index.js'
import { temporaryDirectory } from '../support/store-directory.js'
import { checkAgainstModel } from '../support/store-model.js'

const SEEDS = Array.from({ length: Number(process.env.MODEL_SEEDS ?? 6) }, (_, i) => i + 1)

describe('any series of writes, changes, removals and recoveries', () => {
  it.each(SEEDS)('leaves lookups in memory as a filter over all sessions says (seed %i)', async (seed) => {
    const store = new library.MemoryStore()
    expect(await checkAgainstModel(library, async () => store, 1, seed, 150)).toBeUndefined()
  })

  it.each(SEEDS)(
    'leaves those of three stores on one directory so (seed %i)',
    async (seed) => {
      const path = await temporaryDirectory()
      expect(await checkAgainstModel(library, () => FileStore.open(path), 3, seed, 150)).toBeUndefined()
    },
    30_000,
  )
})
