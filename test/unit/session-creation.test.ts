import { expect, it, onTestFinished } from 'vitest'
import { KymographError } from '../../src/errors.js'
import { Recorder } from '../../src/session/index.js'
import { MemoryStore } from '../../src/store/memory-store.js'
import type { ClockSnapshot } from '../../src/worker/protocol.js'
import { RecorderHost, serveRecorder } from '../../src/worker/recorder-host.js'

/** Opens sessions and does something else instead of starting them. */
class UnwillingHost extends RecorderHost {
  readonly ids: string[] = []

  constructor(readonly insteadOfStart: () => void) {
    super(async () => new MemoryStore())
  }

  override async startSession(id: string, _clock: ClockSnapshot): Promise<void> {
    this.ids.push(id)
    this.insteadOfStart()
  }
}

async function open(insteadOfStart: () => void) {
  const host = new UnwillingHost(insteadOfStart)
  const recorder = await Recorder.open(
    {
      open: { store: { kind: 'memory' }, kernels: 'auto' },
      source: undefined,
      serveInThread: async (port) => serveRecorder(host, port),
    },
    'batch',
  )
  onTestFinished(() => recorder.dispose())
  return { host, recorder }
}

const OPTIONS = { streams: { s: { channels: ['v'] } } }
const controller = new AbortController()

it.each([
  [
    'could not be started',
    () => {
      throw new KymographError('internal', 'not today')
    },
    { code: 'internal', message: 'not today' },
  ],
  ['was aborted meanwhile', () => controller.abort(), { code: 'aborted' }],
])('leaves nothing in the engine of a session that %s', async (_, insteadOfStart, error) => {
  const { host, recorder } = await open(insteadOfStart)
  await expect(recorder.createSession({ ...OPTIONS, signal: controller.signal })).rejects.toMatchObject(error)
  await new Promise((resolve) => setTimeout(resolve, 20))
  // one that is being recorded could not be deleted
  expect(await recorder.sessions.delete(host.ids[0]!)).toBe(false)
  expect((await recorder.sessions.page()).sessions).toEqual([])
  expect(await recorder.stopAll()).toEqual([])
})

it('gives up when it is aborted, whatever a source waits for', async () => {
  const { host, recorder } = await open(() => {})
  const prepare = () => new Promise<never>(() => {})
  const source = { name: 'own', request: prepare, prepare }
  const waiting = new AbortController()
  const creation = recorder.createSession({ sources: [source], signal: waiting.signal })
  await new Promise((resolve) => setTimeout(resolve, 20))
  waiting.abort()
  await expect(creation).rejects.toMatchObject({ code: 'aborted' })
  expect(host.ids).toEqual([])
})
