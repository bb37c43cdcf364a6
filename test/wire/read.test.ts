import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32c } from '../../src/kernels/reference/crc32c.js'
import { framesOf, type ReadItem, readChunks, readFrames } from '../../src/read/index.js'
import { decodeFrame, encodeChunk, encodeFrame, FRAME_HEADER_BYTES } from '../../src/wire/index.js'
import { frameOf, motionChunk } from '../support/sample-chunks.js'

async function read(source: Parameters<typeof readChunks>[0]): Promise<ReadItem[]> {
  const items: ReadItem[] = []
  for await (const item of readChunks(source)) items.push(item)
  return items
}

const frames = [0, 1, 2].map((seq) => frameOf(motionChunk(seq, seq === 2, 20)))
const file = Uint8Array.from(frames.flatMap((frame) => [...frame]))

/** The file with bytes changed, taken out and put in. */
const damagedFile = fc
  .array(fc.record({ at: fc.nat(file.length - 1), remove: fc.nat(60), insert: fc.uint8Array({ maxLength: 60 }) }), {
    maxLength: 4,
  })
  .map((changes) => {
    let bytes = [...file]
    for (const { at, remove, insert } of changes)
      bytes = [...bytes.slice(0, at), ...insert, ...bytes.slice(at + remove)]
    return Uint8Array.from(bytes)
  })

