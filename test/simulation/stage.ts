import { Recorder } from '../../src/session/recorder.js'
import type { SessionOptions } from '../../src/worker/checks/session-options.js'
import type { Transport } from '../../src/worker/protocol.js'
import { RecordedSession } from './application.js'
import { installWorld } from './machine.js'
import type { Call } from './promises.js'
import { Calls } from './promises.js'
import { Random } from './random.js'
import { SimWorkers } from './workers.js'
import { settlePromises, World } from './world.js'

const SETTLE_MAX_MS = 120_000

/** A recorder with one session on a simulated machine, for tests that say themselves what happens. */
export class Stage {
  readonly calls = new Calls()
  readonly world: World
  readonly workers: SimWorkers
  recorder!: Recorder
  recorded!: RecordedSession
  readonly #uninstall: () => void

  private constructor(seed: number) {
    this.world = new World(new Random(seed), () => {})
    this.#uninstall = installWorld(this.world)
    this.workers = new SimWorkers(this.world, { isDurable: true, storeMaxDelayMs: 20, refusal: 0, startFailure: 0 })
  }

  static async open(seed: number, transport: Transport, options: Omit<SessionOptions, 'streams'>): Promise<Stage> {
    const stage = new Stage(seed)
    const { spawn, serveInThread } = stage.workers
    const all: SessionOptions = { autoMetadata: false, ...options, streams: { s: { channels: ['a', 'b'] } } }
    const drafts = { s: { kind: 'numbers', policy: 'drop-newest', isUnix: false, resample: undefined } } as const
    const opening = stage.calls.track(
      'open',
      (async () => {
        const store = { kind: 'memory' } as const
        const source = { spawn, canRespawn: true }
        stage.recorder = await Recorder.open(
          { open: { store, kernels: 'reference' }, source, serveInThread },
          transport,
        )
        stage.recorded = new RecordedSession(await stage.recorder.createSession(all), drafts, all)
      })(),
    )
    await stage.settle(opening)
    return stage
  }

  get session() {
    return this.recorded.session
  }

  /** Lets the machine run until a call is answered. @throws what the call was rejected with, or when it never is. */
  async settle<T>(call: Call<T>): Promise<T> {
    await settlePromises()
    const endMs = this.world.nowMs + SETTLE_MAX_MS
    while (!call.result && this.world.nowMs < endMs && (await this.world.step())) {
      // until it is answered
    }
    if (!call.result) throw new Error(`${call.name} was not answered`)
    if (!call.result.ok) throw call.result.error
    return call.result.value
  }

  async run(steps: number): Promise<void> {
    for (let i = 0; i < steps; i++) await this.world.step()
  }

  /** Puts the real timers, clocks and ports back. */
  leave(): void {
    this.#uninstall()
  }
}
