import { framesOf, readChunks } from '../../src/read/index.js'
import type { Chunk } from '../../src/wire/model.js'

/** All chunks of a session, decoded; damage fails. */
export async function decodeChunks(chunks: AsyncIterable<{ bytes: Uint8Array }>): Promise<Chunk[]> {
  const decoded: Chunk[] = []
  for await (const { bytes } of chunks) {
    for await (const item of readChunks(bytes)) {
      if (item.kind === 'damage') throw item.error
      decoded.push(item.chunk)
    }
  }
  return decoded
}

export type Cell = number | bigint | string | undefined

/** Frames of one stream over all chunks, row by row: time and a cell per channel, undefined where absent. */
export function rowsOf(chunks: Chunk[], stream: string): [bigint, ...Cell[]][] {
  const rows: [bigint, ...Cell[]][] = []
  for (const chunk of chunks) {
    if (!chunk.streams.some((piece) => piece.descriptor.name === stream)) continue
    const { timestampsNs, channels } = framesOf(chunk, stream)
    timestampsNs.forEach((timestampNs, frame) => {
      rows.push([
        timestampNs,
        ...channels.map(({ descriptor, values, validity, dictionary }): Cell => {
          if (validity && !((validity[frame >> 3]! >> (frame & 7)) & 1)) return undefined
          const value = values[frame]!
          if (descriptor.type === 'enum') return descriptor.values![Number(value)]
          return descriptor.type === 'text' ? dictionary![Number(value)] : value
        }),
      ])
    })
  }
  return rows
}
