import type { ColumnArray } from '../kernels/types.js'
import type { ChannelFrames, StreamFrames } from '../read/index.js'
import type { ChannelType } from '../wire/model.js'
import { channelPart } from './layout.js'
import { isPresent } from './table.js'

const encoder = new TextEncoder()

/**
 * Where everything stands in a message (frame.fbs; https://flatbuffers.dev/internals):
 *
 *      0  u32  where the table is: 20
 *      4  u16  vtable: its length 14, the table's 28, the places of the five fields in it
 *     20  i32  table: 16, back to the vtable
 *     24  i64  timestamp_ns
 *     32  u32  values, integers, texts, validity: each the distance to its vector
 *     52       vectors, each its length (u32) and its elements: values, integers, validity, texts, then the strings
 */
const VTABLE = 4
const TABLE = 20
const TIMESTAMP = 24
const FIELDS = { values: 32, integers: 36, texts: 40, validity: 44 }
const VALUES = 52

/** Writes the frames of one stream as FlatBuffers of kymograph.Frame. */
export class FrameMessage {
  /** What is the same in all messages, up to the strings. */
  readonly #template: Uint8Array
  readonly #types: readonly ChannelType[]
  readonly #integers: number
  readonly #validity: number
  readonly #texts: number

  constructor(types: readonly ChannelType[]) {
    this.#types = types
    const integerCount = types.filter((type) => type === 'i64').length
    const textCount = types.filter(isText).length
    // 52 + 4 is a multiple of 8, and so is what follows each vector of 8-byte elements
    this.#integers = VALUES + 8 + 8 * types.length
    this.#validity = this.#integers + 8 + 8 * integerCount
    this.#texts = this.#validity + 4 + 4 * Math.ceil(types.length / 32)
    this.#template = new Uint8Array(this.#texts + 4 + 4 * textCount)
    const view = new DataView(this.#template.buffer)
    view.setUint32(0, TABLE, true)
    const places = [TIMESTAMP, FIELDS.values, FIELDS.integers, FIELDS.texts, FIELDS.validity].map((at) => at - TABLE)
    for (const [i, number] of [14, 28, ...places].entries()) view.setUint16(VTABLE + 2 * i, number, true)
    view.setInt32(TABLE, TABLE - VTABLE, true)
    const addVector = (field: number, at: number, length: number) => {
      view.setUint32(field, at - field, true)
      view.setUint32(at, length, true)
    }
    addVector(FIELDS.values, VALUES, types.length)
    addVector(FIELDS.integers, this.#integers, integerCount)
    addVector(FIELDS.validity, this.#validity, (types.length + 7) >> 3)
    addVector(FIELDS.texts, this.#texts, textCount)
  }

  /** The message of a frame; fresh. */
  encode({ timestampsNs, channels }: StreamFrames, frame: number): Uint8Array {
    const texts = channels.filter(({ descriptor }) => isText(descriptor.type)).map((channel) => textOf(channel, frame))
    const bytes = new Uint8Array(texts.reduce(stringEnd, this.#template.length))
    bytes.set(this.#template)
    const view = new DataView(bytes.buffer)
    view.setBigInt64(TIMESTAMP, timestampsNs[frame]!, true)
    let integerAt = this.#integers + 4
    for (let c = 0; c < channels.length; c++) {
      const { values, validity } = channels[c]!
      const hasValue = isPresent({ validity }, frame)
      if (hasValue) bytes[this.#validity + 4 + (c >> 3)]! |= 1 << (c & 7)
      const type = this.#types[c]!
      if (hasValue && type !== 'text') writeValue(view, VALUES + 4 + 8 * c, values, frame)
      else view.setFloat64(VALUES + 4 + 8 * c, Number.NaN, true)
      if (type !== 'i64') continue
      if (hasValue) view.setBigInt64(integerAt, values[frame] as bigint, true)
      integerAt += 8
    }
    let end = this.#template.length
    for (const [i, text] of texts.entries()) {
      const offset = this.#texts + 4 + 4 * i
      view.setUint32(offset, end - offset, true)
      view.setUint32(end, text.length, true)
      bytes.set(text, end + 4)
      end = stringEnd(end, text)
    }
    return bytes
  }
}

/** A value as 64-bit float. Those of floats keep all their bits, which a NaN would not on its way through a number. */
function writeValue(view: DataView, at: number, values: ColumnArray, frame: number): void {
  const value = Number(values[frame])
  const bits = new DataView(values.buffer, values.byteOffset, values.byteLength)
  if (values instanceof Float64Array) view.setBigUint64(at, bits.getBigUint64(8 * frame, true), true)
  else if (values instanceof Float32Array && Number.isNaN(value)) {
    const single = bits.getUint32(4 * frame, true)
    view.setUint32(at, single << 29, true)
    view.setUint32(at + 4, (single & 0x80000000) | 0x7ff00000 | ((single & 0x7fffff) >>> 3), true)
  } else view.setFloat64(at, value, true)
}

function isText(type: ChannelType): boolean {
  return type === 'enum' || type === 'text'
}

/** Nothing where absent. */
function textOf(channel: ChannelFrames, frame: number): Uint8Array {
  const { texts, values, validity } = channelPart(channel, '')
  return isPresent({ validity }, frame) ? encoder.encode(texts?.[Number(values[frame])]) : new Uint8Array(0)
}

/** Where the next string begins: behind length, text and zero, 4-aligned. */
function stringEnd(start: number, text: Uint8Array): number {
  return (start + 4 + text.length + 1 + 3) & ~3
}
