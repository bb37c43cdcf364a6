import { Builder } from 'flatbuffers'
import { describe, expect, it } from 'vitest'
import { KymographError } from '../../src/errors.js'
import { encodeColumn } from '../../src/kernels/reference/column.js'
import * as fb from '../../src/wire/generated/kymograph/wire.js'
import { decodeChunk, encodeChunk } from '../../src/wire/index.js'
import type { ChannelDescriptor, Chunk, ColumnPiece, StreamPiece } from '../../src/wire/model.js'
import { packTexts } from '../../src/wire/text.js'
import { motionChunk } from '../support/sample-chunks.js'

/** How a chunk with a changed first stream is refused. */
function refusal(change: (stream: StreamPiece, chunk: Chunk) => void): KymographError {
  const chunk = motionChunk(0, false, 11)
  change(chunk.streams[0]!, chunk)
  return refusalOf(encodeChunk(chunk))
}

function refusalOf(bytes: Uint8Array): KymographError {
  // a view in the middle of a buffer: offsets are those in the view
  const shifted = new Uint8Array(bytes.length + 16)
  shifted.set(bytes, 8)
  try {
    decodeChunk(shifted.subarray(8, 8 + bytes.length))
  } catch (error) {
    expect(error).toBeInstanceOf(KymographError)
    return error as KymographError
  }
  throw new Error('was not refused')
}

/** A chunk with one channel of texts or enum values. */
function indexed(descriptor: ChannelDescriptor, piece: ColumnPiece): (stream: StreamPiece) => void {
  return (stream) => {
    stream.descriptor.channels = [descriptor]
    stream.columns = [piece]
  }
}

/** A chunk of nothing but a session id and what `add` gives it. */
function bareChunk(add: (builder: Builder) => void, prepare: (builder: Builder) => void = () => {}): Uint8Array {
  const builder = new Builder()
  prepare(builder)
  fb.Chunk.startChunk(builder)
  fb.Chunk.addSessionId(builder, fb.SessionId.createSessionId(builder, Array(16).fill(1)))
  add(builder)
  builder.finish(fb.Chunk.endChunk(builder), 'KYMO')
  return builder.asUint8Array().slice()
}

const indices = encodeColumn(Int32Array.from({ length: 11 }, (_, i) => i % 3))

