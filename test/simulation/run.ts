import { Recorder } from '../../src/session/recorder.js'
import { Application } from './application.js'
import { Audit } from './audit.js'
import { installWorld } from './machine.js'
import { Calls } from './promises.js'
import { Random } from './random.js'
import { SimWorkers } from './workers.js'
import { settlePromises, World } from './world.js'

/** Virtual time within which every call has to be answered once nobody asks for anything more. */
const SETTLE_MAX_MS = 300_000

export interface RunResult {
  findings: string[]
  steps: number
  virtualMs: number
}

/** Codes a call may be rejected with, whatever happens. */
const EXPECTED_CODES = new Set(['wrong-state', 'ended', 'worker-lost', 'worker-timeout', 'storage-error', 'disposed'])

/** One simulated life of a recorder, all of it determined by the seed. */
export async function runSeed(seed: number, log: (text: string) => void = () => {}): Promise<RunResult> {
  const random = new Random(seed)
  const world = new World(random, log)
  const uninstall = installWorld(world)
  try {
    return await new Run(world, random, seed).live()
  } finally {
    uninstall()
  }
}

class Run {
  readonly #world: World
  readonly #random: Random
  readonly #calls = new Calls()
  readonly #findings: string[] = []
  readonly #workers: SimWorkers
  readonly #isDurable: boolean
  readonly #strikeRate: number
  readonly #isFollowing: boolean
  readonly #seed: number

  constructor(world: World, random: Random, seed: number) {
    this.#world = world
    this.#random = random
    this.#seed = seed
    // by the seed's last digit: following takes steps of its own, and the other seeds go on as ever
    this.#isFollowing = seed % 10 === 5
    this.#isDurable = random.chance(0.75)
    this.#strikeRate = random.pick([0, 0.01, 0.03])
    this.#workers = new SimWorkers(world, {
      isDurable: this.#isDurable,
      storeMaxDelayMs: random.pick([0, 20, 500]),
      refusal: random.chance(0.1) ? 0.05 : 0,
      startFailure: random.chance(0.2) ? 0.3 : 0,
    })
  }

  async live(): Promise<RunResult> {
    const random = this.#random
    const hasWorker = random.chance(0.9)
    const transport = random.pick(['batch', 'shared'] as const)
    let recorder: Recorder | undefined
    await this.#world.act('open', () => {
      const { spawn, serveInThread } = this.#workers
      const options = {
        open: { store: { kind: 'memory' }, kernels: 'reference' } as const,
        source: hasWorker ? { spawn, canRespawn: random.chance(0.9) } : undefined,
        serveInThread,
      }
      this.#calls.track(
        'open',
        Recorder.open(options, transport).then((opened) => {
          recorder = opened
        }),
      )
    })
    await this.#settle()
    if (recorder) await this.#record(recorder)
    else if (this.#calls.pending.length === 0) this.#checkCalls()
    return { findings: this.#findings, steps: this.#world.steps, virtualMs: this.#world.nowMs }
  }

  async #record(recorder: Recorder): Promise<void> {
    const world = this.#world
    const random = this.#random
    const application = new Application(recorder, random, this.#calls, this.#isFollowing, this.#seed)
    const sessions = random.pick([1, 1, 2])
    for (let i = 0; i < sessions; i++) await world.act('createSession', () => world.log(application.create()))
    await this.#stepUntil(() => application.sessions.length > 0, 5000)
    const actions = random.within(10, 90)
    for (let i = 0; i < actions && this.#findings.length === 0; i++) {
      const steps = random.below(7)
      for (let step = 0; step < steps; step++) await world.step()
      if (random.chance(this.#strikeRate)) this.#workers.strike()
      if (random.chance(0.02)) await this.#checkQuiet(application)
      await world.act('application', () => world.log(`              ${application.act()}`))
    }
    for (const recorded of application.sessions) {
      if (!recorded.stopped) await world.act('last stop', () => void application.stop(recorded))
      for (let step = random.below(9); step > 0; step--) await world.step()
      if (random.chance(10 * this.#strikeRate)) this.#workers.strike()
    }
    await this.#settle()
    if (this.#findings.length > 0) return
    for (const recorded of application.sessions) if (!recorded.stopped) application.stop(recorded)
    await this.#settle()
    await this.#settle(application.followers)
    this.#checkCalls()
    this.#checkCalls(application.followers)
    for (const recorded of application.sessions) {
      const frames = this.#workers.disk.chunks.get(recorded.session.id) ?? []
      const audit = new Audit(recorded, this.#circumstances(frames))
      this.#findings.push(...audit.final())
    }
    await world.act('dispose', () => void this.#calls.track('dispose', recorder.dispose()))
    await this.#settle()
    // one may just be starting
    await this.#stepUntil(() => this.#workers.left === 0, 60_000)
    if (this.#workers.left > 0) this.#findings.push(`${this.#workers.left} workers are left`)
  }

  #circumstances(frames: Uint8Array[]) {
    return { isDurable: this.#isDurable, wasRefused: this.#workers.refusals > 0, frames }
  }

  async #checkQuiet(application: Application): Promise<void> {
    if (application.sessions.length === 0) return
    const recorded = this.#random.pick(application.sessions)
    const { session } = recorded
    if (session.state !== 'recording' && session.state !== 'paused') return
    let call: ReturnType<Calls['track']> | undefined
    await this.#world.act('flush and be quiet', () => {
      call = this.#calls.track('flush', session.flush())
    })
    await this.#stepUntil(() => call!.result !== undefined, SETTLE_MAX_MS)
    if (!call!.result) this.#findings.push('flush was not answered')
    if (!call!.result?.ok || recorded.receivedAtStop || recorded.isOver) return
    const frames = this.#workers.disk.chunks.get(session.id) ?? []
    const audit = new Audit(recorded, this.#circumstances(frames))
    this.#findings.push(...audit.quiet().map((finding) => `quiet: ${finding}`))
  }

  /** Lets everything come to rest. */
  async #settle(calls = this.#calls): Promise<void> {
    await this.#stepUntil(() => calls.pending.length === 0, SETTLE_MAX_MS)
    for (const { name } of calls.pending) this.#findings.push(`${name} was not answered`)
  }

  async #stepUntil(isDone: () => boolean, maxMs: number): Promise<void> {
    const world = this.#world
    const endMs = world.nowMs + maxMs
    // calls just made may not have sent anything yet
    await settlePromises()
    while (!isDone() && world.nowMs < endMs) if (!(await world.step())) break
  }

  #checkCalls(calls = this.#calls): void {
    for (const { name, result } of calls.all) {
      if (!result || result.ok) continue
      const { code } = result.error as { code?: string }
      if (code === undefined || !EXPECTED_CODES.has(code)) this.#findings.push(`${name}: ${result.error.stack}`)
    }
  }
}
