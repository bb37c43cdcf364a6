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
  readonly #types: readonly ChannelType[]
  readonly #integers: number
  readonly #validity: number
  readonly #texts: number
  /** Where the strings begin, which come last. */
  readonly #strings: number
  /** The message being written, used again for each frame; what is the same in all of them stays. */
  #bytes: Uint8Array
  #view: DataView

  constructor(types: readonly ChannelType[]) {
    this.#types = types
    const integerCount = types.filter((type) => type === 'i64').length
    const textCount = types.filter(isText).length
    // 52 + 4 is a multiple of 8, and so is what follows each vector of 8-byte elements
    this.#integers = VALUES + 8 + 8 * types.length
    this.#validity = this.#integers + 8 + 8 * integerCount
    this.#texts = this.#validity + 4 + 4 * Math.ceil(types.length / 32)
    this.#strings = this.#texts + 4 + 4 * textCount
    this.#bytes = new Uint8Array(this.#strings)
    this.#view = new DataView(this.#bytes.buffer)
    const view = this.#view
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

  /** The messages of frames, one after the other; each is valid until the next. */
  *encode({ timestampsNs, channels }: StreamFrames): Generator<Uint8Array> {
    const columns = channels.map(columnOf)
    for (let frame = 0; frame < timestampsNs.length; frame++) {
      this.#view.setBigInt64(TIMESTAMP, timestampsNs[frame]!, true)
      this.#writeNumbers(columns, frame)
      const end = this.#writeTexts(columns, frame)
      yield this.#bytes.subarray(0, end)
    }
  }

  #writeNumbers(columns: readonly MessageColumn[], frame: number): void {
    const view = this.#view
    this.#bytes.fill(0, this.#validity + 4, this.#texts)
    let integerAt = this.#integers + 4
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c]!
      const type = this.#types[c]!
      const hasValue = isPresent(column, frame)
      if (hasValue) this.#bytes[this.#validity + 4 + (c >> 3)]! |= 1 << (c & 7)
      if (hasValue && type !== 'text') writeValue(view, VALUES + 4 + 8 * c, column, frame)
      else view.setFloat64(VALUES + 4 + 8 * c, Number.NaN, true)
      if (type !== 'i64') continue
      view.setBigInt64(integerAt, hasValue ? (column.values[frame] as bigint) : 0n, true)
      integerAt += 8
    }
  }

  /** Writes the strings; returns where the message ends. */
  #writeTexts(columns: readonly MessageColumn[], frame: number): number {
    let offset = this.#texts + 4
    let end = this.#strings
    for (const column of columns) {
      if (!column.texts) continue
      const text = isPresent(column, frame) ? column.texts[Number(column.values[frame])]! : NO_TEXT
      const next = (end + 4 + text.length + 1 + 3) & ~3
      this.#reserve(next)
      this.#view.setUint32(offset, end - offset, true)
      this.#view.setUint32(end, text.length, true)
      this.#bytes.set(text, end + 4)
      this.#bytes.fill(0, end + 4 + text.length, next)
      offset += 4
      end = next
    }
    return end
  }

  #reserve(byteLength: number): void {
    if (byteLength <= this.#bytes.length) return
    const bytes = new Uint8Array(2 * byteLength)
    bytes.set(this.#bytes)
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

/** A channel's frames, ready to be looked at one by one. */
interface MessageColumn {
  values: ColumnArray
  /** The bits of `values`. */
  words: Int32Array
  validity?: Uint8Array
  /** Of `enum` and `text`, in UTF-8. */
  texts?: Uint8Array[]
}

const NO_TEXT = new Uint8Array(0)

function columnOf(channel: ChannelFrames): MessageColumn {
  const { values, validity, texts } = channelPart(channel, '')
  const words = new Int32Array(values.buffer, values.byteOffset, values.byteLength >> 2)
  return { values, words, validity, texts: texts?.map((text) => encoder.encode(text)) }
}

/** A value as 64-bit float. Those of floats keep all their bits, which a NaN would not on its way through a number. */
function writeValue(view: DataView, at: number, { values, words }: MessageColumn, frame: number): void {
  if (values instanceof Float64Array) {
    view.setInt32(at, words[2 * frame]!, true)
    view.setInt32(at + 4, words[2 * frame + 1]!, true)
    return
  }
  const value = Number(values[frame])
  if (Number.isNaN(value)) {
    const single = words[frame]!
    view.setInt32(at, single << 29, true)
    view.setInt32(at + 4, (single & 0x80000000) | 0x7ff00000 | ((single & 0x7fffff) >>> 3), true)
  } else view.setFloat64(at, value, true)
}

function isText(type: ChannelType): boolean {
  return type === 'enum' || type === 'text'
}
