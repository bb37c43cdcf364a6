import { KymographError } from '../errors.js'
import type { ColumnArray } from '../kernels/types.js'
import type { Chunk, StreamDescriptor } from '../wire/model.js'
import type { StreamSelection } from './stream-selection.js'
import { isPresent } from './table.js'

const PCM = 1
const IEEE_FLOAT = 3
/** Most that samples may take: sizes are 32 bits, and the header comes before them. */
const SAMPLES_MAX_BYTES = 0xfff00000
/** What a stream of unknown length says of its own. */
const UNKNOWN_BYTES = 0xffffffff

/** How the values of all channels are written. */
interface SampleType {
  format: typeof PCM | typeof IEEE_FLOAT
  bytes: 4 | 8
}

/**
 * WAV (RIFF) of one stream on a uniform grid: a sample per frame, channels interleaved, as 32-bit or 64-bit floats or
 * 32-bit integers, no value changed; what is known of the session at its start as comment.
 *
 * frameCount: how many there will be, since the file says so at its beginning; undefined: it says that it does not know.
 *
 * @throws KymographError `export-unfit` for texts, absent values, gaps, other types, a rate that is no whole number.
 *
 * Source: Multimedia Programming Interface and Data Specifications 1.0 (RIFF, 1991); RFC 2361.
 */
export async function* wavFormat(
  selection: StreamSelection,
  chunks: AsyncIterable<Chunk>,
  facts: Map<string, string>,
  frameCount: number | undefined,
): AsyncGenerator<Uint8Array> {
  const [descriptor, ...others] = selection.descriptors
  if (!descriptor || others.length > 0) throw new RangeError('WAV takes one stream: say which')
  const sampleType = sampleTypeOf(descriptor)
  const rateHz = rateOf(descriptor)
  const frameBytes = sampleType.bytes * descriptor.channels.length
  const grid = new UniformGrid(rateHz)
  yield headerOf(descriptor, sampleType, rateHz, frameCount, facts)
  let frames = 0
  for await (const chunk of chunks) {
    for (const { frames: own } of selection.framesIn(chunk)) {
      grid.expect(own.timestampsNs)
      for (const channel of own.channels) {
        const absent = own.timestampsNs.findIndex((_, frame) => !isPresent(channel, frame))
        if (absent >= 0) throw unfit(`channel "${channel.descriptor.name}" has no value in frame ${frames + absent}`)
      }
      yield interleaved(
        own.channels.map(({ values }) => values),
        sampleType,
      )
      frames += own.timestampsNs.length
      if (frames * frameBytes > SAMPLES_MAX_BYTES) throw unfit('it takes 4 GiB of samples')
    }
  }
  if (frameCount !== undefined && frames !== frameCount) {
    throw new RangeError(`"frameCount" said ${frameCount}, there are ${frames} frames`)
  }
}

function sampleTypeOf({ channels }: StreamDescriptor): SampleType {
  const types = new Set(channels.map(({ type }) => type))
  const isFloat = [...types].every((type) => type === 'f32' || type === 'f64')
  if (isFloat) return { format: IEEE_FLOAT, bytes: types.has('f64') ? 8 : 4 }
  if (types.size === 1 && types.has('i32')) return { format: PCM, bytes: 4 }
  throw unfit(`samples are floats or 32-bit integers, the channels are ${[...types].join(', ')}`)
}

function rateOf({ name, resampledHz, rateHz = resampledHz }: StreamDescriptor): number {
  const hz = resampledHz ?? rateHz
  if (hz !== undefined && Number.isInteger(hz) && hz <= 0xffffffff) return hz
  const got = hz === undefined ? 'declares none' : `has ${hz} Hz`
  throw unfit(`a rate has to be a whole number of Hz, stream "${name}" ${got}; record it with "resample"`)
}

/** Holds times to the grid: each one period after the one before, give or take half of one. */
class UniformGrid {
  readonly #periodNs: number
  #lastNs: bigint | undefined

  constructor(rateHz: number) {
    this.#periodNs = 1e9 / rateHz
  }

  expect(timestampsNs: BigInt64Array): void {
    for (const timestampNs of timestampsNs) {
      const stepNs = this.#lastNs === undefined ? this.#periodNs : Number(timestampNs - this.#lastNs)
      if (Math.abs(stepNs - this.#periodNs) > this.#periodNs / 2) {
        throw unfit(`after ${this.#lastNs} ns comes ${timestampNs} ns, the period is ${this.#periodNs} ns`)
      }
      this.#lastNs = timestampNs
    }
  }
}

function headerOf(
  { channels }: StreamDescriptor,
  { format, bytes }: SampleType,
  rateHz: number,
  frameCount: number | undefined,
  facts: Map<string, string>,
): Uint8Array {
  const encoder = new TextEncoder()
  const comment = encoder.encode(`${JSON.stringify(Object.fromEntries(facts))}\0`)
  const commentBytes = comment.length + (comment.length & 1)
  const frameBytes = bytes * channels.length
  const header = new Uint8Array(78 + commentBytes)
  const view = new DataView(header.buffer)
  const text = (at: number, name: string) => header.set(encoder.encode(name), at)
  const dataBytes = frameCount === undefined ? UNKNOWN_BYTES : frameCount * frameBytes
  text(0, 'RIFF')
  view.setUint32(4, frameCount === undefined ? UNKNOWN_BYTES : header.length - 8 + dataBytes, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 18, true)
  view.setUint16(20, format, true)
  view.setUint16(22, channels.length, true)
  view.setUint32(24, rateHz, true)
  view.setUint32(28, rateHz * frameBytes, true)
  view.setUint16(32, frameBytes, true)
  view.setUint16(34, 8 * bytes, true)
  text(38, 'fact')
  view.setUint32(42, 4, true)
  view.setUint32(46, frameCount ?? UNKNOWN_BYTES, true)
  text(50, 'LIST')
  view.setUint32(54, 12 + commentBytes, true)
  text(58, 'INFOICMT')
  view.setUint32(66, comment.length, true)
  header.set(comment, 70)
  text(70 + commentBytes, 'data')
  view.setUint32(74 + commentBytes, dataBytes, true)
  return header
}

/** Samples of all channels, frame by frame, moved as bit patterns where they keep their width. */
function interleaved(columns: readonly ColumnArray[], { bytes }: SampleType): Uint8Array {
  const count = columns[0]!.length
  const words = bytes / 4
  const samples = new Int32Array(count * columns.length * words)
  for (const [c, values] of columns.entries()) {
    const source = values.BYTES_PER_ELEMENT === bytes ? values : Float64Array.from(values as Float32Array)
    const bits = new Int32Array(source.buffer, source.byteOffset, count * words)
    for (let frame = 0, at = 0; frame < count; frame++) {
      const place = (frame * columns.length + c) * words
      for (let word = 0; word < words; word++) samples[place + word] = bits[at++]!
    }
  }
  return new Uint8Array(samples.buffer)
}

function unfit(what: string): KymographError {
  return new KymographError('export-unfit', `this does not go into a WAV file: ${what}`)
}
