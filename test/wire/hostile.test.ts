import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KymographError } from '../../src/errors.js'
import { crc32c } from '../../src/kernels/reference/crc32c.js'
import { framesOf, type ReadItem, readChunks } from '../../src/read/index.js'
import { decodeChunk, encodeChunk, FRAME_HEADER_BYTES, verifyBuffer } from '../../src/wire/index.js'
import { frameOf, motionChunk } from '../support/sample-chunks.js'

async function read(bytes: Uint8Array): Promise<ReadItem[]> {
  const items: ReadItem[] = []
  for await (const item of readChunks(bytes)) items.push(item)
  return items
}

function concat(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Header and payload checksums made right again after a change. */
function repair(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset)
  const payloadBytes = view.getUint32(8, true)
  view.setUint32(40, crc32c(frame.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + payloadBytes)), true)
  view.setUint32(44, crc32c(frame.subarray(0, 44)), true)
  return frame
}

/** Where the offset stands that leads to `target`. */
function findOffsetTo(bytes: Uint8Array, target: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  for (let at = target - 4; at >= 0; at -= 4) if (at + view.getUint32(at, true) === target) return at
  throw new Error(`nothing leads to ${target}`)
}

/** Decodes everything there is; anything but a coded error is a defect. */
function decodeAll(payload: Uint8Array): 'decoded' | 'refused' {
  try {
    const chunk = decodeChunk(payload)
    for (const { descriptor } of chunk.streams) framesOf(chunk, descriptor.name)
    return 'decoded'
  } catch (error) {
    if (!(error instanceof KymographError)) throw error
    return 'refused'
  }
}

const seqs = (items: ReadItem[]) => items.flatMap((item) => (item.kind === 'chunk' ? [item.chunk.seq] : []))

