import { RING_DROP_NEWEST, RING_DROP_OLDEST } from '../../assembly/layout'
import { KymographError } from '../errors.js'
import { expectFrames, expectInteger, expectRingBufferOptions } from './arguments.js'
import type { Frames, RingBuffer, RingBufferOptions } from './types.js'
import { aligned, runStateful, stageFramesOf, WasmArena } from './wasm-arena.js'

/** A ring in an instance of its own: its memory goes when the object does. Never grown after construction. */
export class WasmRingBuffer implements RingBuffer {
  readonly capacityFrames: number
  readonly channels: number
  readonly #statePtr: number
  readonly #stageFrames: number
  readonly #timestampsPtr: number
  readonly #valuesPtr: number
  #arena: WasmArena | undefined
  #droppedBeforeDispose = 0
  readonly #discard = () => {
    this.#arena = undefined
  }

  constructor(module: WebAssembly.Module, options: RingBufferOptions) {
    const { capacityFrames, channels, overflow } = expectRingBufferOptions(options)
    this.capacityFrames = capacityFrames
    this.channels = channels
    const arena = WasmArena.create(module)
    this.#arena = arena
    this.#stageFrames = stageFramesOf(this.channels)
    this.#statePtr = arena.basePtr
    const stateBytes = arena.exports.ringStateBytes(this.capacityFrames, this.channels) >>> 0
    this.#timestampsPtr = this.#statePtr + aligned(stateBytes)
    this.#valuesPtr = this.#timestampsPtr + this.#stageFrames * 8
    arena.reserve(this.#valuesPtr + this.#stageFrames * this.channels * 8 - arena.basePtr)
    const policy = overflow === 'drop-oldest' ? RING_DROP_OLDEST : RING_DROP_NEWEST
    arena.exports.ringInit(this.#statePtr, this.capacityFrames, this.channels, policy)
  }

  get lengthFrames(): number {
    return this.#arena?.exports.ringLengthFrames(this.#statePtr) ?? 0
  }

  get droppedFrames(): number {
    return this.#arena?.exports.ringDroppedFrames(this.#statePtr) ?? this.#droppedBeforeDispose
  }

  write(timestampsNs: BigInt64Array, values: Float64Array): number {
    const arena = this.#usable()
    expectFrames(timestampsNs, values, this.channels)
    const { channels } = this
    const stageTimestamps = arena.timestamps(this.#timestampsPtr, this.#stageFrames)
    const stageValues = arena.values(this.#valuesPtr, this.#stageFrames * channels)
    let taken = 0
    for (let first = 0; first < timestampsNs.length; first += this.#stageFrames) {
      const end = Math.min(first + this.#stageFrames, timestampsNs.length)
      stageTimestamps.set(timestampsNs.subarray(first, end))
      stageValues.set(values.subarray(first * channels, end * channels))
      taken += runStateful(
        () => arena.exports.ringWrite(this.#statePtr, this.#timestampsPtr, this.#valuesPtr, end - first),
        this.#discard,
      )
    }
    return taken
  }

  read(maxFrames: number): Frames {
    const arena = this.#usable()
    expectInteger('maxFrames', maxFrames, 0, Number.MAX_SAFE_INTEGER)
    const { channels } = this
    const frames = Math.min(maxFrames, this.lengthFrames)
    const timestampsNs = new BigInt64Array(frames)
    const values = new Float64Array(frames * channels)
    for (let done = 0; done < frames; ) {
      const wanted = Math.min(this.#stageFrames, frames - done)
      const run = runStateful(
        () => arena.exports.ringRead(this.#statePtr, wanted, this.#timestampsPtr, this.#valuesPtr),
        this.#discard,
      )
      timestampsNs.set(arena.timestamps(this.#timestampsPtr, run), done)
      values.set(arena.values(this.#valuesPtr, run * channels), done * channels)
      done += run
    }
    return { timestampsNs, values }
  }

  dispose(): void {
    this.#droppedBeforeDispose = this.droppedFrames
    this.#arena = undefined
  }

  #usable(): WasmArena {
    if (!this.#arena) throw new KymographError('disposed', 'the ring buffer was disposed: create a new one')
    return this.#arena
  }
}
