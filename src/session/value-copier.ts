import { describe } from '../worker/checks/text.js'
import type { FrameMemory } from '../worker/frame-memory.js'
import type { ChannelDescriptor } from '../worker/protocol.js'
import type { Value } from './value-writer.js'

/** Values of many frames, interleaved; a plain array can hold what a typed one cannot: text, absent values, a mix. */
export type Values = Float64Array | Float32Array | Int32Array | BigInt64Array | readonly Value[]

type TypedValues = Exclude<Values, readonly Value[]>

/**
 * Whether `values` is an array of the one type all channels have, if they have one: then whole bit patterns can be copied.
 *
 * @throws TypeError when it is no array that values can be taken from.
 */
export function hasType(values: Values, type: ChannelDescriptor['type'] | undefined): values is TypedValues {
  if (values instanceof Float64Array) return type === 'f64'
  if (values instanceof Float32Array) return type === 'f32'
  if (values instanceof Int32Array) return type === 'i32'
  if (values instanceof BigInt64Array) return type === 'i64'
  if (Array.isArray(values)) return false
  throw new TypeError(`"values" expected a typed array or an array, got ${describe(values)}`)
}

/** Copies frames `from` … `from + frames` of interleaved values into memory from frame `at` on, bit for bit; none is absent. */
export function copyBits(values: TypedValues, from: number, frames: number, memory: FrameMemory, at: number): void {
  if (!(values instanceof Float64Array && copyNumbers(values, from, frames, memory, at))) {
    copyHalves(values, from, frames, memory, at)
  }
  memory.masks.fill(0, 2 * at, 2 * (at + frames))
}

/**
 * Copies frames as {@link copyBits} does where channels have types of their own, column by column; none is absent. False
 * where a number does not fit its channel, or is a NaN: then each value has to be looked at.
 */
export function copyConverted(
  source: Float64Array,
  from: number,
  frames: number,
  memory: FrameMemory,
  at: number,
  channels: readonly ChannelDescriptor[],
): boolean {
  const width = channels.length
  const end = (from + frames) * width
  const { values, valueFloats, valueHalves } = memory
  for (let c = 0; c < width; c++) {
    const { type, values: labels } = channels[c]!
    let i = from * width + c
    let slot = c * memory.stride + at
    if (type === 'f64') {
      for (; i < end; i += width) {
        const value = source[i]!
        if (Number.isNaN(value)) return false
        values[slot++] = value
      }
    } else if (type === 'f32') {
      for (; i < end; i += width, slot++) {
        const value = source[i]!
        valueFloats[2 * slot] = value
        // too large for it, or a NaN
        if (!(Math.abs(valueFloats[2 * slot]!) < Infinity || Math.abs(value) === Infinity)) return false
      }
    } else if (type === 'i32' || type === 'enum') {
      for (; i < end; i += width, slot++) {
        const value = source[i]!
        if ((value | 0) !== value || (type === 'enum' && !(value >= 0 && value < labels!.length))) return false
        valueHalves[2 * slot] = value
      }
    } else return false
  }
  memory.masks.fill(0, 2 * at, 2 * (at + frames))
  return true
}

/** Doubles as numbers, which is quickest; false when one of them is a NaN, whose payload a number may not keep. */
function copyNumbers(source: Float64Array, from: number, frames: number, memory: FrameMemory, at: number): boolean {
  const { channels, stride, values } = memory
  let isAllNumbers = true
  for (let c = 0; c < channels; c++) {
    const target = c * stride + at
    for (let i = 0, slot = from * channels + c; i < frames; i++, slot += channels) {
      const value = source[slot]!
      // biome-ignore lint/suspicious/noSelfCompare: only a NaN differs from itself
      if (value !== value) isAllNumbers = false
      values[target + i] = value
    }
  }
  return isAllNumbers
}

function copyHalves(source: TypedValues, from: number, frames: number, memory: FrameMemory, at: number): void {
  const { channels, stride, valueHalves } = memory
  const width = source.BYTES_PER_ELEMENT / 4
  const first = source.byteOffset + 4 * width * from * channels
  const halves = new Int32Array(source.buffer, first, width * frames * channels)
  for (let c = 0; c < channels; c++) {
    let slot = width * c
    let target = 2 * (c * stride + at)
    if (width === 1) {
      for (let i = 0; i < frames; i++, slot += channels, target += 2) valueHalves[target] = halves[slot]!
    } else {
      for (let i = 0; i < frames; i++, slot += 2 * channels, target += 2) {
        valueHalves[target] = halves[slot]!
        valueHalves[target + 1] = halves[slot + 1]!
      }
    }
  }
}
