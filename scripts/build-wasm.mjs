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

// One character a byte, of "(" … "[", "a" … "~" and U+0152 … U+01FF: what a server compresses nearly as well as the bytes
// themselves, and no string, however nested, must escape. Base64 takes a third more.
const characterOf = (byte) => (byte < 0x34 ? 0x28 + byte : byte < 0x52 ? 0x2d + byte : 0x100 + byte)
const text = Array.from(bytes, (byte) => String.fromCharCode(characterOf(byte))).join('')
writeFileSync(at('build/kernels-wasm.js'), `export const wasmText = ${JSON.stringify(text)}\n`)
writeFileSync(
  at('build/kernels-wasm.d.ts'),
  '/** The compiled kernels, a character a byte. */\nexport declare const wasmText: string\n',
)
console.log(`build/kernels.wasm ${bytes.length} bytes`)
