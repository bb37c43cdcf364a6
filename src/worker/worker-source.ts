import type { WorkerThread } from './client.js'

/** Where a recorder's worker comes from. */
export interface WorkerSource {
  spawn: () => WorkerThread
  /** Whether `spawn` can be called again when the worker is lost; a worker given as an instance serves once. */
  canRespawn: boolean
}

/** What a platform knows about its workers. */
export interface WorkerPlatform<PlatformWorker> {
  /** Starts the library's own worker. */
  spawnOwn: () => WorkerThread
  /** Starts a worker from where the caller has put it. */
  start: (url: URL | string) => PlatformWorker
  isWorker: (value: unknown) => value is PlatformWorker
  adopt: (worker: PlatformWorker) => WorkerThread
}

const EXPECTED = `'auto', 'none', a Worker, a URL or a function that returns a Worker`
const taken = new WeakSet<object>()

/**
 * Turns the option `worker` into a source; undefined for 'none'. What was given reaches the spawn untouched, so that a
 * factory may hold what only the application has: a bundler's worker, a Trusted Types policy.
 *
 * @throws TypeError for a value of another kind, RangeError for an empty URL or a worker that serves a recorder already.
 */
export function workerSourceOf<PlatformWorker extends object>(
  worker: unknown,
  { spawnOwn, start, isWorker, adopt }: WorkerPlatform<PlatformWorker>,
): WorkerSource | undefined {
  if (worker === 'none') return undefined
  if (worker === 'auto') return { spawn: spawnOwn, canRespawn: true }
  if (worker === '') throw new RangeError(`"worker" expected ${EXPECTED}, got ""`)
  if (typeof worker === 'string' || worker instanceof URL) {
    return { spawn: () => adopt(start(worker)), canRespawn: true }
  }
  const adoptOnce = (value: unknown, where: string) => {
    if (!isWorker(value)) throw new TypeError(`"worker" expected ${where}, got ${describe(value)}`)
    if (taken.has(value)) {
      throw new RangeError('"worker" expected a Worker of its own for each recorder, got one that serves already')
    }
    taken.add(value)
    return adopt(value)
  }
  if (typeof worker === 'function') {
    return { spawn: () => adoptOnce(worker(), 'a function that returns a Worker'), canRespawn: true }
  }
  const thread = adoptOnce(worker, EXPECTED)
  return { spawn: () => thread, canRespawn: false }
}

function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value)
  return String(value)
}

/** Whether `value` has all these methods: an object of another realm has, where `instanceof` says no. */
export function hasMethods(value: unknown, names: string[]): boolean {
  if (typeof value !== 'object' || value === null) return false
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')
}
