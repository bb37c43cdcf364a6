import { createReadStream } from 'node:fs'
import { KymographError } from '../errors.js'
import { framesOf, readChunks } from '../read/index.js'
import type { OutputFile } from './output-file.js'
import type { Recording } from './recording.js'

/**
 * Reads a written file of chunks again, every value of it, before it gets its name. What has gone into a pipe is gone.
 *
 * @throws KymographError `internal` when it does not hold what was written.
 */
export async function expectReadable(output: OutputFile, chunkCount: number, { kernels }: Recording): Promise<void> {
  const { readPath } = output
  if (readPath === undefined) return
  let chunks = 0
  for await (const item of readChunks(createReadStream(readPath), { kernels })) {
    if (item.kind === 'damage') throw unreadable(output, item.error)
    for (const { descriptor } of item.chunk.streams) framesOf(item.chunk, descriptor.name, { kernels })
    chunks += 1
  }
  if (chunks !== chunkCount) throw unreadable(output, new Error(`${chunks} chunks instead of ${chunkCount}`))
}

function unreadable({ path }: OutputFile, cause: Error): KymographError {
  const message = `what was written to ${JSON.stringify(path)} does not read back (${cause.message}): nothing is left there; is the disk sound?`
  return new KymographError('internal', message, { cause })
}
