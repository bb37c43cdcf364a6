import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crc32c } from '../../src/kernels/reference/crc32c.js'
import { framesOf, readChunks } from '../../src/read/index.js'
import type { Chunk } from '../../src/wire/model.js'
import { fileOf, oneStream, twoStreams } from '../export/sample-session.js'
import { buildChunk } from '../support/chunk-builder.js'
import { frameOf } from '../support/sample-chunks.js'

const CLI = resolve('dist/cli.js')
let directory: string
let files = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kymograph-files-'))
})
afterAll(() => rm(directory, { recursive: true }))

function kymograph(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [CLI, ...args], { maxBuffer: 1 << 28, cwd: directory }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
  })
}

async function file(bytes: Uint8Array, ending = 'kymo'): Promise<string> {
  const path = join(directory, `file${files++}.${ending}`)
  await writeFile(path, bytes)
  return path
}

const fresh = (ending: string) => join(directory, `out${files++}.${ending}`)
const chunksIn = async (path: string): Promise<Chunk[]> => {
  const chunks: Chunk[] = []
  for await (const item of readChunks(await readFile(path))) {
    if (item.kind === 'damage') throw item.error
    chunks.push(item.chunk)
  }
  return chunks
}
const flipped = (bytes: Uint8Array, at: number) => {
  const copy = bytes.slice()
  copy[at]! ^= 1
  return copy
}
const OTHER_ID = '0199d3c2-7c1e-7b7e-8f63-0000000000aa'
/** Another session of the same journey, earlier. */
const earlier = buildChunk(
  [{ name: 'all', clock: 'unix', times: [5n], channels: [{ name: 'x', type: 'f64', cells: [1] }] }],
  { sessionId: OTHER_ID, journeyId: 'checkout-7f3a', startedAtNs: 1n, labels: ['first'] },
)

describe('kymograph doctor', () => {
  it('calls a sound file sound', async () => {
    const { code, stdout } = await kymograph('doctor', await file(fileOf(oneStream)))
    expect([code, stdout]).toEqual([0, expect.stringMatching(/1 session, 4 chunks, 300 frames: sound\n$/)])
  })

  it.each<[string, (chunks: Chunk[]) => Uint8Array, string, RegExp]>([
    ['a flipped bit', (chunks) => flipped(fileOf(chunks), 500), 'crc-mismatch', /checksum does not hold/],
    ['a missing chunk', ([a, , c]) => fileOf([a!, c!]), 'sequence', /1 between them are missing/],
    ['a chunk that comes again', ([a, b, c]) => fileOf([a!, b!, b!, c!]), 'sequence', /comes again/],
    ['a missing final chunk', ([a, b]) => fileOf([a!, b!]), 'no-final-chunk', /no final chunk/],
    ['another session between', ([a, b, c]) => fileOf([a!, earlier, b!, c!]), 'sequence', /another session/],
    [
      'counts that go down',
      (chunks) => fileOf(withCounts(chunks, { invalidValues: 7 })),
      'counts',
      /invalidValues went from 7 to 0/,
    ],
    [
      'repeats that are not there',
      (chunks) => fileOf(withCounts(chunks, { repeatedTimestamps: 1 })),
      'counts',
      /1 repeated timestamps are counted, 0 there/,
    ],
    [
      'frames with another number',
      ([a, b, c, d]) => fileOf([a!, withFirstFrame(b!, 98), c!, d!]),
      'counts',
      /begins with frame 98, 100 came before/,
    ],
    [
      'frames that are pending at the end',
      ([a, b, c, d]) => fileOf([a!, b!, withPending(c!), d!]),
      'counts',
      /3 frames are neither/,
    ],
    [
      'other labels of the same revision',
      ([a, b, c]) => fileOf([a!, { ...b!, labels: ['x'] }, c!]),
      'labels',
      /same revision 0/,
    ],
    [
      'labels of an older revision',
      ([a, b, c]) => fileOf([{ ...a!, labelsRevision: 2 }, b!, c!]),
      'labels',
      /behind those of 2/,
    ],
    [
      'a clock that steps back',
      ([a, b, c, d]) => fileOf([a!, { ...b!, clocks: [{ monotonicNs: 1n, wallNs: 1n }] }, c!, d!]),
      'clock',
      /stepped back/,
    ],
  ])('finds %s', async (_, damage, code, message) => {
    const path = await file(damage(oneStream))
    const outcome = await kymograph('doctor', path, '--json')
    expect(outcome.code).toBe(1)
    const { findings } = JSON.parse(outcome.stdout)
    expect(findings).toContainEqual(expect.objectContaining({ code, message: expect.stringMatching(message) }))
    expect((await kymograph('doctor', path)).stdout).toMatch(message)
  })

  it('notes a jump of the wall clock, which is no fault', async () => {
    const [a, b, ...rest] = oneStream
    const clocks = [{ monotonicNs: 2_002_000_000n, wallNs: 1_763_800_009_000_000_000n }]
    const later = rest.map((chunk) => ({ ...chunk, clocks }))
    const { code, stdout } = await kymograph('doctor', await file(fileOf([a!, { ...b!, clocks }, ...later])), '--json')
    expect([code, JSON.parse(stdout).findings]).toMatchObject([0, [{ code: 'clock-jump', isNote: true }]])
  })
})

