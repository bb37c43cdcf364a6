import { KymographError } from '../../src/errors.js'
import { MemoryStore } from '../../src/store/memory-store.js'
import type { SessionStore, StoreEstimate, StoreSummary } from '../../src/store/port.js'
import type { Query, SessionPage } from '../../src/store/query.js'
import type { JourneyRecord, LabelRecord, SessionRecord } from '../../src/store/record.js'
import type { Chunk } from '../../src/wire/model.js'
import type { SimThread, World } from './world.js'

/** What is on a disk: it outlives the threads that write to it, unless it is theirs. */
export class Disk {
  readonly files = new MemoryStore()
  readonly chunks = new Map<string, Uint8Array[]>()

  async append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    const frames = this.chunks.get(chunk.sessionId) ?? []
    frames.push(frame.slice())
    this.chunks.set(chunk.sessionId, frames)
    await this.files.append(chunk, frame)
  }
}

/** One thread's way to a disk: each call takes its time, has its effect at one moment and is answered at a later one. */
export class SimStore implements SessionStore {
  readonly summary: StoreSummary = { kind: 'memory', durability: 'durable' }
  readonly #world: World
  readonly #thread: SimThread
  readonly #disk: Disk
  /** Whether the next append is refused. */
  readonly #refuses: () => boolean
  readonly #maxDelayMs: number

  constructor(world: World, disk: Disk, maxDelayMs: number, refuses: () => boolean) {
    this.#world = world
    this.#thread = world.current
    this.#disk = disk
    this.#maxDelayMs = maxDelayMs
    this.#refuses = refuses
  }

  append(chunk: Chunk, frame: Uint8Array): Promise<void> {
    return this.#operation(`append ${chunk.epoch}:${chunk.seq}`, () => {
      if (this.#refuses()) throw new KymographError('storage-error', 'the disk is full')
      return this.#disk.append(chunk, frame)
    })
  }

  release(sessionId: string): Promise<void> {
    return this.#operation('release', () => this.#disk.files.release(sessionId))
  }

  get(sessionId: string): Promise<SessionRecord | undefined> {
    return this.#operation('get', () => this.#disk.files.get(sessionId))
  }

  page(query: Query): Promise<SessionPage> {
    return this.#operation('page', () => this.#disk.files.page(query))
  }

  journeys(): Promise<JourneyRecord[]> {
    return this.#operation('journeys', () => this.#disk.files.journeys())
  }

  journey(journeyId: string): Promise<JourneyRecord | undefined> {
    return this.#operation('journey', () => this.#disk.files.journey(journeyId))
  }

  labels(): Promise<LabelRecord[]> {
    return this.#operation('labels', () => this.#disk.files.labels())
  }

  chunkAt(sessionId: string, index: number): Promise<Uint8Array | undefined> {
    return this.#operation(`chunkAt ${index}`, () => this.#disk.files.chunkAt(sessionId, index))
  }

  delete(sessionId: string): Promise<boolean> {
    return this.#operation('delete', () => this.#disk.files.delete(sessionId))
  }

  forget(sessionId: string): Promise<boolean> {
    return this.delete(sessionId)
  }

  estimate(): Promise<StoreEstimate> {
    return this.#operation('estimate', () => this.#disk.files.estimate())
  }

  close(): Promise<void> {
    return this.#operation('close', async () => {})
  }

  #operation<T>(name: string, effect: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#later(`disk: ${name}`, () => {
        // a throw is an answer as well
        const result = (async () => effect())()
        result.then(
          (value) => this.#later(`disk: ${name} answered`, () => resolve(value)),
          (error: unknown) => this.#later(`disk: ${name} refused`, () => reject(error)),
        )
      })
    })
  }

  #later(name: string, run: () => void): void {
    const { random, nowMs } = this.#world
    const delayMs = random.chance(0.5) ? 0 : random.below(this.#maxDelayMs + 1)
    this.#world.add({ thread: this.#thread, dueMs: nowMs + delayMs, name, run })
  }
}
