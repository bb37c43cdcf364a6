import { KymographError } from '../../src/errors.js'
import type { Kernels } from '../../src/kernels/types.js'
import { framesOf, readChunks } from '../../src/read/index.js'
import { decodeChunk, decodeFrame, FRAME_HEADER_BYTES } from '../../src/wire/index.js'
import { corpusFrames } from './corpus-frames.js'
import { mutate, Random } from './mutant.js'

/** Longest a mutant may take: all of its frames fit 64 MiB. */
const SLOW_MS = 5000
/** Bytes before and behind a mutant that no reader may look at. */
const MARGIN_BYTES = 64
/** One in so many is read again among other bytes and with other kernels, and as a stream. */
const CHECKED_EVERY = 16
const STREAMED_EVERY = 512

export interface MutantCounts {
  mutants: number
  refused: number
  slowestMs: number
  /** What must not be: one line each. */
  defects: string[]
}

/** Reads mutants of the corpus and watches what becomes of them. */
export class MutantRun {
  readonly counts: MutantCounts = { mutants: 0, refused: 0, slowestMs: 0, defects: [] }
  readonly #frames: Uint8Array[]
  readonly #kernels: Kernels

  constructor(folder: string, kernels: Kernels) {
    this.#frames = ['valid', 'invalid'].flatMap((kind) => corpusFrames(`${folder}/${kind}`))
    this.#kernels = kernels
  }

  /** Reads the mutant of a number; the same one each time. */
  async read(number: number): Promise<void> {
    const { counts } = this
    const random = new Random(number * 2654435761)
    const frame = this.#frames[random.below(this.#frames.length)]!
    const surroundings = new Uint8Array(frame.length + 2 * MARGIN_BYTES).fill(0x41)
    const room = surroundings.subarray(MARGIN_BYTES, MARGIN_BYTES + frame.length)
    const byteLength = mutate(frame, room, random)
    const mutant = room.subarray(0, byteLength)
    counts.mutants += 1
    const startedMs = performance.now()
    try {
      const outcome = outcomeOf(mutant)
      if (outcome.startsWith('!')) counts.refused += 1
      if (number % CHECKED_EVERY === 0) this.#readAgain(mutant, outcome)
      if (number % STREAMED_EVERY === 0) await readAsStream(mutant)
    } catch (error) {
      counts.defects.push(`mutant ${number}: ${error instanceof Error ? error.stack : String(error)}`)
    }
    const elapsedMs = performance.now() - startedMs
    counts.slowestMs = Math.max(counts.slowestMs, elapsedMs)
    if (elapsedMs > SLOW_MS) counts.defects.push(`mutant ${number}: took ${elapsedMs.toFixed(0)} ms`)
  }

  /** Bytes around a mutant change nothing, nor does who decodes. */
  #readAgain(mutant: Uint8Array, outcome: string): void {
    const elsewhere = new Uint8Array(mutant.length + 2 * MARGIN_BYTES).fill(0xfe)
    const copy = elsewhere.subarray(MARGIN_BYTES, MARGIN_BYTES + mutant.length)
    copy.set(mutant)
    const [moved, alone, withKernels] = [outcomeOf(copy), outcomeOf(mutant.slice()), outcomeOf(mutant, this.#kernels)]
    if (moved !== outcome || alone !== outcome)
      throw new Error(`bytes around it matter: ${outcome}, ${moved}, ${alone}`)
    if (withKernels !== outcome) throw new Error(`builds differ: ${outcome}, with wasm ${withKernels}`)
  }
}

/** What a reader makes of a frame: `!code@offset`, or a number that stands for all its values. */
function outcomeOf(frame: Uint8Array, kernels?: Kernels): string {
  try {
    const { payload } = decodeFrame(frame, 0, kernels ? (bytes) => kernels.crc32c(bytes) : undefined)
    const chunk = decodeChunk(payload)
    let digest = 0
    for (const { descriptor } of chunk.streams) {
      const { timestampsNs, channels } = framesOf(chunk, descriptor.name, { kernels })
      digest = digestOf(digest, timestampsNs)
      for (const { values } of channels) digest = digestOf(digest, values)
    }
    return String(digest)
  } catch (error) {
    if (!(error instanceof KymographError)) throw error
    const offset = error.offset ?? 0
    if (offset < 0 || offset > frame.length) throw new Error(`an offset out of the bytes: ${offset}`)
    return `!${error.code}@${error.offset}`
  }
}

function digestOf(seed: number, { buffer, byteOffset, byteLength }: ArrayBufferView): number {
  const words = new Int32Array(buffer, byteOffset, byteLength >> 2)
  let digest = seed ^ words.length
  for (let i = 0; i < words.length; i++) digest = Math.imul(digest ^ words[i]!, 16_777_619)
  return digest
}

/** As a stream cut into two, between foreign bytes; its checksums as they are, or not. */
async function readAsStream(mutant: Uint8Array): Promise<void> {
  const bytes = Uint8Array.from([...mutant.subarray(0, FRAME_HEADER_BYTES), ...mutant, ...mutant])
  const cut = bytes.length >> 1
  async function* pieces() {
    yield bytes.subarray(0, cut)
    yield bytes.subarray(cut)
  }
  let end = 0
  for await (const item of readChunks(pieces())) {
    if (item.offset !== end) throw new Error(`bytes left out before ${item.offset}`)
    end = item.offset + (item.kind === 'damage' ? item.byteLength : item.bytes.length)
  }
  if (end !== bytes.length) throw new Error(`bytes left out behind ${end}`)
}
