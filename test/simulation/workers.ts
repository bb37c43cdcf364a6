import type { WorkerThread } from '../../src/worker/control-channel.js'
import { RecorderHost, serveRecorder } from '../../src/worker/recorder-host.js'
import { Disk, SimStore } from './disk.js'
import type { SimPort } from './ports.js'
import { SimThread, type World } from './world.js'

export interface MachineFaults {
  /** Whether what is stored outlives the worker that stored it. */
  isDurable: boolean
  storeMaxDelayMs: number
  /** Probability that an append is refused. */
  refusal: number
  /** Probability that a worker does not start: it throws, fails, or never answers. */
  startFailure: number
}

interface Running {
  thread: SimThread
  lost: ((cause: unknown) => void)[]
}

/** Starts simulated workers, and ends them when the seed says so. */
export class SimWorkers {
  /** The disk of the latest engine. */
  disk = new Disk()
  refusals = 0
  deaths = 0
  #running: Running[] = []
  #spawned = 0
  readonly #world: World
  readonly #faults: MachineFaults

  constructor(world: World, faults: MachineFaults) {
    this.#world = world
    this.#faults = faults
  }

  readonly serveInThread = async (port: MessagePort): Promise<void> => {
    this.#world.log('              the page serves itself')
    this.#serve(port)
  }

  readonly spawn = (): WorkerThread => {
    const world = this.#world
    const { random } = world
    const fate = random.chance(this.#faults.startFailure)
      ? random.pick(['throws', 'fails', 'hangs'] as const)
      : 'starts'
    if (fate === 'throws') throw new Error('no worker can be had')
    this.#spawned += 1
    const thread = new SimThread(`worker ${this.#spawned}`)
    const running: Running = { thread, lost: [] }
    this.#running.push(running)
    const messageListeners: ((message: unknown) => void)[] = []
    return {
      sendPort: (port) => {
        const simPort = port as unknown as SimPort
        simPort.owner = undefined
        if (fate === 'hangs') return
        world.add({
          thread,
          dueMs: world.nowMs + random.below(40),
          name: `boot, ${fate}`,
          run: () => {
            if (fate === 'fails') return this.#end(running, new Error('the script is broken'))
            simPort.owner = thread
            this.#serve(port)
            world.add({
              thread: world.page,
              dueMs: world.nowMs,
              name: `${thread.name} is ready`,
              run: () => {
                for (const listener of messageListeners) listener('ready')
              },
            })
          },
        })
      },
      onMessage: (listener) => messageListeners.push(listener),
      onLost: (listener) => running.lost.push(listener),
      keepAlive: () => {},
      terminate: () => {
        world.log(`              ${thread.name} is terminated`)
        this.#remove(running)
        world.kill(thread)
      },
    }
  }

  /** Workers nobody has ended. */
  get left(): number {
    return this.#running.length
  }

  /** Ends a running worker, or makes it go silent; false when there is none. */
  strike(): boolean {
    const alive = this.#running.filter(({ thread }) => !thread.isFrozen)
    if (alive.length === 0) return false
    this.deaths += 1
    const { random } = this.#world
    const victim = random.pick(alive)
    if (random.chance(0.25)) {
      this.#world.log(`              ${victim.thread.name} goes silent`)
      victim.thread.isFrozen = true
    } else this.#end(victim, new Error('killed'))
    return true
  }

  #end(running: Running, cause: Error): void {
    const world = this.#world
    world.log(`              ${running.thread.name} dies`)
    this.#remove(running)
    world.kill(running.thread)
    world.add({
      thread: world.page,
      dueMs: world.nowMs,
      name: `${running.thread.name} is lost`,
      run: () => {
        for (const listener of running.lost) listener(cause)
      },
    })
  }

  #remove(running: Running): void {
    this.#running = this.#running.filter((other) => other !== running)
  }

  #serve(port: MessagePort): void {
    if (!this.#faults.isDurable) this.disk = new Disk()
    const world = this.#world
    const { disk } = this
    const refuses = () => {
      const isRefused = world.random.chance(this.#faults.refusal)
      if (isRefused) this.refusals += 1
      return isRefused
    }
    const openStore = async () => new SimStore(world, disk, this.#faults.storeMaxDelayMs, refuses)
    serveRecorder(new RecorderHost(openStore), port)
  }
}
