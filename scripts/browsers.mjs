// Finds the browsers the tests drive; installs Debian's packages when root and they are missing.
import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** Each browser: Debian package, where it is, and how to be told it is elsewhere. */
export const BROWSERS = {
  chromium: { package: 'chromium', path: '/usr/bin/chromium', variable: 'KYMOGRAPH_CHROMIUM' },
}

/** Path of a browser's program, or undefined. */
export function findBrowser(name) {
  const { path, variable } = BROWSERS[name]
  const candidate = process.env[variable] ?? path
  try {
    accessSync(candidate, constants.X_OK)
    return candidate
  } catch {
    return undefined
  }
}

/** Installs what is missing where that is possible; returns the names still missing. */
export function ensureBrowsers() {
  const missing = () => Object.keys(BROWSERS).filter((name) => !findBrowser(name))
  const packages = missing().map((name) => BROWSERS[name].package)
  if (packages.length === 0) return []
  const hasApt = spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0
  if (hasApt && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    console.log(`installing ${packages.join(', ')} with apt-get`)
    try {
      execFileSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 'ignore', 'inherit'], env })
      execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
        stdio: ['ignore', 'ignore', 'inherit'],
        env,
      })
    } catch (error) {
      console.error(`apt-get failed: ${error.message}`)
    }
  }
  const left = missing()
  for (const name of left) {
    const { package: debian, variable } = BROWSERS[name]
    console.error(`${name} is missing: run "apt-get install ${debian}" as root, or set ${variable} to its path`)
  }
  return left
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = ensureBrowsers().length === 0 ? 0 : 1
