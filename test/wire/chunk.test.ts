import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { ByteBuffer } from 'flatbuffers'
import { describe, expect, it } from 'vitest'
import * as fb from '../../src/wire/generated/kymograph/wire.js'
import { CHUNK } from '../../src/wire/generated/layout.js'
import { decodeChunk, encodeChunk } from '../../src/wire/index.js'
import type { Chunk } from '../../src/wire/model.js'
import type { Field, Table } from '../../src/wire/verify.js'
import { chunkArbitrary, frameOf, motionChunk } from '../support/sample-chunks.js'

describe('chunks', () => {
  it('come back as they were given', () => {
    fc.assert(
      fc.property(chunkArbitrary, (chunk) => {
        expect(decodeChunk(encodeChunk(chunk))).toEqual(chunk)
      }),
      { seed: 11, numRuns: 400 },
    )
  })

  it('cost at most 400 bytes besides times and values with one 3-axis stream, two metadata entries, a label and a journey', () => {
    for (let frameCount = 20; frameCount < 120; frameCount++) {
      const chunk = motionChunk(3, false, frameCount)
      for (const channel of chunk.streams[0]!.descriptor.channels) delete channel.unit
      expect(chunk.metadata.size).toBe(2)
      expect(overheadOf(chunk)).toBeLessThanOrEqual(400)
    }
  })

  it('cost at most 400 bytes besides times and values with one 3-axis stream that has a unit, and no metadata', () => {
    for (let frameCount = 20; frameCount < 120; frameCount++) {
      expect(overheadOf({ ...motionChunk(3, false, frameCount), metadata: new Map() })).toBeLessThanOrEqual(400)
    }
  })

  it('refuse text with a lone surrogate (F53)', () => {
    expect(() => encodeChunk({ ...motionChunk(0), labels: ['a\ud800'] })).toThrow(
      expect.objectContaining({ code: 'ill-formed-text' }),
    )
  })

  it.each(['a\0b', '\u202eRTL', '__proto__', 'constructor', '<script>', 'e\u0301', '😀', '\ufeffBOM'])(
    'carry %j as it is (F53)',
    (label) => {
      const properties = Object.fromEntries([[label, label]])
      const marks = [{ name: label, monotonicNs: 0n, wallNs: 0n, properties }]
      const chunk = { ...motionChunk(0), labels: [label], journeyId: label, metadata: new Map([[label, label]]), marks }
      expect(decodeChunk(encodeChunk(chunk))).toEqual(chunk)
    },
  )

  it.each([
    ['33 labels', { labels: Array.from({ length: 33 }, (_, i) => `l${i}`) }, /33 labels/],
    ['a label of a megabyte (F53)', { labels: ['x'.repeat(500_000)] }, /label of 500000/],
    ['a journeyId of 65 characters', { journeyId: 'j'.repeat(65) }, /journeyId of 65/],
    ['10^5 labels (F52)', { labels: Array.from({ length: 100_000 }, () => 'l') }, /labels|bytes/],
  ])('with %s are refused when read', (_, changes, message) => {
    expect(() => decodeChunk(encodeChunk({ ...motionChunk(0), ...changes }))).toThrow(message)
  })

  it('are refused when counts contradict lengths', () => {
    const change = (changes: object) => {
      const chunk = motionChunk(0)
      chunk.streams[0] = { ...chunk.streams[0]!, ...changes }
      return () => decodeChunk(encodeChunk(chunk))
    }
    expect(change({ frameCount: 199 })).toThrow(expect.objectContaining({ code: 'malformed' }))
    expect(change({ columns: motionChunk(0, false, 7).streams[0]!.columns })).toThrow(/7 values for 200/)
    expect(change({ time: motionChunk(0, false, 7).streams[0]!.time })).toThrow(/times: 7 values for 200/)
    // received, ingested and produced follow from each other on the wire: a wrong sum cannot even be written
    const counts = { ...motionChunk(0).streams[0]!.counts, received: 199 }
    expect(change({ counts })).toThrow(RangeError)
  })

  it('give properties of marks without a prototype, so that no key is there by itself (F53)', () => {
    const marks = [{ name: 'm', monotonicNs: 0n, wallNs: 0n, properties: { a: 1 } }]
    const [mark] = decodeChunk(encodeChunk({ ...motionChunk(0), marks })).marks
    expect(Object.getPrototypeOf(mark!.properties)).toBeNull()
    expect(mark!.properties.constructor).toBeUndefined()
  })

  it.each([
    ['linear', undefined],
    ['cubic', undefined],
    ['hold', undefined],
    ['sinc', 'fast'],
    ['sinc', 'standard'],
    ['sinc', 'best'],
  ] as const)('say that they were resampled by %s, %s', (resampleMethod, resampleQuality) => {
    const chunk = motionChunk(0)
    const { descriptor } = chunk.streams[0]!
    chunk.streams[0]!.descriptor = { ...descriptor, resampledHz: 50, resampleMethod, resampleQuality }
    expect(decodeChunk(encodeChunk(chunk))).toEqual(chunk)
  })

  it('of before methods were told are linear, and others say nothing of a method', () => {
    const chunk = motionChunk(0)
    const { descriptor } = chunk.streams[0]!
    // linear is the default, which is not written
    chunk.streams[0]!.descriptor = { ...descriptor, resampledHz: 50 }
    const decoded = (given: Chunk) => decodeChunk(encodeChunk(given)).streams[0]!.descriptor
    expect(decoded(chunk)).toMatchObject({ resampledHz: 50, resampleMethod: 'linear', resampleQuality: undefined })
    expect(decoded(motionChunk(0)).resampleMethod).toBeUndefined()
  })

  it('are refused with a method of resampling nobody knows', () => {
    const chunk = motionChunk(0)
    chunk.streams[0]!.descriptor = { ...chunk.streams[0]!.descriptor, resampledHz: 50, resampleMethod: 'hold' }
    const bytes = encodeChunk(chunk)
    const stream = fb.Chunk.getRootAsChunk(new ByteBuffer(bytes)).streams(0)!
    const at = stream.bb_pos + stream.bb!.__offset(stream.bb_pos, 4 + 2 * 19)
    expect(bytes[at]).toBe(fb.ResampleMethod.Hold)
    bytes[at] = 4
    expect(() => decodeChunk(bytes)).toThrow(/resampling method 4 is none this reader knows/)
  })

  it('are the same bytes whatever was encoded before', () => {
    const bytes = encodeChunk(motionChunk(1))
    encodeChunk(motionChunk(0, true, 5000))
    expect(encodeChunk(motionChunk(1))).toEqual(bytes)
    expect(() => encodeChunk({ ...motionChunk(1), journeyId: '\udc00' })).toThrow()
    expect(() => encodeChunk({ ...motionChunk(1), labels: ['x'.repeat(1_100_000)] })).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    )
    expect(encodeChunk(motionChunk(1))).toEqual(bytes)
  })

  it.each([
    ['epoch', -1],
    ['epoch', 2 ** 32],
    ['seq', 0.5],
    ['seq', 2 ** 32],
    ['labelsRevision', Number.NaN],
  ])('cannot be written with %s %d (F19)', (field, value) => {
    expect(() => encodeChunk({ ...motionChunk(0), [field]: value })).toThrow(RangeError)
  })
})