function withCounts(chunks: Chunk[], counts: object): Chunk[] {
  const [first, ...rest] = chunks
  const [piece] = first!.streams
  return [{ ...first!, streams: [{ ...piece!, counts: { ...piece!.counts, ...counts } }] }, ...rest]
}

function withFirstFrame(chunk: Chunk, firstFrame: number): Chunk {
  const [piece] = chunk.streams
  const produced = firstFrame + piece!.frameCount
  return {
    ...chunk,
    streams: [
      { ...piece!, firstFrame, counts: { ...piece!.counts, produced, ingested: produced, received: produced } },
    ],
  }
}

function withPending(chunk: Chunk): Chunk {
  const [piece] = chunk.streams
  return { ...chunk, streams: [{ ...piece!, counts: { ...piece!.counts, received: piece!.counts.received + 3 } }] }
}

describe('kymograph convert', () => {
  it.each([
    ['csv', 'timestamp_ns,d,f'],
    ['ndjson', '{"timestamp_ns":1763800000123456789,"d":0'],
    ['parquet', 'PAR1'],
    ['arrow', 'ARROW1'],
    ['mcap', '\x89MCAP'],
  ])('writes %s', async (ending, magic) => {
    const output = fresh(ending)
    const { code, stdout, stderr } = await kymograph('convert', await file(fileOf(oneStream)), '-o', output)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain(output)
    expect((await readFile(output, 'latin1')).startsWith(magic)).toBe(true)
  })

  it('writes a file per stream, streams side by side, values one by one', async () => {
    const path = await file(fileOf(twoStreams))
    const output = fresh('csv')
    const perStream = await kymograph('convert', path, '-o', output, '--layout', 'stream')
    expect(perStream.code).toBe(0)
    const base = output.slice(0, -4)
    expect((await readFile(`${base}.slow.csv`, 'utf8')).split('\n')[0]).toBe('timestamp_ns,x,word')
    expect((await readFile(`${base}.fast.csv`, 'utf8')).split('\n')).toHaveLength(18)
    const wide = fresh('csv')
    await kymograph('convert', path, '-o', wide)
    expect((await readFile(wide, 'utf8')).split('\n')[0]).toBe('timestamp_ns,fast.x,slow.x,slow.word')
    const long = fresh('csv')
    await kymograph('convert', path, '-o', long, '--layout', 'long', '--utc', '--stream', 'fast')
    expect((await readFile(long, 'utf8')).split('\n')[1]).toBe('1000000000000000000,fast,x,0')
  })

  it('exports what is whole of a damaged file, and says so with code 1', async () => {
    const output = fresh('ndjson')
    const { code, stderr } = await kymograph('convert', await file(flipped(fileOf(oneStream), 60)), '-o', output)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/checksum.*whole frames have been exported/)])
    expect((await readFile(output, 'utf8')).trim().split('\n')).toHaveLength(200)
  })

  it('leaves nothing behind when it fails', async () => {
    const mixed = buildChunk(
      (['unix', 'relative'] as const).map((clock) => ({
        name: clock,
        clock,
        times: [1n],
        channels: [{ name: 'x', type: 'f64' as const, cells: [1] }],
      })),
    )
    const before = await readdir(directory)
    const path = await file(fileOf([mixed]))
    const { code, stderr } = await kymograph('convert', path, '-o', 'failed.csv')
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^kymograph: the streams are on different clocks.*\n$/)])
    expect((await readdir(directory)).length).toBe(before.length + 1)
  })
})

