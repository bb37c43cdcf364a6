import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readChunks } from '../../src/read/index.js'

const CLI = resolve('dist/cli.js')
const EXAMPLES = resolve('examples/recordings')

interface Outcome {
  code: number
  stdout: string
  stderr: string
}

function kymograph(...args: string[]): Promise<Outcome> {
  return new Promise((done) => {
    execFile(process.execPath, [CLI, ...args], { maxBuffer: 1 << 28, cwd: directory }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

let directory: string
let files = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kymograph-cli-'))
})
afterAll(() => rm(directory, { recursive: true }))

/** A fresh file with this content. */
async function file(content: string | Uint8Array, extension = 'csv'): Promise<string> {
  const path = join(directory, `file${files++}.${extension}`)
  await writeFile(path, content)
  return path
}

/** A fresh store with one recorded file, and its session. */
async function recorded(content: string | Uint8Array, args: string[] = [], extension = 'csv') {
  const store = join(directory, `store${files++}`)
  const path = await file(content, extension)
  const { code, stdout, stderr } = await kymograph('record', path, '--store', store, '--json', ...args)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [session] = JSON.parse(stdout)
  return { store, session, id: session.id as string, path: join(store, `${session.id}.kymo`) }
}

const CSV =
  'timestamp_ns,x,y\n1700000000000000000,1.5,-0\n1700000000010000000,,NaN\n1700000000010000000,2.5,1e-300\n1699999999000000000,3,4\n'

describe('kymograph record and cat', () => {
  it.each(['gaze_200hz.csv', 'phone_6axis_100hz.csv'])('give %s back cell by cell', async (name) => {
    const content = await readFile(join(EXAMPLES, name), 'utf8')
    const { store, id } = await recorded(content)
    const { code, stdout } = await kymograph('cat', id, '--store', store)
    expect(code).toBe(0)
    const rows = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((line) => line.split(','))
    const [header, ...given] = rows(content)
    const [, ...got] = rows(stdout)
    const time = header!.findIndex((column) => column.startsWith('timestamp'))
    const expected = given.map((cells) => [
      name.startsWith('gaze') ? cells[time] : `${cells[time]}000000`,
      ...cells.filter((_, i) => i !== time),
    ])
    expect(got).toEqual(expected)
  })

  it('keep −0, NaN, empty cells, repeats and steps back', async () => {
    const { store, id, session } = await recorded(CSV)
    expect((await kymograph('cat', id, '--store', store)).stdout).toBe(CSV)
    expect(session.streams[`${Object.keys(session.streams)[0]}`]).toMatchObject({
      repeatedTimestamps: 1,
      backwardTimestamps: 1,
      received: 4,
      ingested: 4,
    })
  })

  it('speak NDJSON both ways, gzipped too', async () => {
    const ndjson =
      '{"timestamp_ns":1700000000000000001,"a":{"b":1.5},"text":"grüße","big":9007199254740993,"on":true}\n{"timestamp_ns":1700000000000000002,"text":null,"big":-1,"on":false}\n'
    const { store, id } = await recorded(gzipSync(ndjson), [], 'ndjson.gz')
    const { stdout } = await kymograph('cat', id, '--store', store, '--format', 'ndjson')
    expect(stdout.split('\n')[0]).toBe(
      '{"timestamp_ns":1700000000000000001,"a.b":1.5,"text":"grüße","big":9007199254740993,"on":"true"}',
    )
    expect(stdout.split('\n')[1]).toBe('{"timestamp_ns":1700000000000000002,"big":-1,"on":"false"}')
  })

  it('record several sensors of one file as streams, and print the one asked for', async () => {
    const tsv =
      '1574565814638\tTYPE_ACC\t-1.5\t0.25\n1574565814638\tTYPE_MAG\t10\t20\t30\n1574565814658\tTYPE_ACC\t-1.25\t0.5\n1574565814658\tTYPE_MAG\t11\t21\t31\n'
    const { store, id } = await recorded(tsv, [], 'tsv')
    const refused = await kymograph('cat', id, '--store', store)
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--stream: TYPE_ACC, TYPE_MAG') })
    expect((await kymograph('cat', id, '--store', store, '--stream', 'TYPE_ACC')).stdout).toBe(
      'timestamp_ns,c3,c4\n1574565814638000000,-1.5,0.25\n1574565814658000000,-1.25,0.5\n',
    )
    const all = await kymograph('cat', id, '--store', store, '--format', 'ndjson')
    expect(
      all.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).stream),
    ).toEqual(['TYPE_ACC', 'TYPE_ACC', 'TYPE_MAG', 'TYPE_MAG'])
  })

  it('record the first part only with --duration', async () => {
    const csv = `t_ms,x\n${Array.from({ length: 100 }, (_, i) => `${i * 10},${i}`).join('\n')}\n`
    const { session } = await recorded(csv, ['--duration', '250ms'])
    expect(Object.values(session.streams)).toMatchObject([{ ingested: 25 }])
  })

  describe('with --rate', () => {
    const rows = Array.from(
      { length: 101 },
      (_, i) => `${i * 10},${i / 2},${i * 3},${i < 50 ? 'walk' : 'run'},${i % 4 ? `note ${i}` : ''}`,
    )
    const csv = `t_ms,x,n,mode,note\n${rows.join('\n')}\n`
    const cat = async (store: string, id: string, ...args: string[]) =>
      (await kymograph('cat', id, '--store', store, ...args)).stdout.trim().split('\n')

    it('resample numbers, hold text and enum, and say how', async () => {
      const { store, id, session } = await recorded(csv, ['--rate', '50', '--method', 'linear'])
      const cells = await cat(store, id)
      expect(cells.slice(0, 4)).toEqual([
        'timestamp_ns,x,n,mode,note',
        '0,0,0,walk,',
        '20000000,1,6,walk,note 2',
        '40000000,2,12,walk,',
      ])
      expect(cells).toHaveLength(52)
      expect(Object.values(session.streams)).toMatchObject([
        { received: 101, ingested: 101, produced: 51, resampledHz: 50, resampleMethod: 'linear' },
      ])
      const described = await kymograph('info', id, '--store', store)
      expect(described.stdout).toContain('resampled to 50.0 Hz (linear), 51 frames of 101 at 100.0 Hz\n')
      const [stream] = JSON.parse((await kymograph('info', id, '--store', store, '--json')).stdout).streams
      expect(stream).toMatchObject({
        frames: 51,
        ingested: 101,
        effectiveRateHz: 100,
        resampledHz: 50,
        resampleMethod: 'linear',
      })
    })

    it('are sinc by default, of the quality asked for', async () => {
      const { session } = await recorded(csv, ['--rate', '50', '--quality', 'best'])
      expect(Object.values(session.streams)).toMatchObject([{ resampleMethod: 'sinc', resampleQuality: 'best' }])
    })

    it('keep integers with hold, and the time of the last frame', async () => {
      const { store, id, session } = await recorded(csv, ['--rate', '40', '--method', 'hold'])
      expect((await cat(store, id)).slice(0, 3)).toEqual([
        'timestamp_ns,x,n,mode,note',
        '0,0,0,walk,',
        '25000000,1,6,walk,note 2',
      ])
      expect(Date.parse(session.endedAt) - Date.parse(session.startedAt)).toBe(1000)
      const [stream] = JSON.parse((await kymograph('info', id, '--store', store, '--json')).stdout).streams
      expect(stream.channels).toMatchObject([{ type: 'f32' }, { type: 'i32' }, { type: 'enum' }, { type: 'text' }])
    })

    it('keep the frames as they came with --keep-raw', async () => {
      const { store, id } = await recorded(csv, ['--rate', '50', '--keep-raw', '--stream', 'imu', '--method', 'linear'])
      expect((await cat(store, id, '--stream', 'imu')).slice(1)).toEqual(
        rows.map((row) => row.replace(/^\d+/, (ms) => (ms === '0' ? ms : `${ms}000000`))),
      )
      expect(await cat(store, id, '--stream', 'imu.resampled')).toHaveLength(52)
      expect((await kymograph('ls', '--store', store)).stdout).toContain(
        'imu 101 @ 100.0 Hz, imu.resampled 51 @ 50.0 Hz',
      )
      const path = await file(csv)
      const table = await kymograph('record', path, '--store', store, '--rate', '50', '--keep-raw', '--stream', 'imu')
      expect(table.stdout).toMatch(/^imu +x:f32 n:f64 .*\nimu\.resampled /m)
      expect(table.stdout).toContain('column "n" holds integers, which are resampled as f64')
    })

    it('warn of a rate beyond the input', async () => {
      const store = join(directory, `store${files++}`)
      const { code, stderr } = await kymograph(
        'record',
        await file(csv),
        '--store',
        store,
        '--rate',
        '500',
        '--stream',
        's',
      )
      expect(code).toBe(0)
      expect(stderr).toMatch(/^kymograph: warning: stream "s" is resampled to 500 Hz .* at 100 Hz.*at most 200\n$/)
    })

    it.each([
      [['--rate', '0'], 'resample.rateHz" expected > 0 and ≤ 1000000, got 0'],
      [['--rate=-5'], 'resample.rateHz" expected > 0 and ≤ 1000000, got -5'],
      [['--rate', '2e6'], 'resample.rateHz" expected > 0 and ≤ 1000000, got 2000000'],
      [['--rate', 'NaN'], '--rate expected a number, got "NaN"'],
      [['--rate', '50', '--method', 'spline'], '--method expected one of sinc, linear, cubic, hold, got "spline"'],
      [['--rate', '50', '--quality', 'high'], '--quality expected one of fast, standard, best, got "high"'],
      [['--method', 'hold'], '--method needs --rate HZ'],
      [['--quality', 'best'], '--quality needs --rate HZ'],
      [['--keep-raw'], '--keep-raw needs --rate HZ'],
      [['--rate', '50', '--keep-raw', '--stream', 's'.repeat(55)], 'keepRaw stream name" expected 1–64 characters'],
    ])('refuse %j', async (args, message) => {
      const store = join(directory, `store${files++}`)
      const { code, stderr } = await kymograph('record', await file(csv), '--store', store, ...args)
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) })
    })
  })
})

