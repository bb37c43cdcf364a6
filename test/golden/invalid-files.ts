import { encodeColumn } from '../../src/kernels/reference/column.js'
import { crc32c } from '../../src/kernels/reference/crc32c.js'
import * as fb from '../../src/wire/generated/kymograph/wire.js'
import { encodeChunk, FRAME_HEADER_BYTES } from '../../src/wire/index.js'
import type { ChannelDescriptor, Chunk, ColumnPiece, StreamPiece } from '../../src/wire/model.js'
import { packTexts } from '../../src/wire/text.js'
import { buildChunk } from '../support/chunk-builder.js'
import { frameOf, motionChunk } from '../support/sample-chunks.js'
import { bareChunk, framed } from './valid-files.js'

const FRAMES = 11

/** Makes the checksums of a frame right again. */
function repaired(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset)
  const end = FRAME_HEADER_BYTES + view.getUint32(8, true)
  if (end <= frame.length) view.setUint32(40, crc32c(frame.subarray(FRAME_HEADER_BYTES, end)), true)
  view.setUint32(44, crc32c(frame.subarray(0, 44)), true)
  return frame
}

const sample = () => motionChunk(0, true, FRAMES)

/** Frames with a header that is off. */
function headerFiles(): [string, Uint8Array][] {
  const changed = (change: (view: DataView) => void, isRepaired = true) => {
    const frame = frameOf(sample())
    change(new DataView(frame.buffer))
    return isRepaired ? repaired(frame) : frame
  }
  const whole = frameOf(sample())
  return [
    ...[0, 1, 2, 3].map((at): [string, Uint8Array] => [
      `header-magic-${at}`,
      changed((view) => view.setUint8(at, view.getUint8(at) ^ 0x20)),
    ]),
    ...[0, 2, 255].map((version): [string, Uint8Array] => [
      `header-version-${version}`,
      changed((view) => view.setUint8(4, version)),
    ]),
    ...[0, 47, 49].map((length): [string, Uint8Array] => [
      `header-length-${length}`,
      changed((view) => view.setUint8(5, length)),
    ]),
    ...[0, 3, 7].map((bit): [string, Uint8Array] => [
      `header-feature-${bit}`,
      changed((view) => view.setUint8(7, 1 << bit)),
    ]),
    ['header-payload-over-a-mebibyte', changed((view) => view.setUint32(8, 1_048_577, true))],
    ['header-payload-of-4-gib', changed((view) => view.setUint32(8, 0xffffffff, true))],
    ['header-payload-empty', repaired(Uint8Array.from(whole.subarray(0, 48)).fill(0, 8, 12))],
    ['header-reserved', changed((view) => view.setUint8(36, 1))],
    ['header-reserved-high', changed((view) => view.setUint8(39, 0x80))],
    ['header-checksum', changed((view) => view.setUint8(44, view.getUint8(44) ^ 1), false)],
    ['header-epoch-bit', changed((view) => view.setUint8(12, 1), false)],
    ['payload-checksum', changed((view) => view.setUint8(60, view.getUint8(60) ^ 1), false)],
    [
      'payload-checksum-zero',
      changed((view) => {
        view.setUint32(40, 0, true)
        view.setUint32(44, crc32c(new Uint8Array(view.buffer, 0, 44)), true)
      }, false),
    ],
    [
      'padding',
      (() => {
        const frame = framed(Uint8Array.from([...encodeChunk(sample()), 0]), { final: true })
        frame[frame.length - 1] = 1
        return frame
      })(),
    ],
    ...[1, 4, 47, 48, 49, 100, whole.length - 8, whole.length - 1].map((length): [string, Uint8Array] => [
      `cut-at-${length}`,
      whole.slice(0, length),
    ]),
    ['junk', Uint8Array.from({ length: 500 }, (_, i) => (i * 37) & 255)],
    ['text', new TextEncoder().encode('timestamp_ns,x\n1,2\n')],
    ['zeros', new Uint8Array(1000)],
    ['magics', Uint8Array.from({ length: 800 }, (_, i) => [0x89, 0x4b, 0x59, 0x4d, 1, 48, 0, 0][i % 8]!)],
    ['junk-before', Buffer.concat([Buffer.from('junk'), whole])],
    ['junk-behind', Buffer.concat([whole, Buffer.from('junk')])],
    [
      'junk-between',
      Buffer.concat([
        frameOf(motionChunk(0, false, FRAMES)),
        Buffer.alloc(9, 0x89),
        frameOf(motionChunk(1, true, FRAMES)),
      ]),
    ],
    [
      'bytes-missing-in-the-first-chunk',
      Buffer.concat([frameOf(motionChunk(0, false, FRAMES)).subarray(0, 200), frameOf(motionChunk(1, true, FRAMES))]),
    ],
  ]
}