describe('kymograph recover of files', () => {
  it('saves the whole chunks, reads them back, and loses only what is damaged', async () => {
    const output = fresh('kymo')
    const bytes = Buffer.concat([Buffer.from('junk'), flipped(fileOf(oneStream), 60)])
    const { code, stdout } = await kymograph('recover', await file(bytes), '-o', output)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/saved 3 chunks with 200 frames, left out .* of damage/)])
    expect((await chunksIn(output)).map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(await kymograph('recover', await file(fileOf(oneStream)), '-o', fresh('kymo'))).toMatchObject({ code: 0 })
  })

  it('does so for every file of a directory', async () => {
    const from = await mkdtemp(join(directory, 'damaged-'))
    await writeFile(join(from, 'a.kymo'), fileOf(oneStream))
    await writeFile(join(from, 'b.kymo'), flipped(fileOf(twoStreams), 60))
    const to = fresh('recovered')
    const { code, stdout } = await kymograph('recover', from, '-o', to, '--json')
    expect([code, JSON.parse(stdout)]).toMatchObject([1, [{ chunks: 4, skippedBytes: 0 }, { chunks: 1 }]])
    expect((await readdir(to)).sort()).toEqual(['a.kymo', 'b.kymo'])
  })

  it('says when nothing is whole, and leaves no file', async () => {
    const output = fresh('kymo')
    const { code, stderr } = await kymograph('recover', await file(new Uint8Array(5000)), '-o', output)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^kymograph: nothing is whole in .*\n$/)])
    await expect(readFile(output)).rejects.toThrow(/ENOENT/)
  })
})

describe('a file with several sessions', () => {
  const twoSessions = () => file(Buffer.concat([frameOf(earlier), fileOf(oneStream)]))

  it('has info tell the streams of each', async () => {
    const path = await twoSessions()
    const { sessions, streams } = JSON.parse((await kymograph('info', path, '--json')).stdout)
    const [first, second] = sessions
    expect(streams).toMatchObject([
      { sessionId: first.id, name: 'all', frames: 1 },
      { sessionId: second.id, name: 'all', frames: 300 },
    ])
    const { stdout } = await kymograph('info', path)
    expect(stdout.match(/^(session|stream|all) /gm)).toEqual([
      'session ',
      'stream ',
      'all ',
      'session ',
      'stream ',
      'all ',
    ])
  })

  it('has cat print the one that is chosen', async () => {
    const path = await twoSessions()
    expect((await kymograph('cat', path, '--session', OTHER_ID)).stdout).toBe('timestamp_ns,x\n5,1\n')
    expect(await kymograph('cat', path)).toMatchObject({ code: 1, stderr: expect.stringMatching(/several sessions/) })
  })

  it.each([[['--layout', 'stream']], [['--layout', 'wide']]])(
    'has convert %j say when there is no such',
    async (args) => {
      const outcome = await kymograph('convert', await twoSessions(), '-o', 'none.csv', '--session', 'nope', ...args)
      expect(outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(/no session "nope"; there are .*, /) })
      expect((await readdir(directory)).filter((name) => name.startsWith('none'))).toEqual([])
    },
  )
})

describe('several files', () => {
  it('one that holds nothing does not keep the others of a directory from being saved', async () => {
    const from = await mkdtemp(join(directory, 'damaged-'))
    await writeFile(join(from, 'a.kymo'), '')
    await writeFile(join(from, 'b.kymo'), new Uint8Array(5000))
    await writeFile(join(from, 'c.kymo'), fileOf(oneStream))
    const to = fresh('recovered')
    const { code, stdout, stderr } = await kymograph('recover', from, '-o', to)
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^.*c\.kymo {2}saved 4 chunks.*\n$/)])
    expect(stderr).toMatch(/^kymograph: .*a\.kymo" is empty.*\nkymograph: nothing is whole in .*b\.kymo".*\n$/)
    expect(await readdir(to)).toEqual(['c.kymo'])
  })

  it('one that is missing or empty does not keep doctor from the others', async () => {
    const [empty, sound] = [await file(new Uint8Array(0)), await file(fileOf(oneStream))]
    const { code, stdout } = await kymograph('doctor', 'missing.kymo', empty, sound, '--json')
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      [{ findings: [{ code: 'not-found' }] }, { findings: [{ code: 'not-kymo' }] }, { chunks: 4, findings: [] }],
    ])
  })

  it('have names that cannot speak to the terminal', async () => {
    const path = join(directory, 'a\x1b[31mb.kymo')
    await writeFile(path, fileOf(oneStream))
    for (const [verb, ...args] of [['info'], ['doctor'], ['recover', '-o', 'c\x1b[31md.kymo', '--force']]) {
      const { stdout } = await kymograph(verb!, path, ...args)
      expect(stdout).toContain('\\u{1b}[31m')
      expect(stdout).not.toContain('\x1b')
    }
  })
})

