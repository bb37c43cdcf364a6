import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/kernels/index.js'
import { describeDamage, describeFile } from './file-description.js'
import { invalidFiles } from './invalid-files.js'
import { validFiles } from './valid-files.js'

/**
 * Files that were written once and are never rewritten: what they hold stays readable, what is wrong with them stays
 * refused. WRITE_GOLDEN=1 adds those that are missing.
 */
const FOLDER = 'test/golden/v1'
const INVALID = `${FOLDER}/invalid.json`
const kernels = await loadKernels({ build: 'wasm' })

async function addMissing(): Promise<void> {
  for (const folder of ['valid', 'invalid']) mkdirSync(`${FOLDER}/${folder}`, { recursive: true })
  for (const [name, bytes] of validFiles()) {
    const path = `${FOLDER}/valid/${name}`
    if (existsSync(`${path}.kymo`)) continue
    writeFileSync(`${path}.kymo`, bytes)
    writeFileSync(`${path}.json`, `${JSON.stringify(await describeFile(bytes))}\n`)
  }
  const expected = existsSync(INVALID) ? JSON.parse(readFileSync(INVALID, 'utf8')) : {}
  for (const [name, bytes] of invalidFiles()) {
    if (name in expected) continue
    writeFileSync(`${FOLDER}/invalid/${name}.kymo`, bytes)
    expected[name] = await describeDamage(bytes)
  }
  const lines = Object.entries(expected).map(([name, items]) => `${JSON.stringify(name)}: ${JSON.stringify(items)}`)
  writeFileSync(INVALID, `{\n${lines.join(',\n')}\n}\n`)
}

if (process.env.WRITE_GOLDEN) await addMissing()

const namesIn = (folder: string) =>
  readdirSync(`${FOLDER}/${folder}`)
    .filter((name) => name.endsWith('.kymo'))
    .map((name) => name.replace('.kymo', ''))
const valid = namesIn('valid')
const refused: Record<string, object[]> = JSON.parse(readFileSync(INVALID, 'utf8'))

describe('valid files', () => {
  it('are at least 60', () => {
    expect(valid.length).toBeGreaterThanOrEqual(60)
  })

  it.each(valid)('%s holds what was written', async (name) => {
    const bytes = readFileSync(`${FOLDER}/valid/${name}.kymo`)
    const expected = JSON.parse(readFileSync(`${FOLDER}/valid/${name}.json`, 'utf8'))
    expect(await describeFile(bytes)).toEqual(expected)
    expect(await describeFile(bytes, kernels)).toEqual(expected)
  })
})

describe('invalid files', () => {
  it('are at least 100, each with an error', () => {
    expect(Object.keys(refused).sort()).toEqual(namesIn('invalid').sort())
    expect(Object.keys(refused).length).toBeGreaterThanOrEqual(100)
    for (const items of Object.values(refused))
      expect(items.some((item) => 'damage' in item || 'values' in item)).toBe(true)
  })

  it.each(Object.entries(refused))('%s is refused', async (name, items) => {
    const bytes = readFileSync(`${FOLDER}/invalid/${name}.kymo`)
    expect(await describeDamage(bytes)).toEqual(items)
    expect(await describeDamage(bytes, kernels)).toEqual(items)
  })
})
