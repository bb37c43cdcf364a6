import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Recorder } from '../../src/node/index.js'
import { createRecorder, ENGINES } from '../support/node-recorder.js'
import { removeDisk, smallDisk } from '../support/small-disk.js'

const probe = smallDisk()
if (probe) removeDisk(probe)

describe.skipIf(!probe).each(ENGINES)('a full disk ($engine)', ({ worker, transport }) => {
  async function open(whenFull?: 'stop' | 'drop-oldest' | 'drop-oldest-delivered'): Promise<Recorder> {
    const disk = smallDisk()!
    onTestFinished(() => removeDisk(disk))
    const directory = join(disk, 'store')
    const recorder = await createRecorder({ store: { directory }, worker, transport, retention: { whenFull } })
    onTestFinished(() => recorder.dispose())
    return recorder
  }

  /** Records noise, about 8 bytes a frame. */
  async function record(recorder: Recorder, frames: number) {
    const session = await recorder.createSession({
      chunk: { maxBytes: 16_384 },
      streams: { s: { channels: ['x'], overflow: 'wait', clock: 'relative' } },
    })
    const warnings: string[] = []
    session.addEventListener('warning', ({ detail }) => warnings.push(detail.code))
    const stream = session.stream('s')
    const noise = Float64Array.from({ length: frames }, () => Math.random() * 1e9)
    for (let at = 0; at < frames && session.state === 'recording'; ) {
      const times = Float64Array.from({ length: Math.min(1000, frames - at) }, (_, i) => at + i)
      at += stream.write(times, noise.subarray(at, at + times.length))
      if (at < frames) await Promise.race([stream.ready, new Promise((resolve) => setTimeout(resolve, 50))])
    }
    const summary = await session.stop().catch((error: { code: string }) => error.code)
    return { session, stream, summary, warnings }
  }

  it('ends the session that needs room, accounts for every frame, and takes others once there is room (F34, F35)', async () => {
    const recorder = await open()
    const first = await record(recorder, 15_000)
    expect(first.session.state).toBe('stopped')
    const second = await record(recorder, 60_000)
    expect(second.summary).toBe('quota')
    expect(second.session.state).toBe('failed')
    const { received, lost } = second.stream.counts
    await expect.poll(() => recorder.sessions.get(second.session.id)).toMatchObject({ state: 'recovered' })
    const stored = await recorder.sessions.get(second.session.id)
    expect(lost).toEqual({ quota: received - stored!.streams[0]!.frames })
    const [recovery] = await recorder.sessions.recover().catch(() => [])
    // a final chunk may or may not find room
    if (recovery) expect(recovery.session.id).toBe(second.session.id)
    expect(await recorder.sessions.delete(first.session.id)).toBe(true)
    expect((await record(recorder, 5000)).session.state).toBe('stopped')
  }, 20_000)

  it('removes the oldest sessions where that is wanted, counts them and says so', async () => {
    const recorder = await open('drop-oldest')
    const sessions = []
    for (let i = 0; i < 8; i++) sessions.push(await record(recorder, 12_000))
    for (const { session } of sessions) expect(session.state).toBe('stopped')
    const { dropped, sessions: kept } = await recorder.sessions.estimate()
    expect(dropped!.sessions).toBeGreaterThan(3)
    expect(dropped!.frames).toBe(12_000 * dropped!.sessions)
    expect(kept).toBe(8 - dropped!.sessions)
    expect(sessions.flatMap(({ warnings }) => warnings)).toContain('sessions-dropped')
    const [newest] = (await recorder.sessions.page()).sessions
    expect(newest!.id).toBe(sessions.at(-1)!.session.id)
  }, 20_000)

  it('removes nothing that was not delivered where only delivered sessions may go', async () => {
    const recorder = await open('drop-oldest-delivered')
    const first = await record(recorder, 15_000)
    expect((await record(recorder, 60_000)).summary).toBe('quota')
    expect(await recorder.sessions.get(first.session.id)).toBeDefined()
  }, 20_000)
})
