import { TEXT_VALUE_MAX_LENGTH } from '../limits.js'
import { isWellFormed } from '../worker/checks/text.js'
import type { FrameMemory } from '../worker/frame-memory.js'
import type { ChannelDescriptor } from '../worker/protocol.js'

/** What a channel takes through `push`; undefined, null and '' of a missing cell are absent. */
export type Value = number | bigint | string | boolean | null | undefined

const I64_MAX = 2n ** 63n - 1n

/** Puts single values of one channel into memory, converted to the channel's type. */
export class ValueWriter {
  readonly #channel: ChannelDescriptor
  readonly #enumIndices: Map<string, number>
  /** Text channels: code by string, for the batch being filled. */
  #textCodes = new Map<string, number>()

  constructor(channel: ChannelDescriptor) {
    this.#channel = channel
    this.#enumIndices = new Map(channel.values?.map((value, index) => [value, index]))
  }

  get isText(): boolean {
    return this.#channel.type === 'text'
  }

  /** Writes a value that is not absent into `slot`; false if the type cannot hold it. */
  put(memory: FrameMemory, slot: number, value: Exclude<Value, null | undefined>): boolean {
    switch (this.#channel.type) {
      case 'f64':
        return putF64(memory, slot, value)
      case 'f32':
        return putF32(memory, slot, value)
      case 'i32':
        if (typeof value !== 'number' || (value | 0) !== value) return false
        memory.valueHalves[2 * slot] = value
        return true
      case 'i64':
        return putI64(memory, slot, value)
      case 'enum': {
        const index = typeof value === 'string' ? this.#enumIndices.get(value) : value
        if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= this.#enumIndices.size) {
          return false
        }
        memory.valueHalves[2 * slot] = index
        return true
      }
      case 'text':
        return this.#putText(memory, slot, value)
    }
  }

  /** The strings the current batch's codes stand for; the next batch starts anew. */
  takeTexts(): string[] {
    const texts = [...this.#textCodes.keys()]
    this.#textCodes = new Map()
    return texts
  }

  #putText(memory: FrameMemory, slot: number, value: unknown): boolean {
    if (typeof value !== 'string' || value.length > TEXT_VALUE_MAX_LENGTH || !isWellFormed(value)) return false
    let code = this.#textCodes.get(value)
    if (code === undefined) {
      code = this.#textCodes.size
      this.#textCodes.set(value, code)
    }
    memory.valueHalves[2 * slot] = code
    return true
  }
}

function putF64(memory: FrameMemory, slot: number, value: unknown): boolean {
  if (typeof value !== 'number') return false
  if (Number.isNaN(value)) {
    memory.valueHalves[2 * slot] = 0
    memory.valueHalves[2 * slot + 1] = 0x7ff80000
  } else memory.values[slot] = value
  return true
}

function putF32(memory: FrameMemory, slot: number, value: unknown): boolean {
  if (typeof value !== 'number') return false
  if (Number.isNaN(value)) {
    memory.valueHalves[2 * slot] = 0x7fc00000
    return true
  }
  const rounded = Math.fround(value)
  if (!Number.isFinite(rounded) && Number.isFinite(value)) return false
  memory.valueFloats[2 * slot] = rounded
  return true
}

function putI64(memory: FrameMemory, slot: number, value: unknown): boolean {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return false
    memory.values64[slot] = BigInt(value)
    return true
  }
  if (typeof value !== 'bigint' || value > I64_MAX || value < -I64_MAX - 1n) return false
  memory.values64[slot] = value
  return true
}
