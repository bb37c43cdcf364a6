import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { FileStore } from '../../src/node/file-store.js'
import { readChunks } from '../../src/read/index.js'

/** Records without end and prints the number of each chunk once it is stored. */
const RECORDER = `
  import { createRecorder } from ${JSON.stringify(new URL('../../dist/node.js', import.meta.url).href)}
  const recorder = await createRecorder({ store: { directory: process.argv[1] } })
  const session = await recorder.createSession({
    labels: ['crash'],
    chunk: { maxBytes: 4096 },
    streams: { s: { channels: ['a', 'b'], overflow: 'wait' } },
  })
  session.addEventListener('chunk', ({ detail }) => process.stdout.write(detail.seq + '\\n'))
  const stream = session.stream('s')
  const values = Float64Array.from({ length: 200 }, (_, i) => Math.sin(i))
  for (let at = 0; ; ) {
    const times = Float64Array.from({ length: 100 }, (_, i) => at + i)
    at += stream.write(times, values)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
`

describe('a recorder killed at any moment', () => {
  it.each([0, 1, 2, 3, 4, 5])(
    'leaves whole chunks, all it had announced, and is listed as recovered (F15, run %i)',
    async (run) => {
      const directory = await mkdtemp(join(tmpdir(), 'kymograph-crash-'))
      onTestFinished(() => rm(directory, { recursive: true }))
      const child = spawn(process.execPath, ['--input-type=module', '-e', RECORDER, directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let announced = ''
      child.stdout.on('data', (data) => (announced += data))
      while (announced.split('\n').length < 4) await once(child.stdout, 'data')
      await new Promise((resolve) => setTimeout(resolve, run * 13))
      child.kill('SIGKILL')
      await once(child, 'close')

      const last = Number(announced.trim().split('\n').at(-1))
      const name = (await readdir(directory)).find((file) => file.endsWith('.kymo'))
      const seqs: number[] = []
      const damage: string[] = []
      for await (const item of readChunks(await readFile(join(directory, name!)))) {
        if (item.kind === 'chunk') seqs.push(item.chunk.seq)
        else damage.push(item.error.code)
      }
      expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, seq) => seq))
      expect(seqs.length).toBeGreaterThan(last)
      expect(damage.filter((code) => code !== 'truncated')).toEqual([])
      const { sessions } = await (await FileStore.open(directory)).page({ labels: ['crash'] })
      expect(sessions).toMatchObject([{ state: 'recovered', chunks: seqs.length }])
    },
    20_000,
  )
})
