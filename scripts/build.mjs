// Builds everything that is published: kernels, one self-contained file per entry, type declarations.
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { createBuilder } from 'vite'
import { runNode, runTool } from './run.mjs'

await runNode('scripts/build-wasm.mjs')
await rm('dist', { recursive: true, force: true })
await mkdir('dist')
await copyFile('build/kernels.wasm', 'dist/kernels.wasm')
const builder = await createBuilder({ configFile: 'vite.config.ts', logLevel: 'warn' })
await builder.buildApp()
if (!process.argv.includes('--no-types')) {
  await runTool('tsc', ['-p', 'tsconfig.build.json'])
}
