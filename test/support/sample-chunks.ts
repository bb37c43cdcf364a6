import fc from 'fast-check'
import { encodeColumn } from '../../src/kernels/reference/column.js'
import { encodeChunk, encodeFrame } from '../../src/wire/index.js'
import {
  type ChannelDescriptor,
  type ChannelType,
  type Chunk,
  type ColumnPiece,
  LOSS_REASONS,
  type LossCounts,
  type Mark,
  type StreamPiece,
} from '../../src/wire/model.js'

export const SESSION_ID = '0199d3c2-7c1e-7b7e-8f63-1b2c3d4e5f60'

/** A chunk in its frame. */
export function frameOf(chunk: Chunk): Uint8Array {
  return encodeFrame(chunk, encodeChunk(chunk))
}

/** A chunk with one 3-axis stream, as a phone would give. */
export function motionChunk(seq: number, final = false, frameCount = 200): Chunk {
  const time = encodeColumn(
    BigInt64Array.from({ length: frameCount }, (_, i) => BigInt(seq * frameCount + i) * 10_000_000n),
  )
  const columns = [0, 1, 2].map((c) => ({
    column: encodeColumn(
      Float64Array.from({ length: frameCount }, (_, i) => Math.round(Math.sin(i / 9 + c) * 50) / 10),
    ),
  }))
  const produced = (seq + 1) * frameCount
  return {
    sessionId: SESSION_ID,
    epoch: 0,
    seq,
    final,
    amendment: false,
    journeyId: 'checkout-7f3a',
    labels: ['login'],
    labelsRevision: 0,
    metadata: new Map([
      ['app', 'shop'],
      ['build', '412'],
    ]),
    startedAtNs: 1_763_800_000_000_000_000n,
    endedAtNs: 1_763_800_002_000_000_000n,
    clocks: [{ monotonicNs: 2_001_000_000n, wallNs: 1_763_800_002_000_000_000n }],
    streams: [
      {
        descriptor: {
          name: 'imu',
          clock: 'monotonic',
          channels: ['x', 'y', 'z'].map((name) => ({ name, type: 'f64' as const, unit: 'm/s2' })),
        },
        firstFrame: seq * frameCount,
        frameCount,
        time,
        columns,
        counts: {
          received: produced,
          ingested: produced,
          produced,
          lost: {},
          invalidValues: 0,
          repeatedTimestamps: 0,
          backwardTimestamps: 0,
          gaps: 0,
          bytes: 1000,
        },
        gaps: [],
        effectiveRateHz: 100,
      },
    ],
    marks: [],
  }
}

const text = (maxLength: number, minLength = 0) => fc.string({ unit: 'grapheme-composite', minLength, maxLength })
const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,20}$/)
const instant = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
const count = fc.nat(1_000_000)

function channelArbitrary(frameCount: number): fc.Arbitrary<{ descriptor: ChannelDescriptor; piece: ColumnPiece }> {
  const validity = fc.option(fc.array(fc.boolean(), { minLength: frameCount, maxLength: frameCount }), {
    nil: undefined,
  })
  const type = fc.constantFrom<ChannelType>('f64', 'f32', 'i32', 'i64', 'enum', 'text')
  return fc
    .record({ name, type, validity, unit: fc.option(text(8, 1), { nil: undefined }), seed: fc.nat() })
    .map((given) => {
      const present = given.validity?.filter((flag) => flag).length ?? frameCount
      const descriptor: ChannelDescriptor = { name: given.name, type: given.type }
      if (given.unit !== undefined) descriptor.unit = given.unit
      if (given.type === 'enum') descriptor.values = ['up', 'down', '__proto__']
      const numbers = Array.from(
        { length: present },
        (_, i) =>
          (Math.imul(given.seed + i, 2654435761) >>> 0) % (given.type === 'enum' ? 3 : given.type === 'text' ? 2 : 1e9),
      )
      const values =
        given.type === 'f64'
          ? Float64Array.from(numbers)
          : given.type === 'f32'
            ? Float32Array.from(numbers)
            : given.type === 'i64'
              ? BigInt64Array.from(numbers, BigInt)
              : Int32Array.from(numbers)
      const piece: ColumnPiece = { column: frameCount === 0 ? new Uint8Array(0) : encodeColumn(values) }
      if (given.validity && frameCount > 0) {
        piece.validity = new Uint8Array((frameCount + 7) >> 3)
        given.validity.forEach((flag, i) => {
          if (flag) piece.validity![i >> 3]! |= 1 << (i & 7)
        })
      }
      if (given.type === 'text') piece.dictionary = ['', 'grüße']
      return { descriptor, piece }
    })
}

