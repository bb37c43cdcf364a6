import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { FileStore } from '../../src/node/file-store.js'
import { httpSink } from '../../src/sinks/index.js'
import { createRecorder } from '../support/node-recorder.js'
import { temporaryDirectory } from '../support/store-directory.js'

const EXAMPLE = new URL('../../examples/receiver.mjs', import.meta.url).pathname

async function startReceiver(directory: string, port = 0): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [EXAMPLE, directory, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout!, 'data')) as [Buffer]
  return { child, url: String(line).trim() }
}

it('the example receiver has every chunk once, in order, though it is killed again and again (F50)', async () => {
  const [sent, received] = [await temporaryDirectory(), await temporaryDirectory()]
  let receiver = await startReceiver(received)
  const port = Number(new URL(receiver.url).port)
  const recorder = await createRecorder({ store: { directory: sent }, sinks: [httpSink({ url: receiver.url })] })
  onTestFinished(() => recorder.dispose())
  for (let round = 0; round < 4; round++) {
    const sessions = await Promise.all(
      ['a', 'b', 'c'].map((label) =>
        recorder.createSession({
          labels: [label],
          chunk: { maxBytes: 4096 },
          streams: { s: { channels: ['x'], clock: 'relative', overflow: 'wait' } },
        }),
      ),
    )
    for (let i = 0; i < 5000; i++) for (const session of sessions) session.stream('s').push(i, Math.random())
    const stopped = sessions.map((session) => session.stop())
    await delay(100 + 150 * round)
    receiver.child.kill('SIGKILL')
    await once(receiver.child, 'close')
    await Promise.all(stopped)
    receiver = await startReceiver(received, port)
    await recorder.deliveries!.resume()
  }
  await recorder.deliveries!.idle()
  const [before, after] = await Promise.all([FileStore.open(sent), FileStore.open(received)])
  const { sessions } = await before.page({ limit: 1000 })
  expect((await after.page({ limit: 1000 })).sessions).toEqual(sessions)
  expect((await readdir(received)).filter((name) => name.endsWith('.kymo'))).toHaveLength(12)
  for (const { id, chunks } of sessions) {
    for (let index = 0; index < chunks; index++) {
      expect(await after.chunkAt(id, index)).toEqual(await before.chunkAt(id, index))
    }
  }
}, 60_000)
