import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const run = promisify(execFile)

it('the main job records the examples, finds them and reads one back, again and again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'kymograph-demo-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  for (const time of [1, 2]) {
    const { stdout } = await run(process.execPath, [resolve('examples/demo.mjs')], { cwd: directory })
    expect(stdout).toContain('every one of 12600 timestamps and values is identical')
    const files = await readdir(join(directory, 'recordings'))
    expect(files.filter((file) => file.endsWith('.kymo'))).toHaveLength(3 * time)
  }
}, 30_000)