describe('kymograph ls and journeys', () => {
  it('find sessions by label and journey', async () => {
    const store = join(directory, 'lookup')
    const path = await file(CSV)
    await kymograph(
      'record',
      path,
      '--store',
      store,
      '--label',
      'login',
      '--label',
      'retry',
      '--journey',
      'j-1',
      '--metadata',
      'app=shop=x',
    )
    await kymograph('record', path, '--store', store, '--label', 'login', '--journey', 'j-1')
    await kymograph('record', path, '--store', store, '--label', '4711001234')
    const list = async (...args: string[]) =>
      JSON.parse((await kymograph('ls', '--store', store, '--json', ...args)).stdout)
    expect(await list()).toHaveLength(3)
    expect(await list('--label', 'login')).toHaveLength(2)
    expect(await list('--label', 'login', '--label', '4711001234')).toHaveLength(3)
    expect(await list('--label', 'login', '--label', 'retry', '--all-labels')).toHaveLength(1)
    expect(await list('--journey', 'j-1', '--limit', '1')).toHaveLength(1)
    expect(await list('--since', '2100-01-01')).toEqual([])
    const [session] = await list('--label', 'retry')
    expect(session).toMatchObject({
      journeyId: 'j-1',
      labels: ['login', 'retry'],
      metadata: { app: 'shop=x' },
      startedAt: '2023-11-14T22:13:20.000Z',
      state: 'stopped',
      streams: [{ frames: 4, lost: 0, channels: [{ name: 'x' }, { name: 'y' }] }],
    })
    expect(JSON.parse((await kymograph('journeys', '--store', store, '--json')).stdout)).toMatchObject([
      { journeyId: 'j-1', sessions: 2 },
    ])
    expect((await kymograph('ls', '--store', store)).stdout).toContain('j-1')
    expect((await kymograph('journeys', '--store', store)).stdout).toContain('login')
  })
})