/** Frames that say otherwise than their chunk. */
function disagreeingFiles(): [string, Uint8Array][] {
  const payload = encodeChunk(sample())
  const { sessionId, epoch, seq, final, amendment } = sample()
  const own = { sessionId, epoch, seq, final, amendment }
  const others = { sessionId: '0199d3c2-7c1e-7b7e-8f63-0000000000aa', epoch: 1, seq: 1, final: false, amendment: true }
  return Object.entries(others).map(([field, value]) => [
    `frame-other-${field}`,
    framed(payload, { ...own, [field]: value }),
  ])
}

/** Reads and changes a FlatBuffer by tables, slots and offsets. */
class Places {
  readonly view: DataView

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset)
  }

  get root(): number {
    return this.target(0)
  }

  target(at: number): number {
    return at + this.view.getUint32(at, true)
  }

  vtable(table: number): number {
    return table - this.view.getInt32(table, true)
  }

  /** Where a field stands. */
  field(table: number, slot: number): number {
    return table + this.view.getUint16(this.vtable(table) + 4 + 2 * slot, true)
  }

  /** A table in a vector of tables. */
  item(table: number, slot: number, index = 0): number {
    return this.target(this.target(this.field(table, slot)) + 4 + 4 * index)
  }
}

const [JOURNEY, LABELS, STREAMS, METADATA, MARKS] = [3, 4, 5, 7, 11]

