// Compiles assembly/ to build/kernels.wasm and wraps it as build/kernels-wasm.js, so that one import carries the bytes.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import asc from 'assemblyscript/asc'

const root = fileURLToPath(new URL('..', import.meta.url))
const at = (path) => new URL(`../${path}`, import.meta.url)
const wasmUrl = at('build/kernels.wasm')

mkdirSync(at('build/'), { recursive: true })
rmSync(wasmUrl, { force: true })

const { error, stderr } = await asc.main(['--config', 'asconfig.json', '--target', 'release', '--baseDir', root])
if (error) {
  console.error(stderr.toString())
  console.error(`build-wasm: the AssemblyScript compiler failed: ${error.message}`)
  process.exit(1)
}

const bytes = readFileSync(wasmUrl)
const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes))
if (imports.length > 0) {
  const names = imports.map(({ module, name }) => `${module}.${name}`).join(', ')
  console.error(`build-wasm: the kernels must not import anything, found ${names}`)
  process.exit(1)
}

// hexadecimal: twice the bytes, but a fifth fewer than base64 once a server has compressed them
writeFileSync(at('build/kernels-wasm.js'), `export const wasmHex = '${bytes.toString('hex')}'\n`)
writeFileSync(
  at('build/kernels-wasm.d.ts'),
  '/** The compiled kernels, two digits a byte. */\nexport declare const wasmHex: string\n',
)
console.log(`build/kernels.wasm ${bytes.length} bytes`)
