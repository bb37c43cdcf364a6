import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, onTestFinished } from 'vitest'
import { FileStore } from '../../src/node/file-store.js'
import { MemoryStore, type OpenStore, storeConformance } from '../../src/store/index.js'

const STORES: [string, OpenStore][] = [
  ['memory', async () => ({ store: new MemoryStore() })],
  [
    'files',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'kymograph-store-'))
      onTestFinished(() => rm(directory, { recursive: true }))
      return { store: await FileStore.open(directory), reopen: () => FileStore.open(directory) }
    },
  ],
  [
    'files without their catalogue',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'kymograph-store-'))
      onTestFinished(() => rm(directory, { recursive: true }))
      const reopen = async () => {
        await rm(join(directory, '.kymograph'), { recursive: true })
        return FileStore.open(directory)
      }
      return { store: await FileStore.open(directory), reopen }
    },
  ],
]

describe.each(STORES)('a store (%s)', (_, open) => {
  it.each(storeConformance)('$name', ({ run }) => run(open))
})
