// Checks the lockfile: no download addresses, exact versions, no install scripts.
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'

/** Problems of a parsed package.json and package-lock.json, one line each. */
export function lockfileProblems(manifest, lock) {
  const problems = []
  for (const kind of ['dependencies', 'devDependencies']) {
    for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
      if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) problems.push(`${kind}: ${name} "${version}" is no exact version`)
    }
  }
  for (const [path, entry] of Object.entries(lock.packages ?? {})) {
    if (path === '') continue
    if (entry.resolved !== undefined) problems.push(`${path}: has a download address`)
    if (entry.integrity === undefined && !entry.link) problems.push(`${path}: has no integrity hash`)
    // an optional binary for one platform that declares a script is refused like any other
    // an optional package the lockfile does not know makes `npm ci` fail
    for (const name of Object.keys(entry.optionalDependencies ?? {})) {
      const isLocked = [`${path}/node_modules/${name}`, `node_modules/${name}`].some((place) => place in lock.packages)
      if (!isLocked) problems.push(`${path}: optional ${name} is not in the lockfile`)
    }
    if (entry.hasInstallScript) problems.push(`${path}: runs a script when installed`)
  }
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    if (!lock.packages?.[`node_modules/${name}`]) problems.push(`dependencies: ${name} is not in the lockfile`)
  }
  return problems
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const read = async (path) => JSON.parse(await readFile(path, 'utf8'))
  const problems = lockfileProblems(await read('package.json'), await read('package-lock.json'))
  for (const problem of problems) console.error(problem)
  console.log(`lockfile: ${problems.length === 0 ? 'fine' : `${problems.length} problems`}`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