describe('pipes and devices', () => {
  const shell = (command: string): Promise<{ code: number; stdout: string; stderr: string }> =>
    new Promise((done) => {
      const env = { ...process.env, KYMOGRAPH: `${process.execPath} ${CLI}` }
      execFile('sh', ['-c', command], { cwd: directory, env, encoding: 'latin1' }, (error, stdout, stderr) => {
        done({ code: error ? Number(error.code) : 0, stdout, stderr })
      })
    })

  it.each(['filter', 'recover'])('%s writes to a pipe what it writes to a file', async (verb) => {
    const path = await file(fileOf(oneStream))
    const { code, stdout } = await shell(`$KYMOGRAPH ${verb} ${path} -o /dev/stdout | cat`)
    expect([code, Buffer.from(stdout, 'latin1')]).toEqual([0, Buffer.from(fileOf(oneStream))])
  })

  it('merge writes to a pipe, and converting to one has nothing behind the data', async () => {
    const path = await file(fileOf(oneStream))
    const merged = await shell(`$KYMOGRAPH merge ${path} ${path} -o /dev/stdout | cat`)
    expect(Buffer.from(merged.stdout, 'latin1')).toEqual(Buffer.from(fileOf(oneStream)))
    const csv = await readFile(await converted(path), 'latin1')
    expect((await shell(`$KYMOGRAPH convert ${path} --format csv -o /dev/stdout | cat`)).stdout).toBe(csv)
  })

  it('what stdout goes to is appended to, not replaced', async () => {
    const path = await file(fileOf(oneStream))
    const output = await file(Buffer.from('before\n'), 'csv')
    await shell(`$KYMOGRAPH convert ${path} --format csv -o /dev/stdout >> ${output}`)
    const csv = await readFile(await converted(path), 'latin1')
    expect(await readFile(output, 'latin1')).toBe(`before\n${csv}`)
  })

  it('what reads twice refuses a pipe, and what reads once takes it', async () => {
    const path = await file(fileOf(oneStream))
    for (const line of [
      'filter /dev/stdin -o p.kymo',
      `merge ${path} /dev/stdin -o p.kymo`,
      'convert /dev/stdin --layout stream -o p.csv',
    ]) {
      expect(await shell(`cat ${path} | $KYMOGRAPH ${line}`)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/^kymograph: "\/dev\/stdin" is no file, and this reads it twice; .*\n$/),
      })
    }
    const { stdout } = await shell(`cat ${path} | $KYMOGRAPH cat /dev/stdin`)
    expect(stdout).toBe((await shell(`$KYMOGRAPH cat ${path}`)).stdout)
  })

  it.each(['cat %', 'convert % --format csv -o /dev/stdout'])('a full device has %s say so', async (line) => {
    const { code, stderr } = await shell(`$KYMOGRAPH ${line.replace('%', await file(fileOf(oneStream)))} > /dev/full`)
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^kymograph: .*no space left on device.*\n$/)])
  })

  async function converted(path: string): Promise<string> {
    const output = fresh('csv')
    await kymograph('convert', path, '-o', output)
    return output
  }
})

describe('kymograph merge', () => {
  it('puts pieces of a session together, each chunk once', async () => {
    const frames = oneStream.map(frameOf)
    const [a, b] = [await file(Buffer.concat([frames[2]!, frames[0]!])), await file(Buffer.concat(frames.slice(0, 2)))]
    const c = await file(frames[3]!)
    const output = fresh('kymo')
    expect(await kymograph('merge', a, b, c, '-o', output)).toMatchObject({ code: 0, stderr: '' })
    expect(await readFile(output)).toEqual(Buffer.from(fileOf(oneStream)))
  })

  it('puts sessions of a journey one behind the other, which doctor calls sound', async () => {
    const output = fresh('kymo')
    const paths = [await file(fileOf(oneStream)), await file(frameOf(earlier))]
    expect(await kymograph('merge', ...paths, '-o', output)).toMatchObject({ code: 0 })
    expect((await chunksIn(output)).map(({ sessionId }) => sessionId)[0]).toBe(OTHER_ID)
    expect((await kymograph('doctor', output)).stdout).toMatch(/2 sessions, 5 chunks.*sound/)
    const refused = await kymograph('cat', output)
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('several sessions') })
  })

  it('refuses other journeys, and tells of missing chunks and of two that share an id', async () => {
    const other = await file(frameOf({ ...earlier, journeyId: 'other' }))
    const path = await file(fileOf(oneStream))
    expect(await kymograph('merge', path, other, '-o', fresh('kymo'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('different sessions and journeys'),
    })
    const [a, b] = oneStream
    const half = await file(fileOf([a!]))
    expect(
      await kymograph('merge', half, await file(fileOf([{ ...a!, labels: ['x'] }])), '-o', fresh('kymo')),
    ).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is another one than in .*\n.*final chunk of session .* is missing/),
    })
    expect(await kymograph('merge', half, await file(fileOf([b!])), '-o', fresh('kymo'))).toMatchObject({ code: 1 })
  })
})

