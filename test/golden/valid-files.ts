import { readFileSync } from 'node:fs'
import { Builder } from 'flatbuffers'
import { crc32c } from '../../src/kernels/reference/crc32c.js'
import * as fb from '../../src/wire/generated/kymograph/wire.js'
import { encodeFrame } from '../../src/wire/index.js'
import { type ChannelType, type Chunk, LOSS_REASONS, type StreamPiece } from '../../src/wire/model.js'
import { parseSessionId } from '../../src/wire/session-id.js'
import { buildChunk, type Cell, type StreamSpec } from '../support/chunk-builder.js'
import { frameOf, motionChunk, SESSION_ID } from '../support/sample-chunks.js'

const OTHER_ID = '0199d3c2-7c1e-7b7e-8f63-0000000000aa'
const START_NS = 1_763_800_000_123_456_789n

const instants = (count: number, stepNs = 10_000_000n) =>
  Array.from({ length: count }, (_, i) => START_NS + BigInt(i) * stepNs)

/** A stream of one channel. */
function single(type: ChannelType, cells: StreamSpec['channels'][number]['cells'], rest: object = {}): StreamSpec {
  return { name: 's', clock: 'unix', times: instants(cells.length), channels: [{ name: 'x', type, cells, ...rest }] }
}

const EXAMPLES: Record<ChannelType, (i: number) => Cell> = {
  f64: (i) => Math.sin(i) * 10 ** (i % 5),
  f32: (i) => Math.fround(Math.cos(i / 3)),
  i32: (i) => ((i * 2654435761) | 0) >> (i % 20),
  i64: (i) => BigInt(i ** 3) * (i % 2 ? -1_000_000_007n : 3n),
  enum: (i) => ['up', 'down', 'grün'][(i * i) % 3]!,
  text: (i) => ['', 'a', 'größer', '😀'.repeat(i % 4), `n${i >> 2}`][i % 5]!,
}
const TYPES = Object.keys(EXAMPLES) as ChannelType[]

const SPECIALS: [string, StreamSpec][] = [
  [
    'f64',
    single(
      'f64',
      Float64Array.of(
        0,
        -0,
        1,
        Number.NaN,
        Infinity,
        -Infinity,
        5e-324,
        -5e-324,
        Number.MAX_VALUE,
        Number.MIN_VALUE,
        1e21,
        1e-7,
        0.1,
        2 ** 53 + 2,
        1 / 3,
      ),
    ),
  ],
  [
    'f64-nan-payloads',
    single(
      'f64',
      new Float64Array(
        BigUint64Array.of(
          0x7ff0000000000001n,
          0x7ff8000000000000n,
          0xfff8000000000000n,
          0xffffffffffffffffn,
          0x7ff4dead0000beefn,
        ).buffer,
      ),
    ),
  ],
  [
    'f32',
    single(
      'f32',
      Float32Array.of(
        0,
        -0,
        1,
        Number.NaN,
        Infinity,
        -Infinity,
        1e-45,
        3.4028234663852886e38,
        0.1,
        16777216,
        1e-7,
        8388608.5,
      ),
    ),
  ],
  [
    'f32-nan-payloads',
    single('f32', new Float32Array(Uint32Array.of(0x7f800001, 0x7fc00000, 0xffc00000, 0xffffffff, 0x7fa0beef).buffer)),
  ],
  ['i32', single('i32', [0, -1, 1, 2 ** 31 - 1, -(2 ** 31), 65536, -65537])],
  ['i64', single('i64', [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 9007199254740993n, -9007199254740993n])],
  [
    'text',
    single('text', [
      '',
      '\0',
      '\ufeffBOM',
      'e\u0301',
      'é',
      '\u202eRTL',
      '__proto__',
      'constructor',
      '<script>',
      '"a",b\r\n',
      ' blank ',
      '\u{10ffff}',
      'x'.repeat(4096),
    ]),
  ],
  [
    'enum-256',
    single(
      'enum',
      Array.from({ length: 300 }, (_, i) => `v${(i * 7) % 256}`),
      { values: Array.from({ length: 256 }, (_, i) => `v${i}`) },
    ),
  ],
]

