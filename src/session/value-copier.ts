import { describe } from '../worker/checks/text.js'
import type { FrameMemory } from '../worker/frame-memory.js'
import type { ChannelDescriptor } from '../worker/protocol.js'
import type { Value } from './value-writer.js'

/** Values of many frames, interleaved; a plain array can hold what a typed one cannot: text, absent values, a mix. */
export type Values = Float64Array | Float32Array | Int32Array | BigInt64Array | readonly Value[]

type TypedValues = Exclude<Values, readonly Value[]>

/**
 * Whether `values` is an array of the one type all channels have: then whole bit patterns can be copied.
 *
 * @throws TypeError when it is no array that values can be taken from.
 */
export function hasTypeOfAll(values: Values, channels: readonly ChannelDescriptor[]): values is TypedValues {
  const isAll = (type: string) => channels.every((channel) => channel.type === type)
  if (values instanceof Float64Array) return isAll('f64')
  if (values instanceof Float32Array) return isAll('f32')
  if (values instanceof Int32Array) return isAll('i32')
  if (values instanceof BigInt64Array) return isAll('i64')
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
