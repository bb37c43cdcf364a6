import { execFile } from 'node:child_process'
import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FileStore } from '../../src/node/file-store.js'
import { thisProcess } from '../../src/node/process-identity.js'
import { sessionId, store } from '../support/session-chunks.js'
import { makeReadOnly, removeDisk, smallDisk } from '../support/small-disk.js'
import { recordInProcess, temporaryDirectory } from '../support/store-directory.js'

const CLI = new URL('../../dist/cli.js', import.meta.url).pathname

function kymograph(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    )
  })
}

async function filledDirectory(): Promise<string> {
  const path = await temporaryDirectory()
  const target = await FileStore.open(path)
  await store(target, {
    id: sessionId(1),
    startMinute: 1,
    labels: ['login'],
    journeyId: 'j',
    metadata: { app: 'shop' },
  })
  await store(target, { id: sessionId(2), startMinute: 2, labels: ['login', 'retry'], durationMs: 60_000 })
  await store(target, { id: sessionId(3), startMinute: 3, labels: ['__proto__'], stream: 'pointer', isFinal: false })
  await target.close()
  return path
}

describe('kymograph ls', () => {
  it('says what it leaves out of a directory, and lists the rest', async () => {
    const path = await filledDirectory()
    expect((await kymograph('ls', '--store', path)).stderr).toBe('')
    await cp(join(path, `${sessionId(1)}.kymo`), join(path, 'walk.kymo'))
    await writeFile(join(path, `${sessionId(7)}.kymo`), 'nothing of the kind')
    await rm(join(path, `${sessionId(2)}.kymo`))
    const { code, stdout, stderr } = await kymograph('ls', '--store', path)
    expect([code, stdout.split('\n').length]).toEqual([0, 4])
    expect(stderr.split('\n').slice(0, -1)).toEqual([
      `left out: ${sessionId(7)}.kymo holds no chunk of that session`,
      'left out: walk.kymo is not named by the id of its session',
      `left out: session ${sessionId(2)} has gone with its file`,
    ])
  })

  it('filters by everything a lookup knows', async () => {
    const path = await filledDirectory()
    const list = async (...args: string[]) => {
      const { stdout } = await kymograph('ls', '--store', path, '--json', ...args)
      return (JSON.parse(stdout) as { id: string }[]).map(({ id }) => Number.parseInt(id.slice(-4), 16))
    }
    expect(await list()).toEqual([3, 2, 1])
    expect(await list('--oldest', '--limit', '2')).toEqual([1, 2])
    expect(await list('--not-label', 'retry')).toEqual([3, 1])
    expect(await list('--label', '__proto__')).toEqual([3])
    expect(await list('--state', 'recovered')).toEqual([3])
    expect(await list('--min-duration', '1m')).toEqual([2])
    expect(await list('--max-duration', '1s', '--stream', 'imu')).toEqual([1])
    expect(await list('--metadata', 'app=shop')).toEqual([1])
    expect(await list('--since', '2026-01-01T00:02:00Z', '--until', '2026-01-01T00:02:00Z')).toEqual([2])
    expect(await list('--since', '2026-01-01 01:02:00,000+0100', '--until', '2026-01-01T00:02:00 Z')).toEqual([2])
    expect(await list('--since', '2026-01', '--until', '2026-01-02')).toEqual([3, 2, 1])
    for (const [option, value] of [
      ['--state', 'lost'],
      ['--since', 'yesterday'],
      ['--since', '2026-02-30'],
      ['--until', '2026-04-31T10:00:00Z'],
      ['--min-duration', 'long'],
      ['--metadata', 'app'],
      ['--limit', '0'],
      ['--label', '\ud800'],
    ]) {
      const { code, stderr } = await kymograph('ls', '--store', path, option!, value!)
      // a lone surrogate does not survive an argument list
      if (value !== '\ud800') expect([code, stderr]).toEqual([2, expect.stringContaining(option!.slice(2, 5))])
    }
  })
})

describe('kymograph labels', () => {
  it('counts sessions by label', async () => {
    const path = await filledDirectory()
    expect(JSON.parse((await kymograph('labels', '--store', path, '--json')).stdout)).toEqual([
      { label: 'login', sessions: 2 },
      { label: '__proto__', sessions: 1 },
      { label: 'retry', sessions: 1 },
    ])
    expect((await kymograph('labels', '--store', path)).stdout).toMatch(/login\s+2/)
    expect((await kymograph('labels', '--store', await temporaryDirectory())).stdout).toBe('no labels\n')
  })
})

describe('kymograph ls on a directory that cannot be written to', () => {
  it('lists it in spite of locks a dead process has left there', async ({ skip }) => {
    const disk = smallDisk() ?? skip('nothing may be mounted here')
    onTestFinished(() => removeDisk(disk))
    await cp(await filledDirectory(), disk, { recursive: true })
    await rm(join(disk, '.kymograph', 'catalogue'))
    const lock = JSON.stringify({ ...thisProcess, born: 'yesterday/1', token: 't' })
    for (const name of ['catalogue', sessionId(3)]) await writeFile(join(disk, '.kymograph', `${name}.lock`), lock)
    makeReadOnly(disk)
    const { code, stdout } = await kymograph('ls', '--store', disk)
    expect(code).toBe(0)
    expect(stdout).toContain(sessionId(3))
  }, 30_000)
})

