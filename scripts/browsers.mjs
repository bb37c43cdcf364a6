// Finds the browsers the tests drive; installs Debian's packages when root and they are missing.
import { accessSync, constants, readdirSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { installPackages } from './packages.mjs'

/**
 * The programs the tests run: Debian package, where it is, and how to be told it is elsewhere. WebKitGTK takes three:
 * the driver, the browser it starts and a display for both.
 */
export const BROWSERS = {
  chromium: { package: 'chromium', paths: () => ['/usr/bin/chromium'], variable: 'KYMOGRAPH_CHROMIUM' },
  firefox: { package: 'firefox-esr', paths: () => ['/usr/bin/firefox-esr'], variable: 'KYMOGRAPH_FIREFOX' },
  'webkit driver': {
    package: 'webkit2gtk-driver',
    paths: () => ['/usr/bin/WebKitWebDriver'],
    variable: 'KYMOGRAPH_WEBKIT_DRIVER',
  },
  webkit: { package: 'webkit2gtk-driver', paths: miniBrowsers, variable: 'KYMOGRAPH_WEBKIT' },
  xvfb: { package: 'xvfb', paths: () => ['/usr/bin/Xvfb'], variable: 'KYMOGRAPH_XVFB' },
}

/** Path of a browser's program, or undefined. */
export function findBrowser(name) {
  const { paths, variable } = BROWSERS[name]
  const candidates = process.env[variable] === undefined ? paths() : [process.env[variable]]
  return candidates.find(isProgram)
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** WebKitGTK's small browser, newest first: /usr/lib/<architecture>/webkit2gtk-4.1/MiniBrowser. */
function miniBrowsers() {
  const foldersIn = (folder, pattern) => {
    try {
      return readdirSync(folder).filter((name) => pattern.test(name))
    } catch {
      return []
    }
  }
  return foldersIn('/usr/lib', /-linux-gnu/)
    .flatMap((folder) =>
      foldersIn(`/usr/lib/${folder}`, /^webkit(2)?gtk-/).map((name) => `/usr/lib/${folder}/${name}/MiniBrowser`),
    )
    .sort()
    .reverse()
}

/** Installs what is missing where that is possible; returns the names still missing. */
export function ensureBrowsers() {
  const missing = () => Object.keys(BROWSERS).filter((name) => !findBrowser(name))
  const packages = [...new Set(missing().map((name) => BROWSERS[name].package))]
  if (packages.length === 0) return []
  installPackages(packages)
  const left = missing()
  for (const name of left) {
    const { package: debian, variable } = BROWSERS[name]
    console.error(`${name} is missing: run "apt-get install ${debian}" as root, or set ${variable} to its path`)
  }
  return left
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  process.exitCode = ensureBrowsers().length === 0 ? 0 : 1
