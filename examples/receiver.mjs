// Receives chunks (docs/delivery.md) and appends them to DIR/<session>.kymo, which `kymograph ls --store DIR` lists:
// node examples/receiver.mjs DIR [PORT]
import { mkdir, open, readdir, readFile, truncate } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { loadKernels } from 'kymograph/kernels'
import { chunkId, KymographError, readChunks, readFrames } from 'kymograph/read'

const [directory, port = '8787'] = process.argv.slice(2)
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-expose-headers': 'retry-after',
}
const CHUNK_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}:\d+:\d+$/
const BODY_MAX_BYTES = 2_097_152
const kernels = await loadKernels()

/** Digests of what is stored, by chunk id. */
const digests = new Map()
let last = Promise.resolve()

const digestOf = (bytes) => `crc32c:${kernels.crc32c(bytes).toString(16).padStart(8, '0')}`

/** After a restart; what a crash has cut short was never answered for, and makes way. */
async function readBack(path) {
  const bytes = await readFile(path)
  let wholeBytes = 0
  for (const item of readFrames(bytes)) {
    if (item.kind === 'damage') continue
    wholeBytes = item.offset + item.bytes.length
    digests.set(chunkId(item.header), digestOf(item.bytes))
  }
  if (wholeBytes < bytes.length) await truncate(path, wholeBytes)
}

async function store(id, bytes) {
  const file = await open(join(directory, `${id.split(':')[0]}.kymo`), 'a')
  try {
    await file.appendFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
}

async function receive(request) {
  const { 'idempotency-key': id = '', 'chunk-digest': digest } = request.headers
  const parts = []
  let byteLength = 0
  for await (const part of request) {
    byteLength += part.length
    if (byteLength > BODY_MAX_BYTES) return 413
    parts.push(part)
  }
  const bytes = Buffer.concat(parts)
  if (!CHUNK_ID.test(id)) return 400
  if (digestOf(bytes) !== digest) return 400
  // whole, and the chunk it says it is
  for await (const item of readChunks(bytes)) {
    if (item.kind === 'damage') throw item.error
    if (chunkId(item.chunk) !== id) return 422
  }
  if (!digests.has(id)) {
    await store(id, bytes)
    digests.set(id, digest)
  }
  return digests.get(id) === digest ? { id, digest } : 409
}

await mkdir(directory, { recursive: true })
for (const name of await readdir(directory)) if (name.endsWith('.kymo')) await readBack(join(directory, name))
const server = createServer((request, response) => {
  if (request.method !== 'POST') return response.writeHead(request.method === 'OPTIONS' ? 204 : 405, CORS).end()
  // one after the other: chunks of a session are appended in their order
  last = last.then(async () => {
    const answer = await receive(request).catch((error) => (error instanceof KymographError ? 422 : 500))
    if (typeof answer === 'number') response.writeHead(answer, CORS).end()
    else response.writeHead(200, { ...CORS, 'content-type': 'application/json' }).end(JSON.stringify(answer))
  })
})
server.listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/`))
