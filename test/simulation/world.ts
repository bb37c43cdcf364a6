import type { Random } from './random.js'

/** One thread of the simulated machine: the page, or a worker. */
export class SimThread {
  isAlive = true
  /** Neither runs nor dies. */
  isFrozen = false

  constructor(readonly name: string) {}
}

/** Something that can happen as soon as its time has come. */
export interface Task {
  thread: SimThread
  dueMs: number
  name: string
  run(): void
}

interface Timer extends Task {
  id: number
  repeatMs: number | undefined
}

const realSetImmediate = globalThis.setImmediate
/** 2026-01-01. */
const WALL_START_MS = 1_767_225_600_000

/** Lets every promise that can settle do so. */
export function settlePromises(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve))
}

/**
 * A machine with virtual time: threads, their timers, and what is on its way between them. One step runs one thing
 * that is due, chosen by the seed, and everything that follows from it at once.
 */
export class World {
  readonly page = new SimThread('page')
  /** The thread whose code runs. */
  current: SimThread = this.page
  nowMs = 1000
  steps = 0
  readonly #tasks = new Set<Task>()
  readonly #timers = new Map<number, Timer>()
  #timerIds = 0
  readonly #onDeath: ((thread: SimThread) => void)[] = []
  /** Virtual time before which nothing but page timers wait. */
  constructor(
    readonly random: Random,
    readonly log: (text: string) => void,
  ) {}

  get wallMs(): number {
    return WALL_START_MS + this.nowMs
  }

  add(task: Task): () => void {
    this.#tasks.add(task)
    return () => void this.#tasks.delete(task)
  }

  addTimer(callback: () => void, delayMs: number, isRepeated: boolean): number {
    this.#timerIds += 1
    const id = this.#timerIds
    const waitMs = Math.max(1, Number(delayMs) || 0)
    this.#timers.set(id, {
      id,
      thread: this.current,
      dueMs: this.nowMs + waitMs,
      repeatMs: isRepeated ? waitMs : undefined,
      name: `timer of ${waitMs} ms`,
      run: callback,
    })
    return id
  }

  removeTimer(id: number): void {
    this.#timers.delete(id)
  }

  onDeath(listener: (thread: SimThread) => void): void {
    this.#onDeath.push(listener)
  }

  /** Ends a thread where it stands: its timers and tasks never run. */
  kill(thread: SimThread): void {
    if (!thread.isAlive) return
    thread.isAlive = false
    for (const task of this.#tasks) if (task.thread === thread) this.#tasks.delete(task)
    for (const [id, timer] of this.#timers) if (timer.thread === thread) this.#timers.delete(id)
    for (const listener of this.#onDeath) listener(thread)
  }

  /** Runs one thing; false when nothing will ever happen again. */
  async step(): Promise<boolean> {
    this.steps += 1
    if (this.random.chance(0.12)) this.nowMs += this.random.within(0, 80) / 4
    const due = this.#due()
    let task = due.length > 0 ? this.random.pick(due) : undefined
    if (!task) {
      task = this.#next()
      if (!task) return false
      this.nowMs = Math.max(this.nowMs, task.dueMs)
    }
    await this.#run(task)
    return true
  }

  /** Runs code on the page as if it were a task of its own. */
  async act(name: string, action: () => void): Promise<void> {
    this.current = this.page
    this.log(`${this.#time()} ${name}`)
    action()
    await settlePromises()
  }

  async #run(task: Task): Promise<void> {
    const timer = task as Partial<Timer>
    if (timer.id === undefined) this.#tasks.delete(task)
    else if (timer.repeatMs === undefined) this.#timers.delete(timer.id)
    else task.dueMs = this.nowMs + timer.repeatMs
    this.current = task.thread
    this.log(`${this.#time()} ${task.thread.name}: ${task.name}`)
    task.run()
    await settlePromises()
    this.current = this.page
  }

  /** What may run now. The timers of one thread run in the order they are due. */
  #due(): Task[] {
    const due: Task[] = []
    for (const task of this.#tasks) if (task.dueMs <= this.nowMs && !task.thread.isFrozen) due.push(task)
    const first = new Map<SimThread, Timer>()
    for (const timer of this.#timers.values()) {
      if (timer.dueMs > this.nowMs || timer.thread.isFrozen) continue
      const other = first.get(timer.thread)
      if (!other || timer.dueMs < other.dueMs) first.set(timer.thread, timer)
    }
    due.push(...first.values())
    return due
  }

  #next(): Task | undefined {
    let next: Task | undefined
    for (const tasks of [this.#tasks, this.#timers.values()]) {
      for (const task of tasks) {
        if (!task.thread.isFrozen && (!next || task.dueMs < next.dueMs)) next = task
      }
    }
    return next
  }

  #time(): string {
    return `${this.nowMs.toFixed(2).padStart(10)} ms`
  }
}
