import type { Batch } from '../worker/batch.js'
import type { ChannelDescriptor } from '../worker/protocol.js'
import { describe } from './text.js'
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

/** Copies frames `from` … `from + frames` of interleaved values into a batch from frame `at` on, bit for bit. */
export function copyBits(
  values: TypedValues,
  channels: number,
  from: number,
  frames: number,
  batch: Batch,
  at: number,
): void {
  const isWide = values.BYTES_PER_ELEMENT === 8
  const halves = new Int32Array(values.buffer, values.byteOffset, values.byteLength / 4)
  const target = batch.slotHalves
  let source = from * channels * (isWide ? 2 : 1)
  let slot = at * batch.stride * 2
  for (let frame = 0; frame < frames; frame++) {
    // no channel is absent
    target[slot++] = 0
    target[slot++] = 0
    for (let c = 0; c < channels; c++) {
      target[slot++] = halves[source++]!
      target[slot++] = isWide ? halves[source++]! : 0
    }
  }
}
