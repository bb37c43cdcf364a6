import { describe, expect, it, vi } from 'vitest'
import { exportFrames } from '../../src/export/index.js'
import { collect, itemsOf, oneStream } from './sample-session.js'

const missing = vi.hoisted(() => () => {
  throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
})
vi.mock('hyparquet-writer', missing)
vi.mock('apache-arrow', missing)
vi.mock('@mcap/core', missing)

describe('without the library that writes a format', () => {
  it.each([
    ['parquet', 'hyparquet-writer'],
    ['arrow', 'apache-arrow'],
    ['mcap', '@mcap/core'],
  ] as const)('%s says what to install', async (format, name) => {
    const refused = collect(exportFrames(itemsOf(oneStream), { format }))
    const message = expect.stringContaining(`npm install ${name}`)
    await expect(refused).rejects.toThrow(expect.objectContaining({ code: 'peer-missing', message }))
  })

  it.each(['csv', 'ndjson'] as const)('%s is written all the same', async (format) => {
    expect((await collect(exportFrames(itemsOf(oneStream), { format }))).length).toBeGreaterThan(1000)
  })
})
