import { execFile, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)
const FOLDER = 'test/golden/v1'
const hasPython = spawnSync('python3', ['--version']).status === 0

interface Reading {
  name: string
  chunks: object[]
  codes: string[]
}

async function readings(folder: string): Promise<Reading[]> {
  const files = readdirSync(`${FOLDER}/${folder}`).filter((name) => name.endsWith('.kymo'))
  const paths = files.map((name) => `${FOLDER}/${folder}/${name}`)
  const options = { maxBuffer: 1 << 28 }
  const { stdout } = await run('python3', ['test/golden/read_corpus.py', 'examples/python', ...paths], options)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Of the expected JSON, what the Python reader tells too. */
interface Described {
  journeyId?: string
  marks: { name: string; wallNs: string; properties: unknown }[]
  streams: {
    channels: { name: string; type: string; unit?: string; cells: (string | null)[] }[]
    [fact: string]: unknown
  }[]
  [fact: string]: unknown
}

/** What the Python reader tells, of the expected JSON; it writes every NaN as one. */
function told(chunk: Described): object {
  const { sessionId, epoch, seq, final, amendment, labels, labelsRevision, metadata, startedAtNs, journeyId } = chunk
  return {
    ...{ sessionId, epoch, seq, final, amendment, labels, labelsRevision, metadata, startedAtNs },
    journeyId: journeyId ?? null,
    marks: chunk.marks.map(({ name, wallNs, properties }) => [name, wallNs, properties]),
    streams: chunk.streams.map(({ name, clock, firstFrame, counts, gaps, timestampsNs, channels }) => ({
      ...{ name, clock, firstFrame, counts, gaps, timestampsNs },
      channels: channels.map(({ name, type, unit = null, cells }) => ({
        ...{ name, type, unit },
        cells: type.startsWith('f') ? cells.map((cell) => cell?.replace(/^NaN:.*/, 'NaN') ?? null) : cells,
      })),
    })),
  }
}

describe.skipIf(!hasPython && process.env.CI === undefined)('the Python reader', () => {
  it('reads the valid files of the corpus value by value as we do', async () => {
    const found = await readings('valid')
    expect(found.length).toBeGreaterThanOrEqual(60)
    for (const { name, chunks, codes } of found) {
      const expected = JSON.parse(readFileSync(`${FOLDER}/valid/${name}.json`, 'utf8'))
      expect({ name, codes, chunks }).toEqual({ name, codes: [], chunks: expected.chunks.map(told) })
    }
  }, 60_000)

  it('refuses the invalid ones with the same codes', async () => {
    const expected: Record<string, { damage?: string; values?: string }[]> = JSON.parse(
      readFileSync(`${FOLDER}/invalid.json`, 'utf8'),
    )
    for (const { name, codes } of await readings('invalid')) {
      const own = expected[name]!.map(({ damage, values }) => damage ?? values).filter((code) => code !== undefined)
      expect({ name, codes }).toEqual({ name, codes: own })
    }
  }, 60_000)
})