describe('kymograph info', () => {
  it('says what is in a file, by path and by id', async () => {
    const { store, id, path } = await recorded(CSV, ['--label', 'login'])
    const { code, stdout } = await kymograph('info', path)
    expect(code).toBe(0)
    for (const text of [id, 'login', 'unix', '1 repeated timestamps, 1 steps back']) expect(stdout).toContain(text)
    expect(JSON.parse((await kymograph('info', id, '--store', store, '--json')).stdout)).toMatchObject({
      sessions: [{ id, state: 'stopped' }],
      streams: [{ frames: 4 }],
      findings: [],
    })
  })

  it('and cat tell of a file cut short or with a flipped byte: whole frames, then the error, exit 1', async () => {
    const csv = `timestamp_ns,x\n${Array.from({ length: 30_000 }, (_, i) => `${1_700_000_000_000_000_000n + BigInt(i) * 10_000_000n},${Math.fround(Math.sin(i))}`).join('\n')}\n`
    const { path } = await recorded(csv)
    const bytes = await readFile(path)
    const flipped = Uint8Array.from(bytes)
    flipped[Math.floor(bytes.length / 2)]! ^= 1
    await writeFile(path, flipped)
    const info = await kymograph('info', path)
    expect(info.code).toBe(1)
    expect(info.stdout).toMatch(/finding: crc-mismatch, \d+ bytes from byte \d+/)
    const printed = await kymograph('cat', path)
    expect(printed.code).toBe(1)
    expect(printed.stderr).toMatch(/checksum does not hold.*whole frames/)
    const rows = new Set(csv.split('\n'))
    const lines = printed.stdout.trim().split('\n')
    expect(lines.length).toBeGreaterThan(10_000)
    expect(lines.every((line) => rows.has(line))).toBe(true)

    await writeFile(path, bytes)
    await truncate(path, bytes.length - 5)
    expect(await kymograph('info', path)).toMatchObject({ code: 1, stdout: expect.stringContaining('no-final-chunk') })
    const cut = await kymograph('cat', path)
    expect(cut.code).toBe(1)
    expect(cut.stderr).toContain('cut short')
    expect(csv.startsWith(cut.stdout)).toBe(true)
  })
})

