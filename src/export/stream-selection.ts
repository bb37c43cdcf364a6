import { KymographError } from '../errors.js'
import type { Kernels } from '../kernels/types.js'
import { framesOf, type StreamFrames } from '../read/index.js'
import type { Chunk, StreamDescriptor } from '../wire/model.js'
import { utcOf } from './utc.js'

/** A stream's frames of one chunk, their times on the clock that was asked for. */
export interface SelectedFrames {
  descriptor: StreamDescriptor
  frames: StreamFrames
  /** Number of the first one, counted over the session. */
  firstFrame: number
}

export interface SelectionOptions {
  /** Names of streams; default: all. */
  streams?: readonly string[]
  /** `stream` (default): times of each stream's own clock; `utc`: Unix nanoseconds. */
  time?: 'stream' | 'utc'
  kernels?: Pick<Kernels, 'decodeColumn'>
}

/** The streams of a session that are exported; holds later chunks to what the first one declares. */
export class StreamSelection {
  readonly descriptors: StreamDescriptor[]
  readonly #options: SelectionOptions
  readonly #declared: Map<string, string>

  /** @throws RangeError for a stream the chunk has not. */
  constructor(chunk: Chunk, options: SelectionOptions) {
    const all = chunk.streams.map(({ descriptor }) => descriptor)
    const { streams } = options
    const missing = streams?.find((name) => !all.some((descriptor) => descriptor.name === name))
    if (missing !== undefined) {
      const names = all.map(({ name }) => name).join(', ') || 'none'
      throw new RangeError(`no stream ${JSON.stringify(missing)}; there are ${names}`)
    }
    this.descriptors = streams ? all.filter(({ name }) => streams.includes(name)) : all
    this.#options = options
    this.#declared = new Map(this.descriptors.map((descriptor) => [descriptor.name, channelsText(descriptor)]))
  }

  /** Whether times are Unix nanoseconds. */
  isUtc({ clock }: StreamDescriptor): boolean {
    return this.#options.time === 'utc' || clock === 'unix'
  }

  /**
   * The frames of the selected streams in a chunk, in the order of the first chunk.
   *
   * @throws KymographError `export-unfit` when the chunk declares a stream otherwise than the first one, or has frames of
   *   one that the first one has not.
   */
  *framesIn(chunk: Chunk): Generator<SelectedFrames> {
    this.#expectKnown(chunk)
    for (const first of this.descriptors) {
      const piece = chunk.streams.find(({ descriptor }) => descriptor.name === first.name)
      if (!piece || piece.frameCount === 0) continue
      const { descriptor } = piece
      if (channelsText(descriptor) !== this.#declared.get(first.name)) {
        throw unfit(chunk, `declares the channels of stream "${first.name}" otherwise than the first one`)
      }
      if (this.isUtc(descriptor) !== this.isUtc(first)) {
        throw unfit(
          chunk,
          `has stream "${first.name}" on the ${descriptor.clock} clock, the first one on ${first.clock}`,
        )
      }
      const frames = framesOf(chunk, first.name, this.#options)
      const { timestampsNs } = frames
      if (this.#options.time === 'utc') frames.timestampsNs = utcOf(timestampsNs, descriptor.clock, chunk)
      yield { descriptor, frames, firstFrame: piece.firstFrame }
    }
  }

  /** Where all streams are wanted, all that have frames have to be known from the beginning. */
  #expectKnown(chunk: Chunk): void {
    if (this.#options.streams) return
    const unknown = chunk.streams.find(
      ({ descriptor, frameCount }) => frameCount > 0 && !this.#declared.has(descriptor.name),
    )
    if (unknown) throw unfit(chunk, `has stream "${unknown.descriptor.name}", the first one has not`)
  }
}

/** What has to stay the same over a file's chunks. */
function channelsText({ channels }: StreamDescriptor): string {
  return JSON.stringify(channels)
}

function unfit({ seq }: Chunk, what: string): KymographError {
  return new KymographError('export-unfit', `chunk ${seq} ${what}: this does not go into one table`)
}