describe('kymograph filter', () => {
  it('keeps the frames of a time, counts the others as redacted, and stays sound', async () => {
    const output = fresh('kymo')
    const from = '2025-11-22T08:26:40.248456789Z'
    const to = '2025-11-22T08:26:40.498456789'
    const path = await file(fileOf(oneStream))
    const outcome = await kymograph('filter', path, '-o', output, '--from', from, '--to', to)
    expect(outcome).toMatchObject({ code: 0, stderr: '' })
    const chunks = await chunksIn(output)
    const times = chunks.flatMap((chunk) => chunk.streams.flatMap(() => [...framesOf(chunk, 'all').timestampsNs]))
    expect([times.length, times[0], times.at(-1)]).toEqual([
      100,
      1_763_800_000_248_456_789n + 125_000_000n - 125_000_000n,
      times[0]! + 99n * 2_500_000n,
    ])
    const { counts } = chunks[2]!.streams[0]!
    expect(counts).toMatchObject({ received: 300, ingested: 100, produced: 100, lost: { redacted: 200 } })
    expect(await kymograph('doctor', output)).toMatchObject({ code: 0 })
  })

  it.each(['2026-02-30', '2026-01-31T25:00', 'yesterday', '2026', ''])('refuses %j for a time', async (time) => {
    const outcome = await kymograph('filter', await file(fileOf(oneStream)), '-o', fresh('kymo'), '--from', time)
    expect(outcome).toMatchObject({ code: 2, stderr: expect.stringMatching(/--from expected a time such as/) })
  })

  it('keeps streams, labels and journeys', async () => {
    const output = fresh('kymo')
    await kymograph('filter', await file(fileOf(twoStreams)), '-o', output, '--stream', 'slow')
    expect((await chunksIn(output)).map(({ streams }) => streams.map(({ descriptor }) => descriptor.name))).toEqual([
      ['slow'],
      ['slow'],
    ])
    const merged = await file(Buffer.concat([frameOf(earlier), fileOf(oneStream)]))
    const labelled = fresh('kymo')
    await kymograph('filter', merged, '-o', labelled, '--label', 'late')
    expect(await chunksIn(labelled)).toHaveLength(4)
    expect(await kymograph('filter', merged, '-o', fresh('kymo'), '--label', 'nope')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no session with label "nope"'),
    })
    expect(await kymograph('filter', merged, '-o', fresh('kymo'), '--stream', 'nope')).toMatchObject({ code: 2 })
  })
})