describe('kymograph cat and info', () => {
  it('tell of chunks that are missing, repeated or out of place', async () => {
    const csv = `timestamp_ns,x\n${Array.from({ length: 30_000 }, (_, i) => `${i},${Math.fround(Math.sin(i))}`).join('\n')}\n`
    const { path } = await recorded(csv)
    const bytes = await readFile(path)
    const ends: number[] = []
    for await (const item of readChunks(bytes)) if (item.kind === 'chunk') ends.push(item.offset + item.bytes.length)
    expect(ends.length).toBeGreaterThan(3)
    const [first, second, third] = [
      bytes.subarray(0, ends[0]),
      bytes.subarray(ends[0], ends[1]),
      bytes.subarray(ends[1]),
    ]
    const whole = await kymograph('cat', path)
    await writeFile(path, Buffer.concat([first, third]))
    expect(await kymograph('cat', path)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('1 between them are missing'),
    })
    await writeFile(path, Buffer.concat([first, second, second, third]))
    const repeated = await kymograph('cat', path)
    expect(repeated).toMatchObject({ code: 1, stderr: expect.stringContaining('comes again') })
    expect(repeated.stdout).toBe(whole.stdout)
    await writeFile(path, Buffer.concat([second, first, third]))
    expect((await kymograph('info', path)).stdout).toMatch(/finding: sequence: .*\n.*comes after/s)
  })
})