const TIMES: [string, readonly bigint[], StreamSpec['clock']][] = [
  ['monotonic', [0n, 1n, 1_000_000n, 16_666_667n], 'monotonic'],
  ['unix', instants(5), 'unix'],
  ['relative', [0n, 2_000_000n, 4_000_000n], 'relative'],
  ['before-1970', [-(10n ** 18n), -1n, 0n], 'unix'],
  ['extremes', [-(2n ** 63n), 2n ** 63n - 1n, 0n], 'relative'],
  ['repeated-and-backward', [5n, 5n, 5n, 4n, 9n, 8n, 8n], 'monotonic'],
  ['jittered', Array.from({ length: 500 }, (_, i) => BigInt(i * 10_000_000 + ((i * 7919) % 1_000_003))), 'monotonic'],
]

/** All kinds of coded columns, as they stand in columns-v1.json: a file per array type and mode. */
function columnFiles(): [string, Uint8Array][] {
  const goldens: { kind: string; type: string; coded: string; values: string }[] = JSON.parse(
    readFileSync('test/golden/columns-v1.json', 'utf8'),
  )
  const types: Record<string, ChannelType> = {
    Float64Array: 'f64',
    Float32Array: 'f32',
    Int32Array: 'i32',
    BigInt64Array: 'i64',
  }
  const groups = new Map<string, { type: ChannelType; coded: Uint8Array; count: number }[]>()
  for (const { kind, type, coded, values } of goldens) {
    const [own, mode] = kind.split(' ')
    const name = `column-${own}-${mode!.toLowerCase().replaceAll('_', '-')}`
    const width = types[type]!.endsWith('64') ? 8 : 4
    const count = values.length / 2 / width
    if (count === 0) continue
    const group = groups.get(name) ?? []
    groups.set(name, group)
    // the kinds differ in their groups: a score of them stands for all
    if (group.length < 20) group.push({ type: types[type]!, coded: Uint8Array.from(Buffer.from(coded, 'hex')), count })
  }
  return [...groups].map(([name, columns]) => {
    const chunk = buildChunk(
      columns.map(({ type, count }, i) => ({
        name: `c${i}`,
        clock: 'relative',
        times: Array.from({ length: count }, (_, k) => BigInt(k)),
        channels: [{ name: 'x', type, cells: type === 'i64' ? new BigInt64Array(count) : new Array(count).fill(0) }],
      })),
    )
    columns.forEach(({ coded }, i) => {
      chunk.streams[i]!.columns[0]!.column = coded
    })
    return [name, frameOf(chunk)]
  })
}

const counted = (changes: (piece: StreamPiece) => Partial<StreamPiece>, rest: Partial<Chunk> = {}): Chunk => {
  const chunk = buildChunk([single('f64', [1.5, 2.5, -3.25])], rest)
  const [piece] = chunk.streams
  return { ...chunk, streams: [{ ...piece!, ...changes(piece!) }] }
}

const marks = (properties: Chunk['marks'][number]['properties'][]): Chunk['marks'] =>
  properties.map((own, i) => ({
    name: `mark ${i} 😀`,
    monotonicNs: BigInt(i),
    wallNs: START_NS + BigInt(i),
    properties: own,
  }))

