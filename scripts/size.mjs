// Sizes of the published files against their budgets (package.json, "budgets"): bytes after gzip or brotli.
import { readFile } from 'node:fs/promises'
import { brotliCompressSync, gzipSync } from 'node:zlib'

const { budgets } = JSON.parse(await readFile('package.json', 'utf8'))
let over = 0
for (const [title, { files, gzip, brotli }] of Object.entries(budgets)) {
  const contents = await Promise.all(files.map((file) => readFile(file)))
  const sum = (compress) => contents.reduce((bytes, content) => bytes + compress(content).length, 0)
  const gzipBytes = sum((content) => gzipSync(content, { level: 9 }))
  const brotliBytes = sum(brotliCompressSync)
  const isOver = (gzip !== undefined && gzipBytes > gzip) || (brotli !== undefined && brotliBytes > brotli)
  if (isOver) over += 1
  const limit = gzip !== undefined ? `≤ ${gzip} gzip` : `≤ ${brotli} brotli`
  console.log(
    `${isOver ? '✗' : '✓'} ${title.padEnd(32)} ${String(gzipBytes).padStart(7)} gzip ${String(brotliBytes).padStart(7)} brotli   ${limit}`,
  )
}
process.exitCode = over === 0 ? 0 : 1