describe('kymograph rm', () => {
  it('removes sessions by id or by what they are, never all by mistake', async () => {
    const path = await filledDirectory()
    expect(await kymograph('rm', '--store', path)).toMatchObject({ code: 2 })
    expect(await kymograph('rm', '--store', path, '../../etc/passwd')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected a session id'),
    })
    expect(await kymograph('rm', '--store', path, sessionId(1), '--label', 'login')).toMatchObject({ code: 2 })
    expect(await kymograph('rm', '--store', path, sessionId(1))).toMatchObject({
      code: 0,
      stdout: 'removed 1 session\n',
    })
    expect(await kymograph('rm', '--store', path, sessionId(1))).toMatchObject({
      code: 1,
      stdout: 'removed 0 sessions\n',
    })
    expect(await kymograph('rm', '--store', path, '--label', 'login', '--forget')).toMatchObject({ code: 0 })
    expect((await (await FileStore.open(path)).page({})).sessions).toMatchObject([{ id: sessionId(3) }])
  })

  it('takes --all-labels without a label for a mistake, not for all sessions', async () => {
    const path = await filledDirectory()
    expect(await kymograph('rm', '--store', path, '--all-labels')).toMatchObject({ code: 2 })
    expect((await (await FileStore.open(path)).page({})).sessions).toHaveLength(3)
  })

  it('removes nothing when one of the ids is none', async () => {
    const path = await filledDirectory()
    expect(await kymograph('rm', '--store', path, sessionId(1), 'walk')).toMatchObject({ code: 2 })
    expect((await (await FileStore.open(path)).page({})).sessions).toHaveLength(3)
  })

  it('goes on behind a session that is being recorded, and says so', async () => {
    const path = await filledDirectory()
    const { sessionId: recorded } = await recordInProcess(path)
    await expect.poll(async () => (await (await FileStore.open(path)).page({})).sessions).toHaveLength(4)
    expect(await kymograph('rm', '--store', path, '--min-duration', '0s')).toMatchObject({
      code: 1,
      stdout: 'removed 3 sessions\n',
      stderr: expect.stringContaining(`session ${recorded} is being written`),
    })
  })
})

describe('kymograph prune', () => {
  it('removes the oldest sessions', async () => {
    const path = await filledDirectory()
    expect(await kymograph('prune', '--store', path)).toMatchObject({ code: 2 })
    expect(await kymograph('prune', '--store', path, '--max-bytes', 'much')).toMatchObject({ code: 2 })
    const { bytes } = (await (await FileStore.open(path)).get(sessionId(3)))!
    const pruned = await kymograph('prune', '--store', path, '--max-bytes', String(2 * bytes), '--json')
    expect(JSON.parse(pruned.stdout).sessions).toContain(sessionId(1))
    expect((await kymograph('prune', '--store', path, '--max-age', '0s')).code).toBe(0)
    expect((await (await FileStore.open(path)).page({})).sessions).toEqual([])
  })
})

describe('kymograph recover', () => {
  it('closes each session once when two processes do it at the same time', async () => {
    const path = await temporaryDirectory()
    const target = await FileStore.open(path)
    for (let i = 0; i < 40; i++) await store(target, { id: sessionId(i), startMinute: i, chunks: 2, isFinal: false })
    await target.close()
    const both = await Promise.all([1, 2].map(() => kymograph('recover', '--store', path, '--json')))
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    const closed = both.flatMap(({ stdout }) => JSON.parse(stdout) as unknown[])
    expect(closed).toHaveLength(40)
    const { sessions } = await (await FileStore.open(path)).page({ state: 'recovered' })
    expect(sessions.map(({ chunks }) => chunks)).toEqual(Array(40).fill(3))
  })

  it('closes the session of a killed recorder, and says what may be lost', async () => {
    const path = await temporaryDirectory()
    const writer = await recordInProcess(path)
    await writer.stored(4)
    expect((await kymograph('recover', '--store', path)).stdout).toBe('no session to recover\n')
    await writer.kill()
    const [recovery] = JSON.parse((await kymograph('recover', '--store', path, '--json')).stdout)
    expect(recovery).toMatchObject({ session: { id: writer.sessionId, state: 'recovered' } })
    expect(recovery.session.tailMs).toBeGreaterThan(0)
    expect(recovery.tailFrames.s).toBeGreaterThan(0)
    expect(await kymograph('info', writer.sessionId, '--store', path)).toMatchObject({ code: 0 })
    expect((await kymograph('recover', '--store', path)).stdout).toBe('no session to recover\n')
    expect((await kymograph('ls', '--store', path)).stdout).toContain('recovered')
  }, 20_000)

  it('saves the whole chunks of a damaged file', async () => {
    const path = await temporaryDirectory()
    const target = await FileStore.open(path)
    await store(target, { id: sessionId(1), startMinute: 1, chunks: 3 })
    const file = join(path, `${sessionId(1)}.kymo`)
    const bytes = await readFile(file)
    const damaged = Uint8Array.from(bytes)
    const magic = Uint8Array.of(0x89, 0x4b, 0x59, 0x4d)
    const second = bytes.indexOf(magic, 1)
    const third = bytes.indexOf(magic, second + 1)
    damaged[second + 100]! ^= 1
    await writeFile(file, damaged)
    const output = join(path, 'saved.kymo')
    expect(await kymograph('recover', file, '-o', output)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('saved 2 chunks'),
    })
    const expected = Buffer.concat([bytes.subarray(0, second), bytes.subarray(third)])
    expect((await readFile(output)).equals(expected)).toBe(true)
    expect(await kymograph('recover', file, '-o', output)).toMatchObject({ code: 2 })
  })
})