/** Chunks of one kind each. */
function chunkFiles(): [string, Chunk[]][] {
  const plain = single('f64', [1, 2, 3])
  return [
    ...TYPES.flatMap((type): [string, Chunk[]][] => {
      const cells = Array.from({ length: 40 }, (_, i) => EXAMPLES[type](i))
      const rest = type === 'enum' ? { values: ['up', 'down', 'grün'] } : {}
      const absent = (every: number) => cells.map((cell, i) => (i % every === 0 ? undefined : cell))
      return [
        [`type-${type}`, [buildChunk([single(type, cells, rest)])]],
        [`type-${type}-some-absent`, [buildChunk([single(type, absent(3), rest)])]],
        [`type-${type}-all-absent`, [buildChunk([single(type, absent(1), rest)])]],
      ]
    }),
    ...SPECIALS.map(([name, spec]): [string, Chunk[]] => [`special-${name}`, [buildChunk([spec])]]),
    ...TIMES.map(([name, times, clock]): [string, Chunk[]] => [
      `time-${name}`,
      [
        buildChunk([
          { name: 's', clock, times, channels: [{ name: 'x', type: 'i32', cells: times.map((_, i) => i) }] },
        ]),
      ],
    ]),
    ['frames-one', [buildChunk([single('f64', [42])])]],
    ['frames-none', [buildChunk([single('f64', [])])]],
    [
      'frames-1025',
      [
        buildChunk([
          single(
            'i32',
            Array.from({ length: 1025 }, (_, i) => (i * i) % 977),
          ),
        ]),
      ],
    ],
    ['streams-none', [buildChunk([])]],
    ['streams-64', [buildChunk(Array.from({ length: 64 }, (_, i) => ({ ...plain, name: `s.${i}-x_` })))]],
    [
      'channels-64',
      [
        buildChunk([
          {
            ...plain,
            channels: Array.from({ length: 64 }, (_, i) => ({
              name: `c${i}`,
              type: TYPES[i % 4]!,
              cells: i % 4 === 3 ? [1n, 2n, undefined] : [i, undefined, 7],
            })),
          },
        ]),
      ],
    ],
    ['empty-and-full-streams', [buildChunk([{ ...single('text', []), name: 'empty' }, plain])]],
    [
      'loss-every-reason',
      [
        counted(({ counts }) => ({
          counts: {
            ...counts,
            received: 3 + 91,
            lost: Object.fromEntries(LOSS_REASONS.map((reason, i) => [reason, i + 1])),
          },
        })),
      ],
    ],
    [
      'loss-large',
      [counted(({ counts }) => ({ counts: { ...counts, received: 2 ** 53 - 1, lost: { overflow: 2 ** 53 - 4 } } }))],
    ],
    ['pending', [counted(({ counts }) => ({ counts: { ...counts, received: 10 } }), { final: false })]],
    [
      'counts',
      [
        counted(({ counts }) => ({
          counts: { ...counts, invalidValues: 5, repeatedTimestamps: 2, backwardTimestamps: 1, gaps: 3, bytes: 12345 },
          gaps: [
            { startNs: -5n, endNs: 7n },
            { startNs: START_NS, endNs: START_NS + 9n },
          ],
        })),
      ],
    ],
    ['rates', [counted((piece) => ({ effectiveRateHz: 99.97, descriptor: { ...piece.descriptor, rateHz: 100 } }))]],
    [
      'marks',
      [
        buildChunk([plain], {
          marks: marks([
            {},
            { text: '', other: 'grüße' },
            { zero: -0, nan: Number.NaN, big: 1e300 },
            { yes: true, no: false },
          ]),
        }),
      ],
    ],
    ['marks-many', [buildChunk([], { marks: marks(Array.from({ length: 100 }, (_, i) => ({ i }))) })]],
    [
      'mark-properties-named-oddly',
      [
        buildChunk([], {
          marks: marks([Object.fromEntries(['__proto__', 'constructor', '', '\0'].map((key) => [key, key]))]),
        }),
      ],
    ],
    ['labels-unicode', [buildChunk([plain], { labels: ['grüße', '😀', 'e\u0301', '\ufeffBOM', '__proto__', 'a\0b'] })]],
    ['labels-32', [buildChunk([plain], { labels: Array.from({ length: 32 }, (_, i) => `${i}`.padEnd(64, 'x')) })]],
    ['journey', [buildChunk([plain], { journeyId: '🛒'.repeat(32) })]],
    [
      'metadata-32',
      [
        buildChunk([plain], {
          metadata: new Map(
            Array.from({ length: 32 }, (_, i) => [i === 0 ? '__proto__' : `key ${i}`, i % 2 ? '' : 'wert ü']),
          ),
        }),
      ],
    ],
    [
      'amendment',
      [
        buildChunk([plain], { labels: ['a'] }),
        buildChunk([], { seq: 1, final: false, amendment: true, labels: ['b', 'c'], labelsRevision: 1 }),
        buildChunk([], { seq: 2, final: false, amendment: true, labels: [], labelsRevision: 2 }),
      ],
    ],
    ...(['linear', 'cubic', 'hold'] as const).map((resampleMethod): [string, Chunk[]] => [
      `resampled-${resampleMethod}`,
      [
        buildChunk([
          {
            ...plain,
            resampledHz: 50,
            resampleMethod,
            changes: { counts: { ...counted(() => ({})).streams[0]!.counts, received: 9, ingested: 9 } },
          },
        ]),
      ],
    ]),
    ...(['fast', 'standard', 'best'] as const).map((resampleQuality): [string, Chunk[]] => [
      `resampled-sinc-${resampleQuality}`,
      [buildChunk([{ ...plain, resampledHz: 33.333, resampleMethod: 'sinc', resampleQuality }])],
    ]),
    ['kept-raw', [buildChunk([plain, { ...plain, name: 's.resampled', resampledHz: 100, resampleMethod: 'hold' }])]],
    ['three-chunks', [motionChunk(0, false, 30), motionChunk(1, false, 30), motionChunk(2, true, 30)]],
    ['two-epochs', [motionChunk(0, false, 30), { ...motionChunk(1, true, 30), epoch: 1 }]],
    ['recovered', [motionChunk(0, false, 30), buildChunk([], { seq: 1, epoch: 1, tailNs: 2_000_000_000n })]],
    ['two-sessions', [motionChunk(0, true, 30), { ...motionChunk(0, true, 5), sessionId: OTHER_ID }]],
    ['clocks-none', [buildChunk([plain], { clocks: [] })]],
    [
      'clocks-several',
      [
        buildChunk([plain], {
          clocks: [0n, 5n, 7n].map((monotonicNs) => ({ monotonicNs, wallNs: START_NS + monotonicNs * 3n })),
        }),
      ],
    ],
    [
      'clocks-extreme',
      [
        buildChunk([plain], {
          startedAtNs: -(2n ** 63n),
          endedAtNs: 2n ** 63n - 1n,
          clocks: [{ monotonicNs: -1n, wallNs: -(2n ** 62n) }],
        }),
      ],
    ],
    [
      'units-shared',
      [
        buildChunk([
          { ...plain, channels: ['x', 'y'].map((name) => ({ name, type: 'f64', unit: 'm/s2', cells: [1, 2, 3] })) },
        ]),
      ],
    ],
    [
      'units-own',
      [
        buildChunk([
          {
            ...plain,
            channels: [
              { name: 'x', type: 'f64', unit: 'Cel', cells: [1, 2, 3] },
              { name: 'y', type: 'f32', unit: '°', cells: [1, 2, 3] },
              { name: 'z', type: 'i32', cells: [1, 2, 3] },
            ],
          },
        ]),
      ],
    ],
    [
      'kinds-and-precision',
      [
        buildChunk([
          {
            ...plain,
            channels: [
              {
                name: 'yaw',
                type: 'f64',
                unit: 'deg',
                kind: 'angle',
                precision: 0.5,
                originalName: 'Yaw (°)',
                cells: [1, 2, 3],
              },
              ...['w', 'x', 'y', 'z'].map((name) => ({
                name,
                type: 'f32' as const,
                kind: 'quaternion' as const,
                cells: [0, 0, 1],
              })),
            ],
          },
        ]),
      ],
    ],
    ['largest-numbers', [buildChunk([], { epoch: 2 ** 32 - 1, seq: 2 ** 32 - 1, labelsRevision: 2 ** 32 - 1 })]],
  ]
}

