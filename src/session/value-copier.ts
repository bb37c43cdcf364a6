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
  const { channels } = memory
  const first = from * channels
  const count = frames * channels
  if (values instanceof Float64Array) memory.values.set(values.subarray(first, first + count), at * channels)
  else if (values instanceof BigInt64Array) memory.values64.set(values.subarray(first, first + count), at * channels)
  else {
    const halves = new Int32Array(values.buffer, values.byteOffset + 4 * first, count)
    const target = memory.valueHalves
    for (let i = 0, slot = 2 * at * channels; i < count; i++, slot += 2) target[slot] = halves[i]!
  }
  memory.masks.fill(0, 2 * at, 2 * (at + frames))
}