function overheadOf(chunk: Chunk): number {
  const [stream] = chunk.streams
  return frameOf(chunk).length - stream!.columns.reduce((sum, { column }) => sum + column.length, stream!.time.length)
}

describe('the verifier', () => {
  it('knows the tables and fields of the schema', () => {
    const schema = readFileSync('src/wire/chunk.fbs', 'utf8').replace(/\/\/.*$/gm, '')
    const tables = new Map([...schema.matchAll(/table (\w+) \{([^}]*)\}/g)].map(([, name, body]) => [name!, body!]))
    const visit = (name: string, layout: Table): string[] => {
      const fields = [...tables.get(name)!.matchAll(/(\w+):\s*(\[?)(\w+)\]?([^;]*);/g)]
      expect(layout.map(shapeOf)).toEqual(
        fields.map(([, , list, type, rest]) => schemaShape(list === '[', type!, rest!)),
      )
      return [
        name,
        ...layout.flatMap((field, i) => (field.kind === 'tables' ? visit(fields[i]![3]!, field.table) : [])),
      ]
    }
    expect(visit('Chunk', CHUNK).sort()).toEqual([...tables.keys()].sort())

    function shapeOf(field: Field): string {
      return `${field.kind}${'bytes' in field ? ` ${field.bytes}` : ''}${field.required ? ' required' : ''}`
    }
    function schemaShape(isList: boolean, type: string, rest: string): string {
      const required = rest.includes('required') ? ' required' : ''
      const bytes: Record<string, number> = {
        ubyte: 1,
        bool: 1,
        ClockName: 1,
        ChannelType: 1,
        ChannelKind: 1,
        ResampleMethod: 1,
        ResampleQuality: 1,
        ushort: 2,
        uint32: 4,
        int64: 8,
        uint64: 8,
        double: 8,
        SessionId: 16,
        ClockSnapshot: 16,
        Gap: 16,
        Loss: 16,
      }
      if (type === 'string') return (isList ? 'strings' : 'string') + required
      if (tables.has(type)) return `tables${required}`
      return `${isList ? 'vector' : 'inline'} ${bytes[type]}${required}`
    }
  })
})