describe('a session file', () => {
  const frames = [0, 1, 2].map((seq) => frameOf(motionChunk(seq, seq === 2, 20)))
  const file = concat(...frames)

  it('cut at any length gives the whole chunks before the cut and reports the torn rest (F38)', async () => {
    for (let length = 0; length <= file.length; length++) {
      const items = await read(file.subarray(0, length))
      let whole = 0
      let end = 0
      while (whole < 3 && end + frames[whole]!.length <= length) end += frames[whole++]!.length
      expect(seqs(items)).toEqual([0, 1, 2].slice(0, whole))
      const damage = items.filter((item) => item.kind === 'damage')
      expect(damage).toHaveLength(end === length ? 0 : 1)
      if (end < length)
        expect(damage[0]).toMatchObject({ offset: end, byteLength: length - end, error: { code: 'truncated' } })
    }
  })

  it('with any one bit flipped loses that chunk only, and says so (F39)', async () => {
    const starts = frames.map((_, i) => frames.slice(0, i).reduce((sum, frame) => sum + frame.length, 0))
    for (let bit = 0; bit < file.length * 8; bit++) {
      const damaged = file.slice()
      damaged[bit >> 3]! ^= 1 << (bit & 7)
      const hit = starts.findLastIndex((start) => start <= bit >> 3)
      const items = await read(damaged)
      expect(seqs(items)).toEqual([0, 1, 2].filter((seq) => seq !== hit))
      expect(items[hit]).toMatchObject({ kind: 'damage', offset: starts[hit], byteLength: frames[hit]!.length })
    }
  }, 30_000)

  it('read in any split of its bytes gives the same items', async () => {
    const damaged = file.slice()
    damaged[frames[0]!.length + 60]! ^= 1
    const whole = await read(damaged)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(file.length), { maxLength: 8 }), async (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), file.length]
        async function* pieces() {
          for (let i = 1; i < edges.length; i++) yield damaged.slice(edges[i - 1], edges[i])
        }
        const items: ReadItem[] = []
        for await (const item of readChunks(pieces())) items.push(item)
        expect(items).toEqual(whole)
      }),
      { seed: 3, numRuns: 60 },
    )
  })

  it('is found between foreign bytes', async () => {
    const junk = Uint8Array.from({ length: 5000 }, (_, i) => (i % 7 === 0 ? 0x89 : i & 0xff))
    const items = await read(concat(junk, frames[0]!, junk, frames[1]!, frames[2]!))
    expect(seqs(items)).toEqual([0, 1, 2])
    expect(items.filter((item) => item.kind === 'damage').map((item) => item.error.code)).toEqual([
      'not-kymo',
      'not-kymo',
    ])
  })

  it('with bytes missing in the middle of a chunk still gives the next one', async () => {
    const shortened = concat(frames[0]!.subarray(0, 100), frames[1]!, frames[2]!)
    expect(seqs(await read(shortened))).toEqual([1, 2])
  })

  it('of a newer version, or needing unknown features, is refused with that reason (F42)', async () => {
    const newer = frames[0]!.slice()
    newer[4] = 2
    expect((await read(repair(newer)))[0]).toMatchObject({ kind: 'damage', error: { code: 'version' } })
    const featured = frames[0]!.slice()
    featured[7] = 1
    expect((await read(repair(featured)))[0]).toMatchObject({ kind: 'damage', error: { code: 'required-feature' } })
  })

  it('made of nothing but magics is read in bounded time', async () => {
    const bytes = new Uint8Array(4_000_000)
    for (let at = 0; at < bytes.length; at += 8) bytes.set([0x89, 0x4b, 0x59, 0x4d, 1, 48, 0, 0], at)
    const items = await read(concat(bytes, frames[2]!))
    expect(items).toMatchObject([{ kind: 'damage', byteLength: bytes.length }, { kind: 'chunk' }])
  }, 20_000)

  it('made of nested headers that lie about their payload is read in bounded time', async () => {
    const header = frames[0]!.slice(0, FRAME_HEADER_BYTES)
    new DataView(header.buffer).setUint32(8, 1_000_000, true)
    new DataView(header.buffer).setUint32(44, crc32c(header.subarray(0, 44)), true)
    const bytes = new Uint8Array(4_000_000)
    for (let at = 0; at + FRAME_HEADER_BYTES <= bytes.length; at += FRAME_HEADER_BYTES) bytes.set(header, at)
    const items = await read(bytes)
    expect(items).toHaveLength(1)
    expect(items[0]).toMatchObject({ kind: 'damage', byteLength: bytes.length })
  }, 20_000)
})

