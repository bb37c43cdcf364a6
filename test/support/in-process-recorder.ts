import { Recorder } from '../../src/session/index.js'
import { MemoryStore } from '../../src/store/memory-store.js'
import type { SessionStore } from '../../src/store/port.js'
import type { Transport } from '../../src/worker/protocol.js'
import { RecorderHost, serveRecorder } from '../../src/worker/recorder-host.js'

/** A recorder whose engine runs in this very realm, from source, so that tests can reach into it. */
export async function createInProcessRecorder(
  store: SessionStore = new MemoryStore(),
  transport: Transport = 'batch',
): Promise<Recorder> {
  const serveInThread = async (port: MessagePort) => serveRecorder(new RecorderHost(async () => store), port)
  const open = { store: { kind: 'memory' }, kernels: 'auto' } as const
  return Recorder.open({ open, source: undefined, serveInThread }, transport)
}
