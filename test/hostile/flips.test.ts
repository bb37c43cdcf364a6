import { describe, expect, it } from 'vitest'
import { loadKernels } from '../../src/kernels/index.js'
import { type FrameItem, readFrames } from '../../src/read/index.js'
import { encodeChunk, encodeFrame } from '../../src/wire/index.js'
import type { Chunk } from '../../src/wire/model.js'
import { oneStream } from '../export/sample-session.js'
import { buildChunk } from '../support/chunk-builder.js'
import { motionChunk } from '../support/sample-chunks.js'
import { Random } from './mutant.js'

const FILE_BYTES = 16_384
const kernels = await loadKernels({ build: 'wasm' })

/** Chunks until the file has 16 KiB. */
function fileOfChunks(chunkAt: (seq: number) => Chunk): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let seq = 0, bytes = 0; bytes < FILE_BYTES; seq++) {
    // FlatBuffers are multiples of 4 bytes: some more behind them give padding of all lengths
    const chunk = chunkAt(seq)
    frames.push(encodeFrame(chunk, Uint8Array.from([...encodeChunk(chunk), ...new Array(seq % 8).fill(0)])))
    bytes += frames.at(-1)!.length
  }
  return frames
}

const random = new Random(39)
const noise = (seq: number) =>
  buildChunk(
    [
      {
        name: 'noise',
        clock: 'unix',
        times: Array.from({ length: 700 }, (_, i) => BigInt(i) * 1_000_003n),
        channels: [{ name: 'x', type: 'f64', cells: Array.from({ length: 700 }, () => random.below(2 ** 32) / 7) }],
      },
    ],
    { seq, final: false },
  )

const FILES: [string, Uint8Array[]][] = [
  ['many small chunks', fileOfChunks((seq) => motionChunk(seq, false, 5 + (seq % 11)))],
  ['a few large chunks', fileOfChunks(noise)],
  ['every type', fileOfChunks((seq) => ({ ...oneStream[seq % 4]!, seq }))],
]

const read = (bytes: Uint8Array) => [...readFrames(bytes, { kernels })]
const isFrame = (item: FrameItem) => item.kind === 'frame'
const seqsOf = (items: FrameItem[]) => items.flatMap((item) => (item.kind === 'frame' ? [item.header.seq] : []))

describe.each(FILES)('a file of 16 KiB with %s', (_, frames) => {
  const file = Buffer.concat(frames)
  const starts = frames.map((_, i) => frames.slice(0, i).reduce((sum, { length }) => sum + length, 0))

  it('is 16 KiB, and has padding', () => {
    expect(file.length).toBeGreaterThanOrEqual(FILE_BYTES)
    expect(read(file).some((item) => item.kind === 'frame' && item.payload.length + 48 < item.bytes.length)).toBe(true)
  })

  it('loses one chunk to any flipped bit, padding included, and says where (F39)', () => {
    const defects: string[] = []
    for (const [hit, start] of starts.entries()) {
      // what is before has been read by then, and of what is behind the next chunk will do
      const bytes = Uint8Array.from(file.subarray(start, starts[hit + 2]))
      const frame = frames[hit]!
      for (let bit = 0; bit < frame.length * 8; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        const [damage, ...others] = read(bytes)
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        const isFound = damage?.kind === 'damage' && damage.offset === 0 && damage.byteLength === frame.length
        const isRestWhole = others.length === Number(hit + 1 < frames.length) && others.every(isFrame)
        if (!isFound || !isRestWhole) defects.push(`bit ${bit} of chunk ${hit}`)
      }
    }
    expect(defects).toEqual([])
  }, 120_000)

  it('cut at any length gives exactly the whole chunks before the cut (F38)', () => {
    const defects: number[] = []
    for (let length = 0, whole = 0; length <= file.length; length++) {
      if ((starts[whole + 1] ?? file.length) === length) whole += 1
      const items = read(file.subarray(0, length))
      const rest = length - (starts[whole] ?? file.length)
      const isTold = rest === 0 || items.at(-1)?.kind === 'damage'
      if (seqsOf(items).length !== whole || items.length !== whole + Number(rest > 0) || !isTold) defects.push(length)
    }
    expect(defects).toEqual([])
  }, 60_000)
})
