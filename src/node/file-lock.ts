import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { isAlive, type ProcessIdentity, thisProcess } from './process-identity.js'

export interface LockOwner extends ProcessIdentity {
  /** Tells owners within one process apart. */
  token: string
}

/** A lock file that says nothing is one that is being written, for so long. */
const NAMELESS_MAX_MS = 10_000

/** One who takes locks: files that name their owner. The lock of a process that has died is free. */
export class LockHolder {
  readonly self: LockOwner = { ...thisProcess, token: randomUUID() }

  /**
   * Takes the lock at `path` unless a living owner has it, who is returned then.
   *
   * @throws what the file system throws, also for a lock of a dead owner that cannot be removed.
   */
  take(path: string): LockOwner | undefined {
    for (;;) {
      if (this.#create(path)) return undefined
      const owner = ownerOf(path)
      if (owner === undefined) continue
      if (!this.isFree(owner)) return owner
      this.break(path, owner)
    }
  }

  /** Whether nobody uses a lock any more: its owner has died, or it is one we have left behind. */
  isFree(owner: LockOwner): boolean {
    return owner.token === this.self.token || !isAlive(owner)
  }

  /**
   * Removes the lock of `owner`, if it is still theirs: of several that try, one succeeds.
   *
   * @throws what the file system throws where it may not be removed.
   */
  break(path: string, owner: LockOwner): void {
    // a lock that somebody has taken meanwhile is better not moved at all
    if (ownerOf(path)?.token !== owner.token) return
    const aside = `${path}.${randomUUID()}`
    try {
      renameSync(path, aside)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    // somebody else was faster and has the lock already
    if (ownerOf(aside)?.token !== owner.token) ignore(() => linkSync(aside, path))
    ignore(() => unlinkSync(aside))
  }

  /** Lets go of the lock; of one that is not ours nothing happens. */
  release(path: string): void {
    if (ownerOf(path)?.token === this.self.token) ignore(() => unlinkSync(path))
  }

  #create(path: string): boolean {
    try {
      writeFileSync(path, JSON.stringify(this.self), { flag: 'wx' })
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      // on a full disk: the file is there, its name is not in it
      ignore(() => unlinkSync(path))
      throw error
    }
  }
}

/** Who holds the lock at `path`; undefined when nobody does. */
export function ownerOf(path: string): LockOwner | undefined {
  try {
    const { host, pid, born, token } = JSON.parse(readFileSync(path, 'utf8')) as LockOwner
    if (typeof host !== 'string' || typeof token !== 'string') throw new TypeError(`${path} names no owner`)
    return { host, pid, born, token }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const isNew = Date.now() - (takenMs(path) ?? 0) < NAMELESS_MAX_MS
    return isNew ? { ...thisProcess, token: '' } : { ...thisProcess, born: 'unknown', token: '' }
  }
}

/** When the lock at `path` was taken, Unix milliseconds. */
export function takenMs(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs
  } catch {
    return undefined
  }
}

function ignore(step: () => void): void {
  try {
    step()
  } catch {
    // gone meanwhile, or not ours to remove
  }
}