function structureFiles(): [string, Uint8Array][] {
  const chunk: Chunk = {
    ...sample(),
    marks: [{ name: 'mark', monotonicNs: 1n, wallNs: 2n, properties: { key: 'text' } }],
  }
  chunk.streams[0]!.gaps = [{ startNs: 0n, endNs: 1n }]
  chunk.streams[0]!.counts.lost = { overflow: 1 }
  chunk.streams[0]!.counts.received += 1
  const changed = (change: (places: Places) => void): Uint8Array => {
    const payload = encodeChunk(chunk)
    change(new Places(payload))
    return framed(payload, { final: true })
  }
  const stream = (places: Places) => places.item(places.root, STREAMS)
  const channel = (places: Places) => places.item(stream(places), 1)
  const mark = (places: Places) => places.item(places.root, MARKS)
  const property = (places: Places) => places.item(mark(places), 2)
  const without = (table: (places: Places) => number, slot: number) => (places: Places) =>
    places.view.setUint16(places.vtable(table(places)) + 4 + 2 * slot, 0, true)
  const root = (places: Places) => places.root
  return Object.entries({
    identifier: ({ view }: Places) => view.setUint8(4, 0),
    'root-offset-zero': ({ view }: Places) => view.setUint32(0, 0, true),
    'root-offset-beyond': ({ view, bytes }: Places) => view.setUint32(0, bytes.length, true),
    'root-offset-huge': ({ view }: Places) => view.setUint32(0, 0xfffffff0, true),
    'root-unaligned': ({ view }: Places) => view.setUint32(0, view.getUint32(0, true) + 1, true),
    'vtable-before-the-buffer': (places: Places) => places.view.setInt32(places.root, 0x7ffffff0, true),
    'vtable-behind-the-buffer': (places: Places) => places.view.setInt32(places.root, -0x7ffffff0, true),
    'vtable-unaligned': (places: Places) =>
      places.view.setInt32(places.root, places.root - places.vtable(places.root) + 1, true),
    'vtable-too-short': (places: Places) => places.view.setUint16(places.vtable(places.root), 2, true),
    'vtable-odd': (places: Places) => places.view.setUint16(places.vtable(places.root), 7, true),
    'vtable-too-long': (places: Places) => places.view.setUint16(places.vtable(places.root), 0xfffe, true),
    'table-too-short': (places: Places) => places.view.setUint16(places.vtable(places.root) + 2, 3, true),
    'table-too-long': (places: Places) => places.view.setUint16(places.vtable(places.root) + 2, 0xfffc, true),
    'field-behind-its-table': (places: Places) =>
      places.view.setUint16(
        places.vtable(places.root) + 4 + 2 * JOURNEY,
        places.view.getUint16(places.vtable(places.root) + 2, true) - 2,
        true,
      ),
    'field-before-its-table': (places: Places) =>
      places.view.setUint16(places.vtable(places.root) + 4 + 2 * JOURNEY, 2, true),
    'field-unaligned': (places: Places) =>
      places.view.setUint16(
        places.vtable(places.root) + 4 + 2,
        places.view.getUint16(places.vtable(places.root) + 6, true) + 1,
        true,
      ),
    'without-session-id': without(root, 0),
    'without-stream-name': without(stream, 0),
    'without-channels': without(stream, 1),
    'without-channel-name': without(channel, 0),
    'without-mark-name': without(mark, 0),
    'without-mark-clock': without(mark, 1),
    'without-property-key': without(property, 0),
    'string-offset-zero': (places: Places) => places.view.setUint32(places.field(places.root, JOURNEY), 0, true),
    'string-offset-negative': (places: Places) => places.view.setInt32(places.field(places.root, JOURNEY), -8, true),
    'string-too-long': (places: Places) =>
      places.view.setUint32(places.target(places.field(places.root, JOURNEY)), 0x7fffffff, true),
    'string-without-zero': (places: Places) => {
      const at = places.target(places.field(places.root, JOURNEY))
      places.view.setUint8(at + 4 + places.view.getUint32(at, true), 0x61)
    },
    'string-not-utf8': (places: Places) =>
      places.view.setUint8(places.target(places.field(places.root, JOURNEY)) + 4, 0xff),
    'string-surrogate': (places: Places) =>
      places.bytes.set([0xed, 0xa0, 0x80], places.target(places.field(places.root, JOURNEY)) + 4),
    'string-overlong': (places: Places) =>
      places.bytes.set([0xc0, 0x80], places.target(places.field(places.root, JOURNEY)) + 4),
    'stream-name-not-utf8': (places: Places) =>
      places.view.setUint8(places.target(places.field(stream(places), 0)) + 4, 0x80),
    'vector-too-long': (places: Places) =>
      places.view.setUint32(places.target(places.field(places.root, LABELS)), 0x10000, true),
    'vector-count-bomb': (places: Places) =>
      places.view.setUint32(places.target(places.field(places.root, STREAMS)), 0x7fffffff, true),
    'vector-offset-behind-the-end': (places: Places) =>
      places.view.setUint32(places.field(places.root, METADATA), places.bytes.length, true),
    'time-vector-too-long': (places: Places) =>
      places.view.setUint32(places.target(places.field(stream(places), 2)), 0xffff, true),
    'column-vector-too-long': (places: Places) =>
      places.view.setUint32(places.target(places.field(channel(places), 1)), 0xffff, true),
    'gaps-unaligned': (places: Places) =>
      places.view.setUint32(
        places.field(stream(places), 16),
        places.view.getUint32(places.field(stream(places), 16), true) + 4,
        true,
      ),
    'channels-that-are-all-one': (places: Places) => {
      const vector = places.target(places.field(stream(places), 1))
      for (let i = 1; i < 3; i++)
        places.view.setUint32(vector + 4 + 4 * i, channel(places) - (vector + 4 + 4 * i), true)
    },
    'stream-in-a-circle': (places: Places) => {
      const field = places.field(places.root, STREAMS)
      places.view.setInt32(places.target(field) + 4, places.root - (places.target(field) + 4), true)
    },
    'loss-of-an-unknown-reason': (places: Places) =>
      places.view.setUint8(places.target(places.field(stream(places), 11)) + 4, 13),
  }).map(([name, change]) => [`structure-${name}`, changed(change)])
}

