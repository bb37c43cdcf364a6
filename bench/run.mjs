// npm run bench [NAME…] [-- --json] [--quick]: runs the benches named, or all.
import { readdir } from 'node:fs/promises'

const args = process.argv.slice(2)
const files = (await readdir(new URL('.', import.meta.url))).filter((file) => file.endsWith('.bench.mjs')).sort()
const known = files.map((file) => file.replace('.bench.mjs', ''))
if (args.includes('--help') || args.includes('-h')) {
  console.log(`usage: npm run bench -- [NAME…] [--json] [--quick]\n\nbenches: ${known.join(', ')}`)
  process.exit(0)
}
const names = args.filter((arg) => !arg.startsWith('--'))
const unknown = names.filter((name) => !known.includes(name))
if (unknown.length > 0) {
  console.error(`no bench ${unknown.join(', ')}; there are ${known.join(', ')}`)
  process.exit(2)
}
for (const name of names.length > 0 ? names : known) {
  const { bench } = await import(`./${name}.bench.mjs`)
  await bench({ json: args.includes('--json'), quick: args.includes('--quick') })
}
