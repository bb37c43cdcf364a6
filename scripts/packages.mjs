// Debian packages that tests use where they are there; installed when root and missing.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Installs packages where that is possible: as root, with apt-get. Says so, and what went wrong. */
export function installPackages(packages) {
  const hasApt = spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0
  if (!hasApt || process.getuid?.() !== 0) return
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  console.log(`installing ${packages.join(', ')} with apt-get`)
  try {
    execFileSync('apt-get', ['update', '-qq'], options)
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], options)
  } catch (error) {
    console.error(`apt-get failed: ${error.message}`)
  }
}

/** The C++ library our verifier is held against, and its compiler; of no use where nothing compiles C++. */
export function ensureCppVerifier() {
  const runs = (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status === 0
  if (!runs('g++') || (runs('flatc') && existsSync('/usr/include/flatbuffers/flatbuffers.h'))) return
  installPackages(['libflatbuffers-dev', 'flatbuffers-compiler'])
}
