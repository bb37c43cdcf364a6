import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { lockfileProblems } from '../../scripts/lockfile.mjs'
import { LIBRARY_VERSION } from '../../src/session/version.js'

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))

describe('supply chain (F65)', () => {
  it('has a lockfile without addresses, scripts or loose versions', () => {
    expect(lockfileProblems(manifest, lock)).toEqual([])
  })

  it('refuses a dependency that runs a script when installed', () => {
    const changed = structuredClone(lock)
    changed.packages['node_modules/comlink'].hasInstallScript = true
    expect(lockfileProblems(manifest, changed)).toEqual(['node_modules/comlink: runs a script when installed'])
  })

  it('refuses a download address, a missing hash, a loose version and a package the lockfile does not know', () => {
    const changed = structuredClone(lock)
    changed.packages['node_modules/comlink'].resolved = 'somewhere'
    delete changed.packages['node_modules/flatbuffers'].integrity
    changed.packages['node_modules/fast-check'].optionalDependencies = { 'no-such-binary': '1.0.0' }
    const loose = { dependencies: { comlink: '^4.4.2', cornlink: '1.0.0' } }
    expect(lockfileProblems(loose, changed)).toEqual([
      'dependencies: comlink "^4.4.2" is no exact version',
      'node_modules/comlink: has a download address',
      'node_modules/fast-check: optional no-such-binary is not in the lockfile',
      'node_modules/flatbuffers: has no integrity hash',
      'dependencies: cornlink is not in the lockfile',
    ])
  })
})

describe('version', () => {
  it('is the one of the package', () => {
    expect(LIBRARY_VERSION).toBe(manifest.version)
  })
})