describe('reading', () => {
  it('accounts for every byte of a damaged file once, and finds the same frames in memory as in a stream', async () => {
    await fc.assert(
      fc.asyncProperty(damagedFile, async (bytes) => {
        const places = [...readFrames(bytes)].map((item) => ({
          offset: item.offset,
          byteLength: item.kind === 'damage' ? item.byteLength : item.bytes.length,
          code: item.kind === 'damage' ? item.error.code : '',
        }))
        expect(
          places.reduce((end, { offset, byteLength }) => (offset === end ? end + byteLength : Number.NaN), 0),
        ).toBe(bytes.length)
        const streamed = (await read(bytes)).map((item) => ({
          offset: item.offset,
          byteLength: item.kind === 'damage' ? item.byteLength : item.bytes.length,
          code: item.kind === 'damage' ? item.error.code : '',
        }))
        expect(streamed).toEqual(places)
      }),
      { seed: 38, numRuns: 400 },
    )
  })

  it('finds the same in pieces of any size, also when the source uses one buffer for all', async () => {
    await fc.assert(
      fc.asyncProperty(damagedFile, fc.integer({ min: 1, max: 700 }), async (bytes, pieceBytes) => {
        async function* pieces() {
          const buffer = new Uint8Array(pieceBytes)
          for (let at = 0; at < bytes.length; at += pieceBytes) {
            const piece = bytes.subarray(at, at + pieceBytes)
            buffer.fill(0x89)
            buffer.set(piece)
            yield buffer.subarray(0, piece.length)
          }
        }
        expect(await read(pieces())).toEqual(await read(bytes))
      }),
      { seed: 39, numRuns: 300 },
    )
  })

  it('does not take a frame inside the damaged payload of another for one of the file', () => {
    const identity = { ...motionChunk(9), seq: 9 }
    const outer = encodeFrame(identity, Uint8Array.from([...new Uint8Array(8), ...frames[0]!]))
    outer[FRAME_HEADER_BYTES] = 1
    expect([...readFrames(outer)].map((item) => item.kind)).toEqual(['damage'])
    const followed = Uint8Array.from([...outer, ...frames[1]!])
    expect([...readFrames(followed)].map((item) => item.offset)).toEqual([0, outer.length])
  })

  it('tells a torn tail from other damage (F38)', () => {
    const torn = [...readFrames(file.subarray(0, file.length - 9))].at(-1)
    expect(torn).toMatchObject({ kind: 'damage', error: { code: 'truncated', offset: file.length - 9 } })
    const rotten = file.slice()
    rotten[file.length - 9]! ^= 1
    expect([...readFrames(rotten)].at(-1)).toMatchObject({ kind: 'damage', error: { code: 'crc-mismatch' } })
  })

  it('gives offsets in the source, of the frame and within the chunk', async () => {
    const payload = encodeChunk(motionChunk(1, false, 20))
    payload[4] = 0
    const { header } = decodeFrame(frames[1]!)
    const bytes = Uint8Array.from([...frames[0]!, ...encodeFrame(header, payload), ...frames[2]!])
    const start = frames[0]!.length
    expect((await read(bytes))[1]).toMatchObject({
      kind: 'damage',
      offset: start,
      byteLength: frames[1]!.length,
      error: { code: 'not-kymo', offset: start + FRAME_HEADER_BYTES + 4 },
    })
  })

  it.each([
    { epoch: 1 },
    { seq: 2 },
    { final: true },
    { amendment: true },
    { sessionId: `${'0'.repeat(8)}-0000-7000-8000-${'0'.repeat(12)}` },
  ])('refuses a chunk whose frame says %j and whose payload does not', async (change) => {
    const chunk = motionChunk(1, false, 20)
    const [item] = await read(encodeFrame({ ...chunk, ...change }, encodeChunk(chunk)))
    expect(item).toMatchObject({ kind: 'damage', error: { code: 'malformed' } })
    expect((item as { error: Error }).error.message).toMatch(Object.keys(change)[0]!)
  })

  it('refuses padding and reserved bytes that are not zero', () => {
    const identity = { ...motionChunk(0), seq: 7 }
    const frame = encodeFrame(identity, Uint8Array.of(1, 2, 3))
    expect(frame).toHaveLength(56)
    const padded = frame.slice()
    padded[55] = 1
    expect(() => decodeFrame(padded)).toThrow(expect.objectContaining({ code: 'malformed', offset: 55 }))
    const reserved = frame.slice()
    reserved[36] = 1
    new DataView(reserved.buffer).setUint32(44, crc32c(reserved.subarray(0, 44)), true)
    expect(() => decodeFrame(reserved)).toThrow(expect.objectContaining({ code: 'malformed', offset: 36 }))
  })

  it('catches a lying length by the checksum of the header, without reading that far', async () => {
    const lying = frames[0]!.slice()
    new DataView(lying.buffer).setUint32(8, 1_000_000, true)
    let piecesTaken = 0
    async function* pieces() {
      for (const piece of [lying, ...frames.slice(1)]) {
        piecesTaken += 1
        yield piece
      }
    }
    const { value } = await readChunks(pieces()).next()
    expect(value).toMatchObject({ kind: 'damage', offset: 0, error: { code: 'crc-mismatch' } })
    expect(piecesTaken).toBe(2)
  })

  it('scans gigabytes of zeros in bounded memory', async () => {
    const piece = new Uint8Array(1 << 20)
    async function* zeros() {
      for (let i = 0; i < 2048; i++) yield piece
      yield frames[0]!
    }
    const before = process.memoryUsage().arrayBuffers
    const items = await read(zeros())
    expect(items.map((item) => item.kind)).toEqual(['damage', 'chunk'])
    expect(items[1]).toMatchObject({ offset: 2 ** 31 })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20)
  }, 30_000)

  it('hands over bytes of its own, also when the source gives Node buffers', async () => {
    const pieces = [Buffer.from(file)]
    const items = await read(
      new ReadableStream({ pull: (c) => (pieces.length ? c.enqueue(pieces.pop()!) : c.close()) }),
    )
    expect(items).toHaveLength(3)
    const source = Buffer.from(file)
    const [first] = await read(source)
    if (first?.kind !== 'chunk') throw new Error('no chunk')
    source.fill(0)
    expect(first.bytes).toEqual(frames[0])
    expect(framesOf(first.chunk, 'imu').timestampsNs[1]).toBe(10_000_000n)
  })

  it('lets go of its source when the reader stops early, and passes on what the source throws', async () => {
    let cancelled = false
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(file),
      cancel: () => {
        cancelled = true
      },
    })
    for await (const item of readChunks(source)) {
      expect(item.kind).toBe('chunk')
      break
    }
    expect(cancelled).toBe(true)
    async function* failing() {
      yield file.subarray(0, 10)
      throw new Error('cable')
    }
    await expect(read(failing())).rejects.toThrow('cable')
  })

  it('refuses sources that give no bytes as a misuse', async () => {
    await expect(read('file.kymo' as unknown as Uint8Array)).rejects.toThrow(TypeError)
    await expect(read([file] as unknown as Uint8Array)).rejects.toThrow(TypeError)
    async function* texts() {
      yield 'text' as unknown as Uint8Array
    }
    await expect(read(texts())).rejects.toThrow(TypeError)
    expect(() => [...readFrames([] as unknown as Uint8Array)]).toThrow(TypeError)
  })

  it('takes checksums with the kernels it is given', () => {
    let taken = 0
    const kernels = {
      crc32c: (bytes: Uint8Array) => {
        taken += 1
        return crc32c(bytes)
      },
    }
    expect([...readFrames(file, { kernels })]).toHaveLength(3)
    // header once to find the length, then again with the payload
    expect(taken).toBe(9)
  })
})