describe('bad input', () => {
  const VERBS: [string, string[]][] = [
    ['info', []],
    ['doctor', []],
    ['cat', []],
    ['convert', ['-o', 'x.csv']],
    ['filter', ['-o', 'x.kymo']],
    ['recover', ['-o', 'x.kymo']],
  ]
  const header = (change: (view: DataView) => void) => async () => {
    const frame = frameOf(oneStream[0]!)
    const view = new DataView(frame.buffer)
    change(view)
    view.setUint32(44, crc32c(frame.subarray(0, 44)), true)
    return frame
  }
  const INPUTS: [string, () => Promise<Uint8Array> | Uint8Array, RegExp][] = [
    [
      'no kymo file',
      () => Buffer.from('hello, world\n'.repeat(99)),
      /not a session file|no whole chunk|not a kymo file|nothing is whole/,
    ],
    ['an empty file', () => new Uint8Array(0), /is empty, not a session file/],
    ['a newer format version', header((view) => view.setUint8(4, 2)), /version 2.*newer/],
    ['an unknown required feature', header((view) => view.setUint16(6, 0x100, true)), /needs features.*newer/],
  ]
  for (const [what, content, message] of INPUTS) {
    it.each(VERBS)(`${what} has %s say so in one line, with code 1, and leave nothing`, async (verb, args) => {
      const path = await file(await content())
      const { code, stdout, stderr } = await kymograph(verb, path, ...args)
      expect([code, stderr + stdout]).toEqual([1, expect.stringMatching(message)])
      if (verb !== 'doctor') expect(stderr.trim().split('\n')).toHaveLength(1)
      expect((await readdir(directory)).filter((name) => name.startsWith('x.'))).toEqual([])
    })
  }

  it.each(VERBS)('a directory, or nothing, has %s say so', async (verb, args) => {
    const empty = await mkdtemp(join(directory, 'empty-'))
    const { code, stderr } = await kymograph(verb, empty, ...args)
    expect([code > 0, stderr]).toEqual([
      true,
      expect.stringMatching(/^kymograph: .*(is a directory|no session file).*\n$/),
    ])
    expect(await kymograph(verb, 'missing.kymo', ...args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no session at "missing.kymo"'),
    })
  })

  it('an output that is there is refused without --force', async () => {
    const path = await file(fileOf(oneStream))
    const verbs = [
      ['convert', 'csv'],
      ['recover', 'kymo'],
      ['filter', 'kymo'],
    ]
    for (const [verb, ending] of verbs) {
      const output = await file(Buffer.from('mine'), ending)
      const refused = await kymograph(verb!, path, '-o', output)
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/is there already; .*--force\n$/) })
      expect(await readFile(output, 'utf8')).toBe('mine')
      expect(await kymograph(verb!, path, '-o', output, '--force')).toMatchObject({ code: 0 })
      expect((await readFile(output)).length).toBeGreaterThan(100)
    }
  })

  it.each([
    [['-o', 'x.xls'], /no format goes by "x.xls"; end it in \.csv/],
    [['-o', 'x'], /no format goes by "x"/],
    [['-o', 'x.csv', '--format', 'xls'], /--format expected one of/],
    [['-o', 'x.csv', '--layout', 'tall'], /--layout expected one of/],
    [['-o', 'no/such/x.csv'], /no directory for/],
    [['-o', 'x.csv', '--stream', 'nope'], /no stream "nope"; there are all/],
    [[], /--output is missing/],
  ])('convert %j is refused', async (args, message) => {
    const { code, stderr } = await kymograph('convert', await file(fileOf(oneStream)), ...args)
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'an export that gets %s leaves nothing behind',
    async (signal) => {
      const path = join(directory, 'large.kymo')
      const chunk = (seq: number) => frameOf({ ...oneStream[0]!, seq, marks: [] })
      await writeFile(path, Buffer.concat(Array.from({ length: 3000 }, (_, seq) => chunk(seq))))
      const child = spawn(process.execPath, [CLI, 'convert', path, '-o', 'stopped.csv'], { cwd: directory })
      const partials = async () => (await readdir(directory)).filter((name) => name.startsWith('stopped'))
      while ((await partials()).length === 0 && child.exitCode === null)
        await new Promise((wait) => setTimeout(wait, 5))
      child.kill(signal)
      const [, killedBy] = await once(child, 'exit')
      expect([killedBy, await partials()]).toEqual([signal, []])
    },
    30_000,
  )

  it('a reader of an exported pipe that has had enough ends it quietly', async () => {
    const path = await file(fileOf(oneStream))
    const command = `"${process.execPath}" "${CLI}" convert "${path}" -o /dev/stdout --format csv | head -1`
    const stderr = await new Promise((done) => execFile('sh', ['-c', command], (_, __, stderr) => done(stderr)))
    expect(stderr).toBe('')
  })

  it('2 GB of zeros are refused in one line and little memory', async () => {
    const path = join(directory, 'zeros.kymo')
    const zeros = await open(path, 'w')
    await zeros.truncate(2_000_000_000)
    await zeros.close()
    const { code, stderr } = await new Promise<{ code: number; stderr: string }>((done) => {
      const args = ['--max-old-space-size=100', CLI, 'cat', path]
      execFile(process.execPath, args, (error, _, stderr) => done({ code: error ? Number(error.code) : 0, stderr }))
    })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^kymograph: .*is not a session file.*\n$/)])
  }, 60_000)
})
