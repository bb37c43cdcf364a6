import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory of the test's own. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kymograph-files-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

export async function sessionFilesIn(path: string): Promise<string[]> {
  return (await readdir(path)).filter((name) => name.endsWith('.kymo'))
}

/** Records without end and prints the number of each chunk once it is stored. */
const RECORDER = `
  import { createRecorder } from ${JSON.stringify(new URL('../../dist/node.js', import.meta.url).href)}
  const recorder = await createRecorder({ store: { directory: process.argv[1] }, worker: process.argv[2] })
  const session = await recorder.createSession({
    labels: ['crash'],
    journeyId: 'crash',
    chunk: { maxBytes: 4096 },
    streams: { s: { channels: ['a', 'b'], overflow: 'wait' } },
  })
  session.addEventListener('chunk', ({ detail }) => process.stdout.write(detail.seq + '\\n'))
  process.stdout.write(session.id + '\\n')
  const stream = session.stream('s')
  for (let at = 0; ; ) {
    const times = Float64Array.from({ length: 100 }, (_, i) => at + i)
    const values = Float64Array.from({ length: 200 }, (_, i) => Math.sin(2 * at + i))
    at += stream.write(times, values)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
`

export interface RecordingProcess {
  sessionId: string
  /** Number of the last chunk it has announced as stored. */
  lastSeq(): number
  /** Resolves when so many chunks have been announced. */
  stored(chunks: number): Promise<void>
  kill(): Promise<void>
}

/** A process of its own that records into `directory` until it is killed. */
export async function recordInProcess(directory: string, worker: 'auto' | 'none' = 'auto'): Promise<RecordingProcess> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', RECORDER, directory, worker], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (text) => (printed += text))
  const lines = () => printed.split('\n').slice(0, -1)
  const stored = async (chunks: number) => {
    while (lines().length < chunks + 1) await once(child.stdout, 'data')
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'close')
  }
  onTestFinished(kill)
  await stored(0)
  return { sessionId: lines()[0]!, lastSeq: () => Number(lines().slice(1).at(-1) ?? -1), stored, kill }
}