/** Chunks whose structure is sound and whose meaning is not. */
function meaningFiles(): [string, Uint8Array][] {
  const indices = encodeColumn(Int32Array.from({ length: FRAMES }, (_, i) => i % 3))
  const one = (descriptor: ChannelDescriptor, piece: ColumnPiece) => (stream: StreamPiece) => {
    stream.descriptor.channels = [descriptor]
    stream.columns = [piece]
  }
  const column = (values: Parameters<typeof encodeColumn>[0]) => (stream: StreamPiece) =>
    (stream.columns[0]!.column = encodeColumn(values))
  const changes: Record<string, (stream: StreamPiece, chunk: Chunk) => unknown> = {
    'validity-beyond-the-last-frame': (s) => (s.columns[0]!.validity = Uint8Array.of(255, 15)),
    'validity-too-long': (s) => (s.columns[0]!.validity = Uint8Array.of(255, 7, 0)),
    'validity-too-short': (s) => (s.columns[0]!.validity = Uint8Array.of(255)),
    'validity-with-fewer-present': (s) => (s.columns[0]!.validity = Uint8Array.of(254, 7)),
    'streams-of-one-name': (s, c) => c.streams.push(s),
    'channels-of-one-name': (s) => (s.descriptor.channels[1]!.name = 'x'),
    'stream-named-proto': (s) => (s.descriptor.name = '__proto__'),
    'stream-named-empty': (s) => (s.descriptor.name = ''),
    'stream-named-by-digits': (s) => (s.descriptor.name = '1st'),
    'stream-named-with-a-blank': (s) => (s.descriptor.name = 'a b'),
    'channel-named-by-65': (s) => (s.descriptor.channels[0]!.name = 'x'.repeat(65)),
    'channels-none': (s) => (s.descriptor.channels = []),
    'channels-65': (s) => {
      s.descriptor.channels = Array.from({ length: 65 }, (_, i) => ({ name: `c${i}`, type: 'f64' }))
      s.columns = s.descriptor.channels.map(() => s.columns[0]!)
    },
    'streams-65': (s, c) =>
      (c.streams = Array.from({ length: 65 }, (_, i) => ({ ...s, descriptor: { ...s.descriptor, name: `s${i}` } }))),
    'column-of-another-type': (s) => (s.descriptor.channels[2]!.type = 'f32'),
    'column-of-another-width': column(Int32Array.from({ length: FRAMES }, (_, i) => i)),
    'column-too-short': column(new Float64Array(FRAMES - 1)),
    'column-too-long': column(new Float64Array(FRAMES + 1)),
    'column-missing': (s) => (s.columns[0]!.column = new Uint8Array(0)),
    'times-too-short': (s) => (s.time = encodeColumn(new BigInt64Array(FRAMES - 1))),
    'times-of-doubles': (s) => (s.time = encodeColumn(new Float64Array(FRAMES))),
    'frames-more-than-there-are': (s) => (s.frameCount = FRAMES + 1),
    'rate-nan': (s) => (s.descriptor.rateHz = Number.NaN),
    'rate-infinite': (s) => (s.effectiveRateHz = Number.POSITIVE_INFINITY),
    'rate-negative': (s) => (s.effectiveRateHz = -1),
    'precision-negative': (s) => (s.descriptor.channels[0]!.precision = -1),
    'precision-nan': (s) => (s.descriptor.channels[0]!.precision = Number.NaN),
    'metadata-33': (_, c) => (c.metadata = new Map(Array.from({ length: 33 }, (_, i) => [`${i}`, '']))),
    'labels-33': (_, c) => (c.labels = Array.from({ length: 33 }, (_, i) => `${i}`)),
    'label-empty': (_, c) => (c.labels = ['']),
    'label-of-65': (_, c) => (c.labels = ['x'.repeat(65)]),
    'journey-of-65': (_, c) => (c.journeyId = 'x'.repeat(65)),
    'journey-empty': (_, c) => (c.journeyId = ''),
    'enum-index-beyond': one({ name: 'e', type: 'enum', values: ['a', 'b'] }, { column: indices }),
    'enum-index-negative': one(
      { name: 'e', type: 'enum', values: ['a'] },
      { column: encodeColumn(new Int32Array(FRAMES).fill(-1)) },
    ),
    'enum-without-values': one({ name: 'e', type: 'enum' }, { column: indices }),
    'text-index-beyond': one({ name: 't', type: 'text' }, { column: indices, dictionary: ['a'] }),
    'decoded-too-large': (s) => {
      s.frameCount = 2 ** 20
      s.time = encodeColumn(new BigInt64Array(2 ** 20))
      const constant = encodeColumn(new Float64Array(2 ** 20))
      s.descriptor.channels = Array.from({ length: 8 }, (_, i) => ({ name: `c${i}`, type: 'f64' }))
      s.columns = s.descriptor.channels.map(() => ({ column: constant }))
    },
  }
  const files = Object.entries(changes).map(([name, change]): [string, Uint8Array] => {
    const chunk = sample()
    change(chunk.streams[0]!, chunk)
    return [`meaning-${name}`, frameOf(chunk)]
  })
  const packed = (
    add: (builder: Parameters<Parameters<typeof bareChunk>[0]>[0], vector: number) => void,
    bytes: Uint8Array,
  ) => {
    let vector = 0
    return framed(
      bareChunk(
        (builder) => add(builder, vector),
        18,
        (builder) => (vector = builder.createByteVector(bytes)),
      ),
    )
  }
  return [
    ...files,
    ['meaning-format-2', framed(bareChunk((builder) => fb.Chunk.addFormatVersion(builder, 2)))],
    ['meaning-required-feature', framed(bareChunk((builder) => fb.Chunk.addRequiredFeatures(builder, 1n)))],
    ['meaning-required-feature-63', framed(bareChunk((builder) => fb.Chunk.addRequiredFeatures(builder, 1n << 63n)))],
    ...Object.entries({
      'longer-than-its-bytes': [9, 0x61],
      'without-an-end': [0x80],
      'of-four-bytes': [0x80, 0x80, 0x80, 1],
      'not-in-shortest-form': [0x81, 0, 0x61],
      'not-utf8': [1, 0xff],
      'with-a-surrogate': [3, 0xed, 0xa0, 0x80],
    }).map(([name, bytes]): [string, Uint8Array] => [
      `labels-${name}`,
      packed(fb.Chunk.addLabels, Uint8Array.from(bytes)),
    ]),
    ['metadata-key-without-value', packed(fb.Chunk.addMetadata, packTexts(['a']))],
    ['metadata-key-twice', packed(fb.Chunk.addMetadata, packTexts(['a', '1', 'a', '2']))],
  ]
}

