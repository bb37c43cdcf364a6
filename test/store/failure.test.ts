import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createRecorder, ENGINES } from '../support/node-recorder.js'

const run = promisify(execFile)
const ENTRY = JSON.stringify(new URL('../../dist/node.js', import.meta.url).href)

describe.each(ENGINES)('a store that fails in mid-session ($engine)', ({ worker, transport }) => {
  it('ends the session loudly, accounts for every frame, and lets go of it', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'kymograph-failing-'))
    onTestFinished(() => rm(parent, { recursive: true }))
    const directory = join(parent, 'store')
    const recorder = await createRecorder({ store: { directory }, worker, transport })
    onTestFinished(() => recorder.dispose())
    const session = await recorder.createSession({ streams: { s: { channels: ['x'] } } })
    const errors: string[] = []
    session.addEventListener('error', ({ detail }) => errors.push(detail.code))
    await writeFile(directory, 'in the way')
    const stream = session.stream('s')
    for (let i = 0; i < 5000; i++) stream.push(i, i)
    await expect(session.flush()).rejects.toMatchObject({ code: 'storage-error' })
    await expect(session.stop()).rejects.toMatchObject({ code: 'storage-error' })
    expect(session.state).toBe('failed')
    expect(errors).toEqual(['storage-error'])
    expect(stream.counts).toMatchObject({ received: 5000, lost: { 'storage-error': 5000 } })
    await rm(directory)
    expect(await recorder.sessions.get(session.id)).toBeUndefined()
    expect(await recorder.sessions.delete(session.id)).toBe(false)
  })
})

describe.each(ENGINES)('a Node process ($engine)', ({ worker, transport }) => {
  const script = (body: string) =>
    run(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { createRecorder } from ${ENTRY}
       const recorder = await createRecorder({ store: 'memory', worker: ${JSON.stringify(worker)}, transport: ${JSON.stringify(transport)} })
       process.stdout.write(recorder.capabilities.thread + ' ')
       ${body}`,
      ],
      { timeout: 10_000 },
    )
  const thread = worker === 'none' ? 'in-thread' : 'worker'

  it('ends by itself when nothing is recorded any more, disposed or not', async () => {
    expect((await script('')).stdout).toBe(`${thread} `)
    const stopped = await script(`
      const session = await recorder.createSession({ streams: { s: { channels: ['x'] } } })
      session.stream('s').push(1, 2)
      process.stdout.write(String((await session.stop()).streams.s.ingested))`)
    expect(stopped.stdout).toBe(`${thread} 1`)
  })

  it('stays until a session with a duration has ended', async () => {
    const { stdout } = await script(`
      const session = await recorder.createSession({ duration: 300, streams: { s: { channels: ['x'] } } })
      session.addEventListener('statechange', ({ detail }) => process.stdout.write(detail.state + ' '))`)
    expect(stdout).toBe(`${thread} stopping stopped `)
  })
})