describe('a hostile chunk', () => {
  it('of random bytes is refused (F51)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const named = bytes.slice()
        named.set([0x4b, 0x59, 0x4d, 0x4f].slice(0, Math.max(0, named.length - 4)), Math.min(4, named.length))
        expect(decodeAll(bytes)).toBe('refused')
        expect(decodeAll(named)).toBe('refused')
      }),
      { seed: 51, numRuns: 3000 },
    )
  })

  it('with an offset to itself or back is refused (F52)', () => {
    const bytes = encodeChunk(motionChunk(0))
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const root = view.getUint32(0, true)
    const vtable = root - view.getInt32(root, true)
    let offsets = 0
    // journeyId, labels, streams, metadata: the fields of Chunk that are offsets
    for (const slot of [3, 4, 5, 7]) {
      const at = root + view.getUint16(vtable + 4 + 2 * slot, true)
      for (const distance of [0, -4, root - at, -at]) {
        const changed = bytes.slice()
        new DataView(changed.buffer).setInt32(at, distance, true)
        expect(() => verifyBuffer(changed)).toThrow(expect.objectContaining({ code: 'malformed', offset: at }))
        offsets += 1
      }
    }
    expect(offsets).toBe(16)
  })

  it('with a string without its end, a field outside its table or a vector out of alignment is refused', () => {
    const bytes = encodeChunk(motionChunk(0))
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const changed = (change: (copy: DataView) => void) => {
      const copy = bytes.slice()
      change(new DataView(copy.buffer))
      return () => verifyBuffer(copy)
    }
    const root = view.getUint32(0, true)
    const vtable = root - view.getInt32(root, true)
    const journeyAt = root + view.getUint16(vtable + 4 + 2 * 3, true)
    const journey = journeyAt + view.getUint32(journeyAt, true)
    const end = journey + 4 + view.getUint32(journey, true)
    expect(changed((copy) => copy.setUint8(end, 0x61))).toThrow(/terminator/)
    const tableBytes = view.getUint16(vtable + 2, true)
    expect(changed((copy) => copy.setUint16(vtable + 4 + 2 * 3, tableBytes - 2, true))).toThrow(/outside its table/)
    expect(changed((copy) => copy.setUint16(vtable + 4, 2, true))).toThrow(/outside its table/)
    // the vector of gaps, whose elements are 8-aligned, moved by 4 bytes
    const gaps = motionChunk(0)
    gaps.streams[0]!.gaps = [{ startNs: 0n, endNs: 1n }]
    const withGaps = encodeChunk(gaps)
    const shift = Buffer.from(withGaps).indexOf(Buffer.from('0100000000000000000000000100000000000000', 'hex'))
    expect(shift % 8).toBe(4)
    const moved = withGaps.slice()
    moved.copyWithin(shift + 4, shift, shift + 20)
    const offsetAt = findOffsetTo(withGaps, shift)
    const movedView = new DataView(moved.buffer)
    movedView.setUint32(offsetAt, movedView.getUint32(offsetAt, true) + 4, true)
    expect(() => verifyBuffer(moved)).toThrow(/vector out of alignment/)
  })

  it('whose offsets all share one big table is refused by the budget, not by running out of memory (F52)', () => {
    const properties = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`k${i}`, 'v'.repeat(400)]))
    const chunk = motionChunk(0)
    chunk.marks = Array.from({ length: 200 }, (_, i) => ({
      name: 'm',
      monotonicNs: 0n,
      wallNs: 0n,
      properties: i === 199 ? properties : {},
    }))
    const bytes = encodeChunk(chunk)
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const offsetAt = (at: number) => at + view.getUint32(at, true)
    const places = Array.from({ length: bytes.length / 4 - 202 }, (_, i) => 4 * i)
    // the vector of 200 offsets
    const vector = places.find((at) => view.getUint32(at, true) === 200 && offsetAt(at + 4) < bytes.length)!
    const big = offsetAt(vector + 4 + 4 * 199)
    for (let i = 0; i < 199; i++) view.setUint32(vector + 4 + 4 * i, big - (vector + 4 + 4 * i), true)
    expect(() => verifyBuffer(bytes)).toThrow(/shared or circular/)
  })

  it('with a count bomb is refused before anything is allocated (F52)', () => {
    const bytes = encodeChunk(motionChunk(0))
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    let bombs = 0
    for (let at = 8; at + 4 <= bytes.length; at += 4) {
      if (view.getUint32(at, true) !== 1) continue
      const bomb = bytes.slice()
      new DataView(bomb.buffer).setUint32(at, 0x7fffffff, true)
      if (decodeAll(bomb) === 'refused') bombs += 1
    }
    expect(bombs).toBeGreaterThan(0)
  })

  it('without its identifier, empty or too large is refused', () => {
    const bytes = encodeChunk(motionChunk(0))
    bytes[4] = 0
    expect(() => verifyBuffer(bytes)).toThrow(expect.objectContaining({ code: 'not-kymo', offset: 4 }))
    expect(() => verifyBuffer(new Uint8Array(0))).toThrow(expect.objectContaining({ code: 'truncated' }))
    expect(() => verifyBuffer(new Uint8Array(1_048_577))).toThrow(expect.objectContaining({ code: 'too-large' }))
  })
})
