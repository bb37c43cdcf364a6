import { KymographError } from '../../src/errors.js'
import { formatF32, formatF64 } from '../../src/export/value-text.js'
import type { Kernels } from '../../src/kernels/types.js'
import { type ChannelFrames, type Chunk, framesOf, type ReadItem, readChunks } from '../../src/read/index.js'

/** What a file holds, as JSON: 64-bit integers and all values are texts, absent values null. */
export async function describeFile(bytes: Uint8Array, kernels?: Kernels): Promise<object> {
  const chunks: object[] = []
  for await (const item of readChunks(bytes, { kernels })) {
    if (item.kind === 'damage') throw item.error
    chunks.push(describeChunk(item.chunk, kernels))
  }
  return { chunks }
}

/** How a reader takes a damaged file: its items in order, each a chunk's number or a damage, values that do not decode. */
export async function describeDamage(bytes: Uint8Array, kernels?: Kernels): Promise<object[]> {
  const items: object[] = []
  for await (const item of readChunks(bytes, { kernels })) items.push(describeItem(item, kernels))
  return items
}

function describeItem(item: ReadItem, kernels?: Kernels): object {
  if (item.kind === 'damage') return { damage: item.error.code, offset: item.offset, byteLength: item.byteLength }
  const { chunk } = item
  try {
    for (const { descriptor } of chunk.streams) framesOf(chunk, descriptor.name, { kernels })
    return { chunk: chunk.seq }
  } catch (error) {
    if (!(error instanceof KymographError)) throw error
    return { chunk: chunk.seq, values: error.code }
  }
}

function describeChunk(chunk: Chunk, kernels?: Kernels): object {
  return plain({
    ...chunk,
    metadata: [...chunk.metadata],
    marks: chunk.marks.map((mark) => ({
      ...mark,
      properties: Object.entries(mark.properties).map(([key, value]) => [
        key,
        typeof value === 'number' ? { number: formatF64(value) } : value,
      ]),
    })),
    streams: chunk.streams.map(({ descriptor, time: _, columns: __, ...piece }) => {
      const { timestampsNs, channels } = framesOf(chunk, descriptor.name, { kernels })
      const { channels: ___, ...rest } = descriptor
      return {
        ...rest,
        ...piece,
        timestampsNs: [...timestampsNs],
        channels: channels.map((channel) => ({ ...channel.descriptor, cells: cellsOf(channel) })),
      }
    }),
  })
}

function cellsOf({ descriptor, values, validity, dictionary }: ChannelFrames): (string | null)[] {
  const texts = descriptor.type === 'enum' ? descriptor.values : dictionary
  const bits = new DataView(values.buffer, values.byteOffset, values.byteLength)
  return Array.from({ length: values.length }, (_, i) => {
    if (validity && !((validity[i >> 3]! >> (i & 7)) & 1)) return null
    if (texts) return texts[Number(values[i])]!
    const value = values[i]!
    if (typeof value === 'bigint' || descriptor.type === 'i32') return String(value)
    if (!Number.isNaN(value)) return descriptor.type === 'f32' ? formatF32(value) : formatF64(value)
    // with all its bits
    return descriptor.type === 'f32'
      ? `NaN:${bits
          .getUint32(4 * i, true)
          .toString(16)
          .padStart(8, '0')}`
      : `NaN:${bits
          .getBigUint64(8 * i, true)
          .toString(16)
          .padStart(16, '0')}`
  })
}

/** As JSON has it. */
function plain(value: object): object {
  return JSON.parse(JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item)))
}