/** Bytes a writer of ours would not make, and which a reader has to take all the same. */
function foreignFiles(): [string, Uint8Array][] {
  const flagged = frameOf(motionChunk(0, true, 10))
  const view = new DataView(flagged.buffer)
  view.setUint16(6, 0xfc | 1, true)
  view.setUint32(44, crc32c(flagged.subarray(0, 44)), true)
  return [
    ['frame-unknown-hints', flagged],
    ['chunk-fields-to-come', framed(bareChunk((builder) => builder.addFieldInt64(17, 0n, 1n), 24))],
    ['chunk-nothing-but-its-id', framed(bareChunk(() => {}))],
    [
      'chunk-defaults-written-out',
      framed(
        bareChunk((builder) => {
          builder.forceDefaults(true)
          fb.Chunk.addSeq(builder, 0)
          fb.Chunk.addFormatVersion(builder, 1)
          fb.Chunk.addRequiredFeatures(builder, 0n)
          fb.Chunk.addFinal(builder, false)
        }),
      ),
    ],
  ]
}

/** A chunk of a session id and what `add` gives it, in a table of `fields` fields. */
export function bareChunk(
  add: (builder: Builder) => void,
  fields = 18,
  prepare: (builder: Builder) => void = () => {},
): Uint8Array {
  const builder = new Builder()
  prepare(builder)
  builder.startObject(fields)
  fb.Chunk.addSessionId(builder, fb.SessionId.createSessionId(builder, [...parseSessionId(SESSION_ID)]))
  add(builder)
  // a field of a later version
  if (fields > 18) builder.addFieldInt32(fields - 1, 7, 0)
  builder.finish(builder.endObject(), 'KYMO')
  return builder.asUint8Array().slice()
}

export function framed(payload: Uint8Array, header: object = {}): Uint8Array {
  return encodeFrame({ sessionId: SESSION_ID, epoch: 0, seq: 0, final: false, amendment: false, ...header }, payload)
}

/** Name → bytes of every valid file. */
export function validFiles(): Map<string, Uint8Array> {
  return new Map([
    ...chunkFiles().map(([name, chunks]): [string, Uint8Array] => [name, Buffer.concat(chunks.map(frameOf))]),
    ...columnFiles(),
    ...foreignFiles(),
  ])
}
