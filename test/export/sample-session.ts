import type { ReadItem } from '../../src/read/index.js'
import { readChunks } from '../../src/read/index.js'
import type { Chunk } from '../../src/wire/model.js'
import { buildChunk, type Cell, type StreamSpec } from '../support/chunk-builder.js'
import { frameOf } from '../support/sample-chunks.js'

export const FRAMES = 300
const START_NS = 1_763_800_000_123_456_789n
const SPECIAL = [0, -0, 0.1, 5e-324, Number.MAX_VALUE, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
const SINGLE = SPECIAL.map((value) => Math.fround(value === Number.MAX_VALUE ? 3.4028234663852886e38 : value))

const absentEvery = (n: number, cells: Cell[]) => cells.map((cell, i) => (i % n === n - 1 ? undefined : cell))
const cellsOf = (at: (i: number) => Cell) => Array.from({ length: FRAMES }, (_, i) => at(i))

/** Every type, specials and absent values, on the unix clock. */
export const ALL_TYPES = {
  d: cellsOf((i) => (i < 64 ? SPECIAL[i % 8]! : Math.sin(i))),
  f: cellsOf((i) => (i < 64 ? SINGLE[i % 8]! : Math.fround(Math.sin(i)))),
  i: absentEvery(
    7,
    cellsOf((i) => (i % 2 ? i : 0 - i) * 7_000_001),
  ),
  l: absentEvery(
    5,
    cellsOf((i) => (BigInt(i) << 54n) - 9_007_199_254_740_993n),
  ),
  e: absentEvery(
    3,
    cellsOf((i) => (i % 4 ? 'up' : 'down')),
  ),
  t: absentEvery(
    4,
    cellsOf((i) => ['', 'a,b', '"q"', 'grüße\n', '😀'][i % 5]!),
  ),
}

const all = (from: number, to: number): StreamSpec => ({
  name: 'all',
  clock: 'unix',
  times: Array.from({ length: to - from }, (_, i) => START_NS + BigInt(from + i) * 2_500_000n),
  firstFrame: from,
  channels: [
    { name: 'd', type: 'f64', unit: 'm/s2', cells: ALL_TYPES.d.slice(from, to) },
    { name: 'f', type: 'f32', cells: ALL_TYPES.f.slice(from, to) },
    { name: 'i', type: 'i32', cells: ALL_TYPES.i.slice(from, to) },
    { name: 'l', type: 'i64', cells: ALL_TYPES.l.slice(from, to) },
    { name: 'e', type: 'enum', values: ['up', 'down', 'never'], cells: ALL_TYPES.e.slice(from, to) },
    { name: 't', type: 'text', cells: ALL_TYPES.t.slice(from, to) },
  ],
})

const FACTS: Partial<Chunk> = {
  journeyId: 'checkout-7f3a',
  labels: ['login', 'grüße'],
  metadata: new Map([['__proto__', 'x']]),
  marks: [{ name: 'otp', monotonicNs: 5n, wallNs: START_NS, properties: { channel: 'sms', tries: 2 } }],
}

/** A session with one stream of every type in three chunks, and labels changed after its end. */
export const oneStream: Chunk[] = [
  buildChunk([all(0, 100)], { ...FACTS, final: false }),
  buildChunk([all(100, 101)], { ...FACTS, seq: 1, final: false, marks: [] }),
  buildChunk([all(101, FRAMES)], { ...FACTS, seq: 2, marks: [] }),
  buildChunk([], { ...FACTS, seq: 3, final: false, amendment: true, labels: ['late'], labelsRevision: 1, marks: [] }),
]

/** Two streams, every second frame of the faster one at an instant of the slower, on the page's clock. */
export const twoStreams: Chunk[] = [0, 1].map((seq) =>
  buildChunk(
    [
      {
        name: 'fast',
        clock: 'monotonic',
        times: Array.from({ length: 8 }, (_, i) => BigInt(8 * seq + i) * 1_000_000n),
        firstFrame: 8 * seq,
        channels: [{ name: 'x', type: 'f32', cells: Array.from({ length: 8 }, (_, i) => 8 * seq + i) }],
      },
      {
        name: 'slow',
        clock: 'monotonic',
        times: Array.from({ length: 4 }, (_, i) => BigInt(4 * seq + i) * 2_000_000n),
        firstFrame: 4 * seq,
        channels: [
          { name: 'x', type: 'i64', cells: Array.from({ length: 4 }, (_, i) => BigInt(i)) },
          { name: 'word', type: 'text', cells: ['a', undefined, 'b', 'a'] },
        ],
      },
    ],
    { seq, final: seq === 1, clocks: [{ monotonicNs: 0n, wallNs: 1_000_000_000_000_000_000n }] },
  ),
)

export function fileOf(chunks: readonly Chunk[]): Uint8Array {
  return Buffer.concat(chunks.map(frameOf))
}

export function itemsOf(chunks: readonly Chunk[]): AsyncIterable<ReadItem> {
  return readChunks(fileOf(chunks))
}

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Uint8Array.from(Buffer.concat(all))
}
