import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRecorder } from '../support/node-recorder.js'

const run = promisify(execFile)
const options = { maxBuffer: 1 << 28 }
const hasPython = spawnSync('python3', ['--version']).status === 0

/** examples/python/read_kymo.py was written from docs/format.md alone: where both agree, the document is complete. */
describe.skipIf(!hasPython && process.env.CI === undefined)('the Python reader', () => {
  async function agrees(directory: string, stream: string): Promise<number> {
    const name = (await readdir(directory)).find((file) => file.endsWith('.kymo'))
    const path = join(directory, name!)
    const ours = await run(process.execPath, [resolve('dist/cli.js'), 'cat', path, '--stream', stream], options)
    const theirs = await run('python3', [resolve('examples/python/read_kymo.py'), path, '--stream', stream], options)
    expect(theirs.stdout).toBe(ours.stdout)
    return ours.stdout.split('\n').length
  }

  async function directory(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'kymograph-python-'))
    onTestFinished(() => rm(path, { recursive: true }))
    return path
  }

  it.each(['gaze_200hz.csv', 'phone_6axis_100hz.csv'])('prints %s as cat does', async (file) => {
    const store = await directory()
    await run(process.execPath, [
      resolve('dist/cli.js'),
      'record',
      resolve('examples/recordings', file),
      '--store',
      store,
      '--label',
      'grüße',
    ])
    expect(await agrees(store, file.replace('.csv', ''))).toBeGreaterThan(1500)
  })

  it('prints what was resampled, and what was held', async () => {
    const store = await directory()
    const recorder = await createRecorder({ store: { directory: store } })
    const session = await recorder.createSession({
      streams: {
        s: {
          channels: ['x', { name: 't', type: 'text' }],
          clock: 'relative',
          resample: { rateHz: 60, quality: 'best', keepRaw: true },
        },
      },
    })
    for (let i = 0; i < 500; i++) session.stream('s').push(i * 10, Math.sin(i / 9), i % 7 ? `t${i}` : undefined)
    await session.stop()
    await recorder.dispose()
    expect(await agrees(store, 's')).toBe(502)
    expect(await agrees(store, 's.resampled')).toBeGreaterThan(290)
    const reader = resolve('examples/python/read_kymo.py')
    const { stdout } = await run('python3', [reader, join(store, `${session.id}.kymo`), '--json'], options)
    expect(JSON.parse(stdout).chunks[0].streams).toMatchObject([
      { name: 's', resampled_hz: 0, resample_method: null },
      { name: 's.resampled', resampled_hz: 60, resample_method: 'sinc', resample_quality: 'best' },
    ])
  })

  it('prints every type, absent and special values as cat does', async () => {
    const store = await directory()
    const recorder = await createRecorder({ store: { directory: store } })
    const session = await recorder.createSession({
      labels: ['all', 'grüße'],
      metadata: { __proto__x: 'y', empty: '' },
      streams: {
        all: {
          channels: [
            'd',
            { name: 'f', type: 'f32', unit: 'm/s2' },
            { name: 'i', type: 'i32' },
            { name: 'l', type: 'i64' },
            { name: 'e', type: 'enum', values: ['up', 'down'] },
            { name: 't', type: 'text' },
          ],
        },
      },
    })
    const all = session.stream('all')
    const specials = [
      0,
      -0,
      1e21,
      1e-7,
      5e-324,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      0.1,
      123456.789,
    ]
    for (let i = 0; i < 300; i++) {
      const value = i < 200 ? specials[i % 10] : Math.sin(i)
      all.push(
        i * 1.25,
        value,
        value,
        i - 150,
        BigInt(i) << 54n,
        i % 3 ? 'up' : undefined,
        ['', 'a,b', '"q"', '\ufeffé\n', null][i % 5],
      )
    }
    session.mark('m', { ok: true, n: -0, s: 'x' })
    await session.stop()
    await recorder.dispose()
    expect(await agrees(store, 'all')).toBeGreaterThan(300)
  })
})
