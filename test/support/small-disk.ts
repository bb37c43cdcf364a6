import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A disk of 400 kB; undefined where none may be mounted. */
export function smallDisk(): string | undefined {
  const path = mkdtempSync(join(tmpdir(), 'kymograph-full-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', path], { stdio: 'ignore' })
  } catch {
    rmSync(path, { recursive: true })
    return undefined
  }
  return path
}

export function removeDisk(path: string): void {
  execFileSync('umount', ['-l', path])
  rmSync(path, { recursive: true, force: true })
}

/** From now on nothing on it can be changed. */
export function makeReadOnly(path: string): void {
  execFileSync('mount', ['-o', 'remount,ro', path])
}