const losses: fc.Arbitrary<LossCounts> = fc.dictionary(
  fc.constantFrom(...LOSS_REASONS),
  fc.integer({ min: 1, max: 1000 }),
  {
    maxKeys: 4,
    noNullPrototype: true,
  },
)

const stream: fc.Arbitrary<StreamPiece> = fc.integer({ min: 0, max: 20 }).chain((frameCount) =>
  fc
    .record({
      name,
      clock: fc.constantFrom('monotonic' as const, 'unix' as const, 'relative' as const),
      channels: fc.uniqueArray(channelArbitrary(frameCount), {
        minLength: 1,
        maxLength: 5,
        selector: (c) => c.descriptor.name,
      }),
      times: fc.array(instant, { minLength: frameCount, maxLength: frameCount }),
      firstFrame: count,
      ingested: count,
      lost: losses,
      invalidValues: count,
      gaps: fc.array(fc.record({ startNs: instant, endNs: instant }), { maxLength: 3 }),
      rate: fc.constantFrom(0, 99.97, 1e6),
    })
    .map((given): StreamPiece => {
      const lost = Object.values(given.lost).reduce((a, b) => a + b, 0)
      return {
        descriptor: { name: given.name, clock: given.clock, channels: given.channels.map((c) => c.descriptor) },
        firstFrame: given.firstFrame,
        frameCount,
        time: frameCount === 0 ? new Uint8Array(0) : encodeColumn(BigInt64Array.from(given.times)),
        columns: given.channels.map((c) => c.piece),
        counts: {
          received: given.ingested + lost,
          ingested: given.ingested,
          produced: given.firstFrame + frameCount,
          lost: given.lost,
          invalidValues: given.invalidValues,
          repeatedTimestamps: 1,
          backwardTimestamps: 0,
          gaps: given.gaps.length,
          bytes: 7,
        },
        gaps: given.gaps,
        effectiveRateHz: given.rate,
      }
    }),
)

const mark: fc.Arbitrary<Mark> = fc.record({
  name: text(20, 1),
  monotonicNs: instant,
  wallNs: instant,
  properties: fc
    .uniqueArray(
      fc.tuple(fc.constantFrom('a', '__proto__', 'constructor', 'ü'), fc.oneof(text(20), fc.double(), fc.boolean())),
      {
        selector: ([key]) => key,
      },
    )
    .map((entries) => Object.fromEntries(entries)),
})

/** Any chunk the format can carry. */
export const chunkArbitrary: fc.Arbitrary<Chunk> = fc
  .record({
    epoch: fc.nat(0xffffffff),
    seq: fc.nat(0xffffffff),
    final: fc.boolean(),
    amendment: fc.boolean(),
    journeyId: fc.option(text(20, 1), { nil: undefined }),
    labels: fc.uniqueArray(text(20, 1), { maxLength: 5 }),
    labelsRevision: fc.nat(9),
    metadata: fc.uniqueArray(fc.tuple(fc.oneof(text(20, 1), fc.constant('__proto__')), text(30)), {
      maxLength: 4,
      selector: ([key]) => key,
    }),
    startedAtNs: instant,
    endedAtNs: instant,
    clocks: fc.array(fc.record({ monotonicNs: instant, wallNs: instant }), { maxLength: 3 }),
    streams: fc.uniqueArray(stream, { maxLength: 3, selector: (piece) => piece.descriptor.name }),
    marks: fc.array(mark, { maxLength: 3 }),
  })
  .map(({ journeyId, metadata, ...rest }) => ({
    sessionId: SESSION_ID,
    ...rest,
    ...(journeyId === undefined ? {} : { journeyId }),
    metadata: new Map(metadata),
  }))