/** Coded columns that break a rule of their own. */
function columnFiles(): [string, Uint8Array][] {
  const hex: Record<string, string> = {
    'empty-head': '08',
    'mode-of-another-type': '1e0101',
    'count-unfinished': '0880',
    'count-not-in-shortest-form': '088b00',
    'flag-of-no-mode': '200b',
    'raw-cut-short': '000b0000',
    'raw-with-more-behind': `000b${'00'.repeat(89)}`,
    'decimal-exponent-18': '080b1200040400',
    'multiple-of-zero': `0c0b${'00'.repeat(8)}000404`,
    'multiple-of-infinity': '0c0b000000000000f07f000404',
    'printed-with-8-digits': '180b0805000400',
    'first-not-in-shortest-form': '080b0180000400',
    'group-with-a-plan-of-unknown-bits': '080b0100c4',
    'group-of-width-33': '080b01000421',
    'group-cut-short': '080b010004',
    'group-constant-with-more-behind': '080b01000000',
    'patches-none': '480b010000',
    'patches-more-than-values': '480b010c',
    'patch-beyond-the-last': `480b01010b${'00'.repeat(8)}0000`,
    'dictionary-of-nothing': '080b01000c00',
    'classes-split-5': '080b01000805',
    'steps-of-one-value': '88010100',
  }
  return Object.entries(hex).map(([name, bytes]) => {
    const chunk = buildChunk([
      {
        name: 's',
        clock: 'relative',
        times: Array.from({ length: FRAMES }, (_, i) => BigInt(i)),
        channels: [{ name: 'x', type: 'f64', cells: new Array(FRAMES).fill(0) }],
      },
    ])
    chunk.streams[0]!.columns[0]!.column = Uint8Array.from(Buffer.from(bytes, 'hex'))
    return [`column-${name}`, frameOf(chunk)]
  })
}

/** Name → bytes of every invalid file. */
export function invalidFiles(): Map<string, Uint8Array> {
  return new Map([...headerFiles(), ...disagreeingFiles(), ...structureFiles(), ...meaningFiles(), ...columnFiles()])
}
