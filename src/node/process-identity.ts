import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process that cannot be mistaken for another one that has its number later. */
export interface ProcessIdentity {
  host: string
  pid: number
  /** Boot and moment of its start; empty where the system does not tell. */
  born: string
}

export const thisProcess: ProcessIdentity = { host: hostname(), pid: process.pid, born: bornOf(process.pid) ?? '' }

export function isSameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.host === b.host && a.pid === b.pid && a.born === b.born
}

/** Whether a process is still there; one on another machine is taken to be. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.host !== thisProcess.host) return true
  if (identity.born !== '') return bornOf(identity.pid) === identity.born
  try {
    process.kill(identity.pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Linux only: boot id and start time (proc(5), field 22 of stat, behind the name in brackets). */
function bornOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // a zombie holds nothing any more
    return fields[0] === 'Z' ? undefined : `${boot}/${fields[19]}`
  } catch {
    return undefined
  }
}