describe('a chunk', () => {
  it.each<[string, RegExp, (stream: StreamPiece, chunk: Chunk) => void]>([
    [
      'validity bits beyond the last frame',
      /beyond the last/,
      (s) => (s.columns[0]!.validity = Uint8Array.of(255, 15)),
    ],
    ['validity of a wrong length', /validity of 3/, (s) => (s.columns[0]!.validity = Uint8Array.of(255, 7, 0))],
    ['fewer present bits than values', /11 values for 10/, (s) => (s.columns[0]!.validity = Uint8Array.of(254, 7))],
    ['two streams of one name', /two streams/, (s, chunk) => chunk.streams.push(s)],
    ['two channels of one name', /two stream "imu": channels/, (s) => (s.descriptor.channels[1]!.name = 'x')],
    ['a stream name of other characters', /stream name/, (s) => (s.descriptor.name = '__proto__')],
    ['a channel name of 65 characters', /channel name/, (s) => (s.descriptor.channels[0]!.name = 'x'.repeat(65))],
    ['no channels', /0 channels/, (s) => (s.descriptor.channels = [])],
    ['a column of another type', /declared f32/, (s) => (s.descriptor.channels[2]!.type = 'f32')],
    ['a rate that is no number', /rate of NaN/, (s) => (s.descriptor.rateHz = Number.NaN)],
    ['a negative rate', /rate of -1/, (s) => (s.effectiveRateHz = -1)],
    ['a negative precision', /precision of -1/, (s) => (s.descriptor.channels[0]!.precision = -1)],
    [
      '33 metadata entries',
      /33 metadata/,
      (_, c) => (c.metadata = new Map(Array.from({ length: 33 }, (_, i) => [`${i}`, '']))),
    ],
    [
      'an enum index beyond its values',
      /index 2 of 2 texts/,
      indexed({ name: 'e', type: 'enum', values: ['a', 'b'] }, { column: indices }),
    ],
    [
      'a text index beyond its dictionary',
      /index 1 of 1 texts/,
      indexed({ name: 't', type: 'text' }, { column: indices, dictionary: ['a'] }),
    ],
    ['an enum without values', /without values/, indexed({ name: 'e', type: 'enum' }, { column: indices })],
  ])('with %s is refused, with the offset', (_, message, change) => {
    const error = refusal((stream, chunk) => {
      change(stream, chunk)
    })
    expect(error.code).toBe('malformed')
    expect(error.message).toMatch(message)
    expect(error.offset).toBeGreaterThan(0)
  })

  it('with a damaged column is refused at the byte of the chunk where it is damaged', () => {
    const bytes = encodeChunk(motionChunk(0, false, 11))
    const { column } = decodeChunk(bytes).streams[0]!.columns[1]!
    const offset = column.byteOffset - bytes.byteOffset
    bytes[offset] = 0xff
    expect(refusalOf(bytes)).toMatchObject({ code: 'malformed', offset })
  })

  it('whose frames would take gigabytes decoded is refused before anything is decoded (F52)', () => {
    const error = refusal((stream) => {
      const frameCount = 2 ** 20
      stream.frameCount = frameCount
      stream.time = encodeColumn(new BigInt64Array(frameCount))
      const column = encodeColumn(new Float64Array(frameCount))
      stream.descriptor.channels = Array.from({ length: 64 }, (_, i) => ({ name: `c${i}`, type: 'f64' as const }))
      stream.columns = stream.descriptor.channels.map(() => ({ column }))
    })
    expect(error).toMatchObject({ code: 'too-large', message: expect.stringContaining('decoded') })
  })

  it('of a newer format, or needing features this reader does not know, is refused with that reason (F42)', () => {
    expect(decodeChunk(bareChunk(() => {})).labels).toEqual([])
    expect(refusalOf(bareChunk((builder) => fb.Chunk.addFormatVersion(builder, 2))).code).toBe('version')
    expect(refusalOf(bareChunk((builder) => fb.Chunk.addRequiredFeatures(builder, 1n << 63n))).code).toBe(
      'required-feature',
    )
  })

  it.each<[string, number[], string]>([
    ['a text longer than its bytes', [9, 0x61], 'malformed'],
    ['a length without an end', [0x80], 'malformed'],
    ['a length of four bytes', [0x80, 0x80, 0x80, 0x01], 'malformed'],
    ['a length that is not in its shortest form', [0x81, 0x00, 0x61], 'malformed'],
    ['a text that is not UTF-8', [1, 0xff], 'ill-formed-text'],
    ['a text with a coded surrogate', [3, 0xed, 0xa0, 0x80], 'ill-formed-text'],
  ])('with labels of %s is refused, with the offset (F53)', (_, packed, code) => {
    let labels = 0
    const bytes = bareChunk(
      (builder) => fb.Chunk.addLabels(builder, labels),
      (builder) => (labels = builder.createByteVector(Uint8Array.from(packed))),
    )
    const error = refusalOf(bytes)
    expect(error.code).toBe(code)
    const start = Buffer.from(bytes).indexOf(Buffer.from([packed.length, 0, 0, 0, ...packed])) + 4
    expect(start).toBeGreaterThan(4)
    expect(error.offset).toBeGreaterThanOrEqual(start)
    expect(error.offset).toBeLessThan(start + packed.length)
  })

  it.each([
    ['a key without a value', ['a']],
    ['one key twice', ['a', '1', 'a', '2']],
  ])('with metadata of %s is refused (F52)', (_, texts) => {
    let metadata = 0
    const bytes = bareChunk(
      (builder) => fb.Chunk.addMetadata(builder, metadata),
      (builder) => (metadata = builder.createByteVector(packTexts(texts))),
    )
    expect(refusalOf(bytes)).toMatchObject({ code: 'malformed', message: expect.stringContaining('metadata') })
  })
})
