// Checks a packed tarball with publint and arethetypeswrong: node scripts/check-package.mjs TARBALL
import { readFile } from 'node:fs/promises'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** Entries that are files to fetch, not modules to import. */
const ASSETS = ['./worker.js', './kernels.wasm', './package.json']
/** ESM only: neither for CommonJS in Node nor for what resolved packages before there were `exports`. */
const FOREIGN = ['node16-cjs', 'node10']

const tarball = new Uint8Array(await readFile(process.argv[2]))
const { messages, pkg } = await publint({ pack: { tarball: tarball.buffer }, strict: true })
const checked = await checkPackage(createPackageFromTarballData(tarball), { excludeEntrypoints: ASSETS })
const problems = [
  ...messages.map((message) => `publint: ${formatMessage(message, pkg)}`),
  ...(checked.types
    ? checked.problems
        .filter(({ resolutionKind }) => !FOREIGN.includes(resolutionKind))
        .map(({ kind, entrypoint, resolutionKind }) => `types: ${kind} of ${entrypoint} (${resolutionKind})`)
    : ['types: there are none']),
]
for (const problem of problems) console.error(problem)
console.log(`package: ${problems.length === 0 ? 'fine' : `${problems.length} problems`}`)
process.exitCode = problems.length === 0 ? 0 : 1