describe('kymograph with bad input', () => {
  const LABELS = Array.from({ length: 33 }, (_, i) => ['--label', `l${i}`]).flat()
  const NO_TIME = 'x,y\n5,1\n3,2\n4,3\n'
  it.each<[string, string | undefined, string[], number, RegExp]>([
    ['a missing file', undefined, [], 1, /missing\.csv/],
    ['an empty file', '', [], 1, /file\d+\.csv.*empty/],
    ['ragged rows', 't,x\n1,2\n2\n', [], 1, /file\d+\.csv.*line 3.*2.*1/],
    ['text in a number column', 't,x\n1,2\n2,abc\n', [], 1, /file\d+\.csv.*line 3.*x.*abc/],
    ['no time column', NO_TIME, [], 1, /time column.*--time/],
    ['a time column that is not there', CSV, ['--time', 'zeit'], 1, /zeit/],
    ['an unknown time unit', CSV, ['--time-unit', 'min'], 2, /--time-unit.*min/],
    ['a label of 65 characters', CSV, ['--label', 'a'.repeat(65)], 2, /labels\[0\].*65/],
    ['a label with a control character', CSV, ['--label', 'a\u0007'], 2, /U\+0007/],
    ['33 labels', CSV, LABELS, 2, /at most 32 labels, got 33/],
    ['an empty journey', CSV, ['--journey', ''], 2, /journeyId.*got 0/],
    ['a journey of 65 characters', CSV, ['--journey', 'j'.repeat(65)], 2, /journeyId.*65/],
    ['a duration of 0', CSV, ['--duration', '0'], 2, /--duration.*"0"/],
    ['a duration that is none', CSV, ['--duration', 'NaN'], 2, /--duration.*NaN/],
    ['a negative duration', CSV, ['--duration=-1'], 2, /--duration.*-1/],
    ['a rate of 0', CSV, ['--rate', '0'], 2, /rateHz.*0/],
    ['metadata without a value', CSV, ['--metadata', 'app'], 2, /--metadata.*KEY=VALUE.*app/],
    ['an unknown option', CSV, ['--lable', 'x'], 2, /--lable/],
  ])('refuses %s in one line and writes nothing', async (_, content, args, code, message) => {
    const store = join(directory, `none${files++}`)
    const path = content === undefined ? join(directory, 'missing.csv') : await file(content)
    const outcome = await kymograph('record', path, '--store', store, ...args)
    expect(outcome).toMatchObject({ code, stdout: '' })
    expect(outcome.stderr).toMatch(message)
    expect(outcome.stderr.trim().split('\n')).toHaveLength(1)
    await expect(readdir(store)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('records nothing of several files when one of them is bad', async () => {
    const store = join(directory, `none${files++}`)
    const outcome = await kymograph('record', await file(CSV), await file('t,x\n1,2\n2\n'), '--store', store)
    expect(outcome.code).toBe(1)
    await expect(readdir(store)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('refuses a store that is a file', async () => {
    const path = await file(CSV)
    expect(await kymograph('record', path, '--store', path)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is a file'),
    })
    expect(await kymograph('ls', '--store', path)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is a file'),
    })
  })

  it('refuses what is no session', async () => {
    const store = join(directory, `none${files++}`)
    expect(await kymograph('ls', '--store', store)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no store at'),
    })
    expect(await kymograph('info', directory)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is a directory'),
    })
    expect(await kymograph('info', await file(''))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is empty'),
    })
    expect(await kymograph('info', await file('hello'))).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('is not a session file'),
    })
    expect(await kymograph('cat', '0199d3c2-7c1e-7b7e-8f63-1b2c3d4e5f60', '--store', directory)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no session at'),
    })
    expect(await kymograph('cat', '0199d3c2-7c1e-7b7e-8f63-1b2c3d4e5f60')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--store'),
    })
    expect(await kymograph('cat')).toMatchObject({ code: 2 })
    expect(await kymograph('record', '--store', store)).toMatchObject({ code: 2 })
    expect(await kymograph('record', await file(CSV))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--store'),
    })
  })

  it('helps', async () => {
    expect(await kymograph()).toMatchObject({ code: 2, stdout: expect.stringContaining('record') })
    expect(await kymograph('--help')).toMatchObject({ code: 0 })
    expect(await kymograph('frobnicate')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('unknown verb "frobnicate"'),
    })
    for (const verb of ['record', 'ls', 'journeys', 'info', 'cat']) {
      expect(await kymograph(verb, '--help')).toMatchObject({
        code: 0,
        stdout: expect.stringContaining(`usage: kymograph ${verb}`),
      })
    }
    expect((await kymograph('--version')).stdout).toBe('0.1.0\n')
  })

  it('ends quietly when the reader of its output has had enough', async () => {
    const csv = `timestamp_ns,x\n${Array.from({ length: 50_000 }, (_, i) => `${1_700_000_000_000_000_000n + BigInt(i)},${i}`).join('\n')}\n`
    const { path } = await recorded(csv)
    const outcome = await new Promise<Outcome>((done) => {
      execFile('sh', ['-c', `"${process.execPath}" "${CLI}" cat "${path}" | head -1`], (error, stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, stdout, stderr }),
      )
    })
    expect(outcome).toEqual({ code: 0, stdout: 'timestamp_ns,x\n', stderr: '' })
  })
})
